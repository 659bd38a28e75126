/// One operation of a client on one key.
package struct Operation: Sendable, Hashable {
    package var client: Int
    package var key: UInt8
    package var operation: KVMachine.Operation
    /// Positions in the one order of all calls and returns.
    package var called: UInt64
    /// nil when no answer came: it may have taken effect at any time after the call, or never.
    package var returned: UInt64?
    /// The result of `KVMachine.apply`.
    package var result: UInt16 = 0

    package init(
        client: Int, key: UInt8, operation: KVMachine.Operation, called: UInt64,
        returned: UInt64? = nil, result: UInt16 = 0
    ) {
        self.client = client
        self.key = key
        self.operation = operation
        self.called = called
        self.returned = returned
        self.result = result
    }
}

/// Decides whether there is an order of the operations, each at one point between its call and its
/// return, in which a single register would have given these answers (Herlihy and Wing, 1990). The
/// search is Wing and Gong's (1993); a set of removed operations and the value they left, once
/// seen, is not searched again (Lowe, 2017). Each key is checked alone, which is equivalent
/// (locality).
package enum Linearizability {
    /// Checks a history.
    ///
    /// - Returns: the first key whose history no register could have.
    package static func violation(in history: [Operation]) -> UInt8? {
        for key in 0..<UInt8(KVMachine.keys) {
            let own = history.filter { $0.key == key }
            if !own.isEmpty, !isLinearizable(own) { return key }
        }
        return nil
    }

    private struct State: Hashable {
        /// One bit per operation that has its position.
        var taken: [UInt64]
        var value: UInt16
    }

    private struct Choice {
        let operation: Int
        let valueBefore: UInt16
    }

    package static func isLinearizable(_ history: [Operation]) -> Bool {
        // A read without an answer has no effect.
        let history = history.filter { $0.returned != nil || $0.operation != .get }
            .sorted { $0.called < $1.called }
        var state = State(
            taken: Array(repeating: 0, count: history.count / 64 + 1), value: 0)
        var open = history.count { $0.returned != nil }
        var seen: Set<State> = []
        var choices: [Choice] = []
        var candidate = 0
        while open > 0 {
            if let next = nextCandidate(history, state.taken, from: candidate),
                let value = outcome(history[next], state.value)
            {
                var after = state
                after.taken[next / 64] |= 1 << UInt64(next % 64)
                after.value = value
                guard seen.insert(after).inserted else {
                    candidate = next + 1
                    continue
                }
                choices.append(Choice(operation: next, valueBefore: state.value))
                state = after
                if history[next].returned != nil { open -= 1 }
                candidate = 0
            } else if let next = nextCandidate(history, state.taken, from: candidate) {
                candidate = next + 1
            } else {
                guard let last = choices.popLast() else { return false }
                state.taken[last.operation / 64] &= ~(1 << UInt64(last.operation % 64))
                state.value = last.valueBefore
                if history[last.operation].returned != nil { open += 1 }
                candidate = last.operation + 1
            }
        }
        return true
    }

    /// Returns the next operation that may come first among those left: called before any of them
    /// returned.
    private static func nextCandidate(
        _ history: [Operation], _ taken: [UInt64], from start: Int
    ) -> Int? {
        var firstReturn = UInt64.max
        for place in history.indices where taken[place / 64] & 1 << UInt64(place % 64) == 0 {
            if history[place].called > firstReturn { return nil }
            if place >= start { return place }
            firstReturn = min(firstReturn, history[place].returned ?? .max)
        }
        return nil
    }

    /// Returns the register's value afterwards; nil when it would have answered otherwise.
    private static func outcome(_ item: Operation, _ value: UInt16) -> UInt16? {
        switch item.operation {
        case .get: return item.result == value ? value : nil
        case .put(let new): return new
        case .swap(let from, let to):
            let isMade = value == from
            if item.returned != nil, isMade != (item.result == 1) { return nil }
            return isMade ? to : value
        }
    }
}
