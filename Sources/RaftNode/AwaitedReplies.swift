internal import Raft

/// Somebody who waits for what becomes of a wish.
struct AwaitedReply: Sendable {
    let ticket: Ticket
    let reply: RaftNode.Reply
}

/// Those who wait, by their tickets. Tickets rise, and most are answered in their order: so this is
/// a queue, and to find one in its midst is a search by halves.
struct AwaitedReplies {
    private var places: [AwaitedReply?] = []
    private var tickets: [Ticket] = []
    /// Those before are answered.
    private var head = 0

    /// - Parameter awaited: with a ticket above all before it.
    mutating func append(_ awaited: AwaitedReply) {
        places.append(awaited)
        tickets.append(awaited.ticket)
    }

    mutating func remove(_ ticket: Ticket) -> RaftNode.Reply? {
        var low = head
        var high = tickets.count
        if low < high, tickets[low] == ticket { high = low }
        while low < high {
            let middle = (low + high) / 2
            if tickets[middle] < ticket { low = middle + 1 } else { high = middle }
        }
        guard low < tickets.count, tickets[low] == ticket, let found = places[low] else {
            return nil
        }
        places[low] = nil
        tidy()
        return found.reply
    }

    /// All that are left, in the order of their tickets.
    mutating func removeAll() -> [RaftNode.Reply] {
        defer { self = AwaitedReplies() }
        return places[head...].compactMap { $0?.reply }
    }

    private mutating func tidy() {
        while head < places.count, places[head] == nil { head += 1 }
        if head == places.count {
            places.makeEmpty()
            tickets.makeEmpty()
            head = 0
        } else if head >= 1024, head * 2 >= places.count {
            places.removeFirst(head)
            tickets.removeFirst(head)
            head = 0
        }
    }
}
