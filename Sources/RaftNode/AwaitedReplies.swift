internal import Primitives
internal import Raft

/// Holds a request of the shell without an answer yet.
struct AwaitedReply: Sendable {
    let ticket: Ticket
    /// Accompanies a proposal to the state machine.
    let context: (any ProposalContext)?
    let reply: RaftNode.Reply

    init(
        ticket: Ticket, context: (any ProposalContext)? = nil, reply: @escaping RaftNode.Reply
    ) {
        self.ticket = ticket
        self.context = context
        self.reply = reply
    }
}

/// Holds the requests without an answer, by their tickets. Tickets rise, and most are answered in
/// their order: so this is a queue, with a binary search for the others.
struct AwaitedReplies {
    private struct Slot {
        let ticket: Ticket
        /// Nil once it is answered.
        var awaited: AwaitedReply?
    }

    /// The first slot is not answered.
    private var slots = FIFOQueue<Slot>()

    /// Adds a request.
    ///
    /// - Parameter awaited: with a ticket above all earlier ones.
    mutating func append(_ awaited: AwaitedReply) {
        slots.append(Slot(ticket: awaited.ticket, awaited: awaited))
    }

    mutating func remove(_ ticket: Ticket) -> RaftNode.Reply? {
        guard let index = index(of: ticket, expected: 0) else { return nil }
        if index == 0 {
            let reply = slots.popFirst()?.awaited?.reply
            while !slots.isEmpty, slots[0].awaited == nil { _ = slots.popFirst() }
            return reply
        }
        return slots[index].awaited.take()?.reply
    }

    /// Returns the context that accompanies a proposal.
    ///
    /// - Parameter hint: the index that is compared first, 0 for the first of a batch; afterwards
    ///   the one after the found ticket, where a batch has its next.
    func context(of ticket: Ticket, _ hint: inout Int) -> (any ProposalContext)? {
        guard let index = index(of: ticket, expected: hint) else { return nil }
        hint = index + 1
        return slots[index].awaited?.context
    }

    private func index(of ticket: Ticket, expected: Int) -> Int? {
        if expected < slots.count, slots[expected].ticket == ticket { return expected }
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].ticket < ticket { low = middle + 1 } else { high = middle }
        }
        return low < slots.count && slots[low].ticket == ticket ? low : nil
    }

    /// Returns the remaining requests, in the order of their tickets.
    mutating func removeAll() -> [RaftNode.Reply] {
        defer { self = AwaitedReplies() }
        return slots.compactMap { $0.awaited?.reply }
    }
}
