package import Primitives

/// Decides the fate of a message: when it arrives, how often, or never. Messages overtake each
/// other, since each has its own delay.
package struct SimulatedNetwork: Sendable {
    package var delayMin = GoDuration.milliseconds(1)
    package var delayMax = GoDuration.milliseconds(4)
    /// Lost messages of a thousand.
    package var lostPerMille = 0
    package var repeatedPerMille = 0
    /// Delayed by ten times more than `delayMax`.
    package var stragglersPerMille = 0
    /// `blocked[from][to]`: one direction alone may be cut.
    private var blocked: [[Bool]]

    package init(servers: Int) {
        blocked = Array(repeating: Array(repeating: false, count: servers), count: servers)
    }

    package mutating func heal() {
        for from in blocked.indices {
            for to in blocked.indices { blocked[from][to] = false }
        }
    }

    package mutating func cut(from: Int, to: Int) { blocked[from][to] = true }

    /// Cuts every connection between the two sides, in both directions.
    package mutating func split(_ side: [Bool]) {
        for from in side.indices {
            for to in side.indices where side[from] != side[to] { blocked[from][to] = true }
        }
    }

    package func isCut(from: Int, to: Int) -> Bool { blocked[from][to] }

    /// The delays of the message's copies; empty when it is lost.
    package func copies(
        from: Int, to: Int, _ random: inout SeededRandom
    ) -> [GoDuration] {
        if blocked[from][to] || happens(lostPerMille, &random) { return [] }
        let first = delay(&random)
        return happens(repeatedPerMille, &random) ? [first, delay(&random)] : [first]
    }

    private func happens(_ perMille: Int, _ random: inout SeededRandom) -> Bool {
        perMille > 0 && Int(random.next() % 1000) < perMille
    }

    private func delay(_ random: inout SeededRandom) -> GoDuration {
        let usual = delayMin + random.duration(below: delayMax - delayMin)
        return happens(stragglersPerMille, &random) ? usual + delayMax * 10 : usual
    }
}
