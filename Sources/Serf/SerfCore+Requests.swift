internal import Memberlist
internal import Primitives

extension SerfCore {
    /// Handles a request of the shell.
    mutating func handle(_ input: SerfInput, now: Instant) {
        switch input {
        case .tick, .gossip: break
        case .join(let addresses, let ignoresOld, let ticket):
            join(addresses, ignoresOld: ignoresOld, ticket)
        case .leave(let ticket): leave(ticket, now: now)
        case .forceLeave(let name, let prunes, let ticket):
            attempt(ticket) { state throws(SerfError) in
                guard state.table[name] != nil else { throw .noSuchMember(name) }
                _ = state.broadcastLeave(name, prunes: prunes, now: now)
            }
        case .userEvent(let name, let payload, let coalesces, let ticket):
            attempt(ticket) { state throws(SerfError) in
                try state.send(name: name, payload: payload, coalesces: coalesces)
            }
        case .query(let request, let ticket): query(request, ticket, now: now)
        case .respond(let id, let payload, let ticket):
            attempt(ticket) { state throws(SerfError) in
                try state.answer(id, payload: payload, now: now)
            }
        case .setTags(let tags, let ticket): setTags(tags, ticket, now: now)
        case .keyringSaved(let ticket, let failure):
            state.keyringSaved(ticket, failure: failure, now: now)
        }
    }

    /// Returns the answers to a request after the end of this node.
    static func refusal(of input: SerfInput) -> [SerfDirective] {
        switch input {
        case .tick, .gossip, .keyringSaved: []
        case .leave(let ticket): [.answer(ticket, .done)]
        case .join(_, _, let ticket), .forceLeave(_, _, let ticket),
            .userEvent(_, _, _, let ticket), .query(_, let ticket), .respond(_, _, let ticket),
            .setTags(_, let ticket):
            [.answer(ticket, .refused(.hasLeft))]
        }
    }

    private mutating func attempt(
        _ ticket: SerfTicket, _ body: (inout SerfState) throws(SerfError) -> Void
    ) {
        do throws(SerfError) {
            try body(&state)
            answer(ticket, .done)
        } catch {
            answer(ticket, .refused(error))
        }
    }

    /// Answers before the query is handled here: its first result may follow at once.
    private mutating func query(_ request: QueryRequest, _ ticket: SerfTicket, now: Instant) {
        do throws(SerfError) {
            let query = try state.open(request, now: now)
            answer(ticket, .queryStarted(query.id, deadline: query.deadline))
            state.launch(query, now: now)
        } catch {
            answer(ticket, .refused(error))
        }
    }

    private mutating func setTags(
        _ tags: [String: String], _ ticket: SerfTicket, now: Instant
    ) {
        do throws(SerfError) {
            let meta = try Tags.encode(tags)
            state.tags = tags
            list.updateMeta(meta, now: now, delegate: &state)
            answer(ticket, .done)
        } catch {
            answer(ticket, .refused(error))
        }
    }
}
