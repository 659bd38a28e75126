import Raft

/// Directives in few words: an entry is `index.term`. Heartbeats and wakes are left out.
enum ScriptPrinter {
    static func describe(_ directive: Directive) -> String? {
        switch directive {
        case .send(let request, let to, _): describe(request).map { "> \(to.id) \($0)" }
        case .sendSnapshot(let install, let to, _):
            "> \(to.id) snapshot \(install.meta.index).\(install.meta.term)"
        case .reply(let reply, _): describe(reply)
        case .persist(let persist): describe(persist)
        case .commit(let from, let through): "commit \(from)-\(through)"
        case .takeSnapshot: "take a snapshot"
        case .compact(let through): "compact \(through)"
        case .receiveSnapshot(let meta, _): "receive \(meta.index).\(meta.term)"
        case .installSnapshot(let meta, _): "install \(meta.index).\(meta.term)"
        case .restore(let meta, _): "restore \(meta.index).\(meta.term)"
        case .discardSnapshot: "discard"
        case .answer(let ticket, let outcome): "answer \(ticket) \(describe(outcome))"
        case .readReady(let ticket, let index): "read \(ticket) at \(index)"
        case .roleChanged(let role, let term, let leader):
            "is \(role.rawValue), term \(term), leader \(leader?.id ?? "none")"
        case .configurationChanged(let configuration, let index):
            "group \(index): "
                + configuration.servers.map { $0.suffrage == .voter ? $0.id : "(\($0.id))" }
                .joined(separator: " ")
        case .wake: nil
        case .stop(let error): "stop \(error)"
        }
    }

    private static func describe(_ request: Request) -> String? {
        switch request {
        case .append(let append):
            if append.isHeartbeat { return nil }
            let entries = append.entries.map { "\($0.index).\($0.term)" }
            return "append after \(append.previousIndex).\(append.previousTerm)"
                + " [\(entries.joined(separator: " "))] commit \(append.commitIndex)"
        case .vote(let vote):
            return (vote.isPreVote ? "pre-vote" : "vote")
                + " term \(vote.term) last \(vote.lastIndex).\(vote.lastTerm)"
                + (vote.isTransfer ? " transfer" : "")
        case .snapshot(let install): return "snapshot \(install.meta.index)"
        case .timeoutNow: return "timeout now"
        }
    }

    private static func describe(_ reply: Reply) -> String? {
        switch reply {
        case .append(let append):
            if append.success { return nil }
            let hint =
                append.conflictTerm > 0
                ? " conflict \(append.conflictIndex).\(append.conflictTerm)" : ""
            return "refuses, term \(append.term) last \(append.lastLog)\(hint)"
        case .vote(let vote): return vote.granted ? "grants" : "denies, term \(vote.term)"
        case .snapshot(let snapshot): return snapshot.success ? "has it" : "has it not"
        case .timeoutNow: return nil
        }
    }

    private static func describe(_ persist: Persist) -> String {
        var parts: [String] = []
        if let state = persist.hardState {
            parts.append("term \(state.term) vote \(state.vote.isEmpty ? "none" : state.vote)")
        }
        if let from = persist.truncateFrom { parts.append("cut \(from)") }
        parts += persist.entries.map { "\($0.index).\($0.term)" }
        return "writes " + parts.joined(separator: ", ")
    }

    private static func describe(_ outcome: Outcome) -> String {
        switch outcome {
        case .committed(let index, let term): "committed \(index).\(term)"
        case .notLeader(let leader): "not leader, ask \(leader?.id ?? "nobody")"
        case .done: "done"
        case .lost: "lost"
        case .timedOut: "timed out"
        case .refused(let error): "refused \(error)"
        }
    }
}
