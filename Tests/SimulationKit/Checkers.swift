package import Raft

/// The rules that hold in every run (paper, figure 3), checked at every event.
package struct Checkers {
    private struct Committed {
        var term: Term
        var digest: UInt64
    }

    private struct Written {
        var digest: UInt64
        var previousTerm: Term
    }

    private struct Place: Hashable {
        var index: LogIndex
        var term: Term
    }

    private struct Ballot: Hashable {
        var server: Int
        var term: Term
    }

    package private(set) var broken: (rule: String, detail: String)?
    private var leaders: [Term: Int] = [:]
    private var ballots: [Ballot: ServerID] = [:]
    private var written: [Place: Written] = [:]
    private var committed: [Committed?] = [nil]
    /// The state machine's hash after each index.
    private var states: [UInt64?] = [nil]
    private var acknowledged: [(index: LogIndex, digest: UInt64)] = []
    private var newestSeen: [Int: LogIndex] = [:]

    package init() {}

    package var committedCount: Int { committed.count - 1 }
    package var acknowledgedCount: Int { acknowledged.count }

    package mutating func breaks(_ rule: String, _ detail: String) {
        if broken == nil { broken = (rule, detail) }
    }

    /// Election safety and leader completeness.
    package mutating func leads(_ server: Int, term: Term, log: SimulatedLog, start: LogIndex) {
        if let other = leaders[term], other != server {
            breaks("one leader per term", "s\(server + 1) and s\(other + 1) in term \(term)")
        }
        leaders[term] = server
        let last = LogIndex(committed.count - 1)
        guard last > start, let entry = committed[Int(last)] else { return }
        if log.term(at: last) != entry.term {
            breaks(
                "leader completeness",
                "s\(server + 1) leads term \(term) without \(last) of term \(entry.term)")
        }
    }

    package mutating func votes(_ server: Int, term: Term, for candidate: ServerID) {
        let ballot = Ballot(server: server, term: term)
        if let other = ballots[ballot], other != candidate {
            breaks("one vote per term", "s\(server + 1), \(term): \(other) and \(candidate)")
        }
        ballots[ballot] = candidate
    }

    /// Log matching: an index and a term name one entry, and all before it.
    package mutating func writes(_ entry: LogEntry, previousTerm: Term?, by server: Int) {
        let place = Place(index: entry.index, term: entry.term)
        let digest = KVMachine.digest(entry)
        guard let other = written[place] else {
            if let previousTerm {
                written[place] = Written(digest: digest, previousTerm: previousTerm)
            }
            return
        }
        if other.digest != digest
            || previousTerm.map({ $0 != other.previousTerm }) ?? false
        {
            breaks("log matching", "s\(server + 1) has another \(entry.index), \(entry.term)")
        }
    }

    /// State machine safety: the same entries, and the same state after each.
    package mutating func applies(_ entry: LogEntry, state: UInt64, by server: Int) {
        let index = Int(entry.index)
        while committed.count <= index {
            committed.append(nil)
            states.append(nil)
        }
        let digest = KVMachine.digest(entry)
        if let other = committed[index], other.digest != digest || other.term != entry.term {
            breaks("one entry per index", "s\(server + 1) applies another \(index)")
        }
        committed[index] = Committed(term: entry.term, digest: digest)
        if let other = states[index], other != state {
            breaks("one state per index", "s\(server + 1) at \(index)")
        }
        states[index] = state
    }

    package mutating func restores(_ machine: KVMachine, by server: Int) {
        let index = Int(machine.index)
        guard index < states.count, let state = states[index] else { return }
        if state != machine.hash { breaks("one state per index", "s\(server + 1) at \(index)") }
    }

    package mutating func acknowledges(_ data: [UInt8], index: LogIndex, term: Term) {
        let entry = LogEntry(index: index, term: term, kind: .command, data: data)
        acknowledged.append((index, KVMachine.digest(entry)))
        check(acknowledged[acknowledged.count - 1])
    }

    /// Within one client the state of its reads never goes back.
    package mutating func reads(client: Int, index: LogIndex) {
        if let newest = newestSeen[client], newest > index {
            breaks("reads never go back", "client \(client) saw \(newest), now \(index)")
        }
        newestSeen[client] = index
    }

    /// Acknowledged writes survive.
    package mutating func atEnd() {
        for item in acknowledged { check(item) }
    }

    private mutating func check(_ item: (index: LogIndex, digest: UInt64)) {
        let index = Int(item.index)
        let digest = index < committed.count ? committed[index]?.digest : nil
        if digest != item.digest { breaks("acknowledged writes survive", "\(item.index)") }
    }
}
