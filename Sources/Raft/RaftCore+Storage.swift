/// Durability. Each step that changes term, vote or log ends in one `persist`, numbered. Messages
/// and results that disclose the change are held until the shell reports that number.
extension RaftCore {
    private var nextSequence: UInt64 { sequence + 1 }
    private var ignoresDisk: Bool { options.has(.answersBeforeSync) }

    mutating func setHardState(term: Term, vote: ServerID) {
        self.term = term
        self.vote = vote
        hardStateIsChanged = true
        hardGate = nextSequence
    }

    mutating func appendToTail(_ entry: LogEntry) {
        tail.append(entry)
        logGate = nextSequence
    }

    mutating func truncateTail(from index: LogIndex, previousTerm: Term) {
        tail.truncate(from: index, previousTerm: previousTerm)
        logGate = nextSequence
        guard let last = configurations.last, last.index >= index else { return }
        configurations.removeAll { $0.index >= index }
        takeNewestConfiguration()
    }

    /// Carries the directive out at once if that write is done, else when it is.
    mutating func hold(_ directive: Directive, until gate: UInt64) {
        if gate <= persistedSequence || ignoresDisk {
            out.append(directive)
        } else {
            held.append((gate, directive))
        }
    }

    /// Writes all changes of the step at once.
    mutating func writeChanges() {
        guard hardStateIsChanged || tail.isChanged else { return }
        sequence += 1
        var persist = Persist(sequence: sequence)
        if hardStateIsChanged {
            let hidesVote = options.has(.voteNotPersisted)
            persist.hardState = HardState(term: term, vote: hidesVote ? "" : vote)
            hardStateIsChanged = false
        }
        (persist.truncateFrom, persist.entries) = tail.giveAway(sequence: sequence)
        if out.isEmpty {
            out.append(.persist(persist))
        } else if case .compact = out[0] {
            // A log that contradicts the snapshot is emptied before anything is added to it.
            out.insert(.persist(persist), at: 1)
        } else {
            out.insert(.persist(persist), at: 0)
        }
        if ignoresDisk { countOwn() }
    }

    mutating func persisted(_ done: UInt64) {
        guard done > persistedSequence else { return }
        persistedSequence = done
        tail.persisted(sequence: done)
        if !held.isEmpty {
            out += held.lazy.filter { $0.gate <= done }.map { $0.directive }
            held.removeAll { $0.gate <= done }
        }
        if let ticket = bootstrapTicket, persistedSequence >= logGate {
            bootstrapTicket = nil
            out.append(.answer(ticket, .done))
        }
        countOwn()
        if let gate = candidate?.gate, gate <= done { countOwnVote() }
    }

    /// The last index that counts for this server's own log and may be applied.
    var durableIndex: LogIndex { ignoresDisk ? tail.lastIndex : tail.durableIndex }

    mutating func countOwn() {
        let index = durableIndex
        leading?.commitment.record(id, has: index)
        advanceCommit()
    }

    // MARK: Committing and applying

    /// Adopts the commit index of the leader's count, and hands out the entries that may be
    /// applied.
    mutating func advanceCommit() {
        commitIndex = max(commitIndex, leading?.commitment.commitIndex ?? 0)
        // Entries are applied once they are committed and on this disk, so that no snapshot is
        // ahead of the log.
        let index = min(commitIndex, durableIndex)
        guard index > handedIndex else { return }
        out.append(.commit(from: handedIndex + 1, through: index))
        handedIndex = index
    }

    mutating func applied(through index: LogIndex) {
        appliedIndex = max(appliedIndex, min(index, handedIndex))
        if let slot = configurations.lastIndex(where: { $0.index <= appliedIndex }), slot > 0 {
            configurations.removeFirst(slot)
        }
        answerApplied()
    }

    // MARK: Configurations

    mutating func addConfiguration(_ entry: LogEntry) {
        guard let configuration = Configuration(encoded: entry.data) else {
            return stop(.badConfiguration(entry.index))
        }
        configurations.append(.init(index: entry.index, configuration: configuration))
        takeNewestConfiguration()
    }

    mutating func takeNewestConfiguration() {
        configuration = configurations.last?.configuration ?? Configuration()
        configurationIndex = configurations.last?.index ?? 0
        followConfiguration()
    }

    /// The newest configuration that is committed.
    var committedConfiguration: Configuration {
        configurations.last { $0.index <= commitIndex }?.configuration ?? Configuration()
    }

    /// Writes the first entry of a new group's log, the same as HashiCorp's servers do: index 1,
    /// term 1.
    mutating func bootstrap(_ configuration: Configuration, _ ticket: Ticket) {
        guard tail.lastIndex == 0, term == 0, snapshot == nil else {
            return out.append(.answer(ticket, .refused(.alreadyBootstrapped)))
        }
        do throws(RaftError) {
            try configuration.checkAsFirst(for: id)
        } catch {
            return out.append(.answer(ticket, .refused(error)))
        }
        setHardState(term: 1, vote: "")
        let entry = LogEntry(
            index: 1, term: 1, kind: .configuration, data: configuration.encoded)
        appendToTail(entry)
        addConfiguration(entry)
        bootstrapTicket = ticket
    }
}
