import SimulationKit
import Testing

/// Tests the judge of histories with valid and invalid ones.
@Suite struct LinearizabilityTests {
    /// `client call return operation`; a return of 0 is none.
    private func history(
        _ items: [(Int, UInt64, UInt64, KVMachine.Operation, UInt16)]
    ) -> [Operation] {
        items.map { client, called, returned, operation, result in
            Operation(
                client: client, key: 0, operation: operation, called: called,
                returned: returned == 0 ? nil : returned, result: result)
        }
    }

    @Test func oneAfterTheOtherPasses() {
        let items = history([
            (1, 1, 2, .get, 0), (1, 3, 4, .put(5), 5), (2, 5, 6, .get, 5),
            (2, 7, 8, .swap(from: 5, to: 6), 1), (1, 9, 10, .swap(from: 5, to: 7), 0),
            (1, 11, 12, .get, 6),
        ])
        #expect(Linearizability.isLinearizable(items))
    }

    @Test func aStaleReadFails() {
        let items = history([
            (1, 1, 2, .put(5), 5), (1, 3, 4, .put(6), 6), (2, 5, 6, .get, 5),
        ])
        #expect(!Linearizability.isLinearizable(items))
        #expect(Linearizability.violation(in: items) == 0)
    }

    @Test func aReadMayTakeEitherSideOfAWriteThatOverlaps() {
        for value: UInt16 in [5, 6] {
            let items = history([
                (1, 1, 2, .put(5), 5), (1, 3, 6, .put(6), 6), (2, 4, 5, .get, value),
            ])
            #expect(Linearizability.isLinearizable(items))
        }
    }

    @Test func observedValuesStay() {
        let items = history([
            (1, 1, 2, .put(5), 5), (1, 3, 10, .put(6), 6), (2, 4, 5, .get, 6),
            (3, 6, 7, .get, 5),
        ])
        #expect(!Linearizability.isLinearizable(items))
    }

    @Test func aLostWriteFails() {
        let items = history([(1, 1, 2, .put(5), 5), (2, 3, 4, .get, 0)])
        #expect(!Linearizability.isLinearizable(items))
    }

    @Test func twoSwapsFromOneValueFail() {
        let items = history([
            (1, 1, 2, .put(5), 5), (1, 3, 6, .swap(from: 5, to: 6), 1),
            (2, 4, 7, .swap(from: 5, to: 7), 1),
        ])
        #expect(!Linearizability.isLinearizable(items))
    }

    @Test func aRefusedSwapThatMustHaveSucceededFails() {
        let items = history([(1, 1, 2, .put(5), 5), (1, 3, 4, .swap(from: 5, to: 6), 0)])
        #expect(!Linearizability.isLinearizable(items))
    }

    @Test func aWriteWithoutAnswerMayTakeEffectLateOrNever() {
        for value: UInt16 in [0, 5] {
            let items = history([(1, 1, 0, .put(5), 0), (2, 2, 3, .get, value)])
            #expect(Linearizability.isLinearizable(items))
        }
        let late = history([
            (1, 1, 0, .put(5), 0), (2, 2, 3, .get, 0), (2, 4, 5, .put(6), 6), (2, 6, 7, .get, 5),
        ])
        #expect(Linearizability.isLinearizable(late))
    }

    @Test func aWriteWithoutAnswerTakesEffectOnce() {
        let items = history([
            (1, 1, 0, .put(5), 0), (2, 2, 3, .get, 5), (2, 4, 5, .put(6), 6), (2, 6, 7, .get, 6),
            (2, 8, 9, .get, 5),
        ])
        #expect(!Linearizability.isLinearizable(items))
    }

    @Test func noWriteIsSeenBeforeItsCall() {
        let items = history([(2, 1, 2, .get, 5), (1, 3, 4, .put(5), 5)])
        #expect(!Linearizability.isLinearizable(items))
    }

    /// Six at a time, ten times: the search must not take the time of all orders.
    @Test func manyConcurrentOperationsAreJudgedQuickly() {
        var items: [Operation] = []
        for number in UInt64(0)..<60 {
            let value = UInt16(number % 5 + 1)
            items.append(
                Operation(
                    client: Int(number % 6), key: 0, operation: .put(value),
                    called: number / 6 * 20 + number % 6, returned: number / 6 * 20 + 10,
                    result: value))
        }
        items.append(
            Operation(
                client: 9, key: 0, operation: .get, called: 10_000, returned: 10_001, result: 9))
        #expect(!Linearizability.isLinearizable(items))
    }
}
