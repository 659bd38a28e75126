internal import Raft

/// A wish of the shell that is not answered yet.
struct AwaitedReply: Sendable {
    let ticket: Ticket
    /// Accompanies a proposal to the state machine.
    let object: (any ProposalTicket)?
    let reply: RaftNode.Reply

    init(
        ticket: Ticket, object: (any ProposalTicket)? = nil, reply: @escaping RaftNode.Reply
    ) {
        self.ticket = ticket
        self.object = object
        self.reply = reply
    }
}

/// Holds the wishes that are not answered yet, by their tickets. Tickets rise, and most are
/// answered in their order: so this is a queue, with a binary search for the others.
struct AwaitedReplies {
    private var slots: [AwaitedReply?] = []
    private var tickets: [Ticket] = []
    /// All slots before are answered.
    private var head = 0

    /// - Parameter awaited: with a ticket above all before it.
    mutating func append(_ awaited: AwaitedReply) {
        slots.append(awaited)
        tickets.append(awaited.ticket)
    }

    mutating func remove(_ ticket: Ticket) -> RaftNode.Reply? {
        guard let slot = slot(of: ticket, expected: head), let found = slots[slot] else {
            return nil
        }
        slots[slot] = nil
        tidy()
        return found.reply
    }

    /// Returns the object that accompanies a proposal.
    ///
    /// - Parameter hint: the slot that is looked at first, 0 for the first of a batch; afterwards
    ///   the one behind the slot that was found, where a batch has its next.
    func object(of ticket: Ticket, _ hint: inout Int) -> (any ProposalTicket)? {
        guard let slot = slot(of: ticket, expected: max(hint, head)) else { return nil }
        hint = slot + 1
        return slots[slot]?.object
    }

    private func slot(of ticket: Ticket, expected: Int) -> Int? {
        if expected < tickets.count, tickets[expected] == ticket { return expected }
        var low = head
        var high = tickets.count
        while low < high {
            let middle = (low + high) / 2
            if tickets[middle] < ticket { low = middle + 1 } else { high = middle }
        }
        return low < tickets.count && tickets[low] == ticket ? low : nil
    }

    /// All that are left, in the order of their tickets.
    mutating func removeAll() -> [RaftNode.Reply] {
        defer { self = AwaitedReplies() }
        return slots[head...].compactMap { $0?.reply }
    }

    private mutating func tidy() {
        while head < slots.count, slots[head] == nil { head += 1 }
        if head == slots.count {
            slots.makeEmpty()
            tickets.makeEmpty()
            head = 0
        } else if head >= 1024, head * 2 >= slots.count {
            slots.removeFirst(head)
            tickets.removeFirst(head)
            head = 0
        }
    }
}
