import Primitives
import Testing

@testable import Memberlist

@Suite struct FormulaTests {
    @Test func logarithmsAreExactEnough() {
        #expect(Logarithm.natural(1) == 0)
        #expect((Logarithm.natural(2) - 0.693_147_180_559_945_3).magnitude < 1e-15)
        #expect((Logarithm.natural(10) - 2.302_585_092_994_046).magnitude < 1e-14)
        #expect((Logarithm.natural(0.001) + 6.907_755_278_982_137).magnitude < 1e-13)
        #expect((Logarithm.decimal(65_536) - 4.816_479_930_623_699).magnitude < 1e-13)
        #expect(
            [0, 1, 2, 10, 11, 100, 101, 1000].map(Logarithm.decimalCeiling)
                == [0, 0, 1, 1, 2, 2, 3, 3])
        #expect(
            [0, 1, 2, 3, 4, 5, 32, 33, 64, 65].map(Logarithm.binaryCeiling)
                == [0, 0, 1, 2, 2, 3, 5, 6, 6, 7])
    }

    /// 4 x max(1, log10 n) x 1 s, the logarithm in thousandths.
    @Test(
        arguments: [
            (1, 4000), (10, 4000), (20, 5204), (50, 6792), (100, 8000), (500, 10792),
            (10_000, 16000),
        ] as [(Int, Int64)])
    func leastTimeoutGrowsWithTheLogarithm(_ members: Int, _ milliseconds: Int64) {
        let least = Suspicion.leastTimeout(
            multiplier: 4, memberCount: members, interval: .seconds(1))
        // A thousandth of the logarithm is 4 ms.
        #expect((least.milliseconds - milliseconds).magnitude <= 4)
    }

    /// Lifeguard's formula with min 2 s, max 30 s and three confirmations; memberlist's own table.
    @Test(
        arguments: [(0, 30_000), (1, 16_000), (2, 7_810), (3, 2_000), (4, 2_000)]
            as [(Int, Int64)])
    func timeoutShrinksWithConfirmations(_ confirmations: Int, _ milliseconds: Int64) {
        let timeout = Suspicion.timeout(
            confirmations, of: 3, least: .seconds(2), greatest: .seconds(30))
        #expect(timeout == .milliseconds(milliseconds))
    }

    @Test func suspicionCountsEachAccuserOnce() {
        var suspicion = Suspicion(
            from: "a", wanted: 2, least: .seconds(4), greatest: .seconds(24), now: .zero)
        #expect(suspicion.deadline == .zero + .seconds(24))
        let first = ["a", "b", "b"].map { suspicion.confirm(from: $0) }
        #expect(first == [false, true, false])
        // 24 - 20 x ln 2 / ln 3
        #expect(suspicion.deadline == .zero + .milliseconds(11_381))
        let second = ["c", "d"].map { suspicion.confirm(from: $0) }
        #expect(second == [true, false])
        #expect(suspicion.deadline == .zero + .seconds(4))
    }

    @Test func suspicionWithoutWitnessesIsTheLeast() {
        let suspicion = Suspicion(
            from: "a", wanted: 0, least: .seconds(4), greatest: .seconds(24), now: .zero)
        #expect(suspicion.timeout == .seconds(4))
    }

    @Test func awarenessIsBounded() {
        var awareness = Awareness(max: 8)
        awareness.apply(-3)
        #expect(awareness.score == 0)
        awareness.apply(20)
        #expect(awareness.score == 7)
        #expect(awareness.scale(.seconds(1)) == .seconds(8))
        awareness.apply(-1)
        #expect(awareness.score == 6)
        var off = Awareness(max: 1)
        off.apply(5)
        #expect(off.score == 0)
    }

    /// interval x (ceil(log2 n - log2 32) + 1) above 32 members.
    @Test(
        arguments: [
            (1, 30), (32, 30), (33, 60), (64, 60), (65, 90), (128, 90), (1000, 180), (10_000, 300),
        ] as [(Int, Int64)])
    func pushPullsGetRarer(_ members: Int, _ seconds: Int64) {
        #expect(
            MemberlistCore.pushPullInterval(.seconds(30), members) == .seconds(seconds))
    }
}
