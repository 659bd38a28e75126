import Primitives
import Testing

@Suite struct BackOffTests {
    private func waits(_ backOff: BackOff, _ failures: [Int]) -> [GoDuration] {
        failures.map { backOff.wait(after: $0) }
    }

    @Test func waitsGrowUpToTheLongest() {
        let doubling = BackOff(.doubling, first: .seconds(1), max: .seconds(30))
        #expect(
            waits(doubling, [1, 2, 3, 5, 6, 1_000_000])
                == [1, 2, 4, 16, 30, 30].map { .seconds($0) })
        let square = BackOff(.square, first: .seconds(5), max: .seconds(180))
        #expect(
            waits(square, [1, 2, 3, 6, 7, 1_000_000])
                == [5, 20, 45, 180, 180, 180].map { .seconds($0) })
        let constant = BackOff(constant: .seconds(2))
        #expect(waits(constant, [1, 2, .max]) == [2, 2, 2].map { .seconds($0) })
    }
}
