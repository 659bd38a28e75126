internal import Memberlist
internal import Primitives

/// This node's departure.
struct Departure: Sendable {
    enum Stage: Sendable, Hashable {
        /// The intent is being gossiped.
        case intent
        /// Memberlist gossips the departure.
        case memberlist
        /// The node still answers probes while the pool learns of the departure.
        case propagation
    }

    /// The ticket of the intent in its queue.
    static let intentTicket: UInt64 = 1

    var stage: Stage
    var deadline: Instant
    var tickets: [SerfTicket]
}

extension SerfCore {
    /// Begins the departure. Further requests wait for the same end.
    mutating func leave(_ ticket: SerfTicket, now: Instant) {
        guard departure == nil else {
            if departure?.tickets.count ?? 0 < Limits.leaveTicketsMax {
                departure?.tickets.append(ticket)
            } else {
                answer(ticket, .refused(.hasLeft))
            }
            return
        }
        state.record(.leave)
        state.phase = .leaving
        departure = Departure(
            stage: .intent, deadline: now + state.options.broadcastTimeout, tickets: [ticket])
        let isGossiped = state.broadcastLeave(
            state.name, ticket: Departure.intentTicket, now: now)
        if !isGossiped { leaveMemberlist(now: now) }
    }

    /// Moves on to the next stage when the present one is over.
    mutating func advanceDeparture(now: Instant) {
        if departure?.stage == .intent {
            let isSent = state.queues[.intents].takeFinished().contains(Departure.intentTicket)
            if isSent || isOver(now) {
                if !isSent {
                    state.note(
                        .warning, "serf.leave.timeout", "timeout while waiting for graceful leave")
                }
                leaveMemberlist(now: now)
            }
        }
        if departure?.stage == .memberlist, state.leaveHasEnded || isOver(now) {
            if !state.leaveHasEnded {
                state.note(
                    .warning, "serf.leave.timeout", "timeout waiting for leave broadcast")
            }
            departure?.stage = .propagation
            // A lone node has no member to wait for.
            departure?.deadline =
                state.hasOthers ? now + state.options.leavePropagateDelay : now
        }
        if departure?.stage == .propagation, isOver(now) { stop(nil) }
    }

    private func isOver(_ now: Instant) -> Bool { departure.map { $0.deadline <= now } ?? false }

    private mutating func leaveMemberlist(now: Instant) {
        let timeout = state.options.broadcastTimeout
        departure?.stage = .memberlist
        departure?.deadline = now + timeout + Limits.leaveGrace
        list.leave(timeout: timeout, now: now, delegate: &state)
    }
}
