package import Primitives

/// Decides the fate of a datagram: when it arrives, how often, or never. Datagrams overtake each
/// other, since each has its own delay.
package struct SimulatedNetwork: Sendable {
    package var delayMin = GoDuration.milliseconds(1)
    package var delayMax = GoDuration.milliseconds(5)
    /// Lost datagrams of a thousand.
    package var lostPerMille = 0
    package var repeatedPerMille = 0
    /// Delayed by ten times more than `delayMax`.
    package var stragglersPerMille = 0
    /// The side of each node: all have side 0 at first.
    private var sides: [UInt8]
    /// Pairs of sides, from and to, between which nothing arrives: one direction alone may be cut.
    private var cuts: Set<[UInt8]> = []

    init(nodes: Int) { sides = [UInt8](repeating: 0, count: nodes) }

    mutating func add() { sides.append(0) }

    package mutating func heal() {
        for node in sides.indices { sides[node] = 0 }
        cuts = []
    }

    /// Puts nodes on a side.
    package mutating func place(_ nodes: some Sequence<Int>, on side: UInt8) {
        for node in nodes { sides[node] = side }
    }

    /// Cuts one direction between two sides.
    package mutating func cut(from: UInt8, to: UInt8) { cuts.insert([from, to]) }

    /// Cuts both directions between some nodes and the others.
    package mutating func isolate(_ nodes: some Sequence<Int>) {
        place(nodes, on: 1)
        cut(from: 0, to: 1)
        cut(from: 1, to: 0)
    }

    package func isCut(from: Int, to: Int) -> Bool {
        !cuts.isEmpty && cuts.contains([sides[from], sides[to]])
    }

    /// Returns the delays of the datagram's copies; empty when it is lost.
    func copies(from: Int, to: Int, _ random: inout SeededRandom) -> [GoDuration] {
        if isCut(from: from, to: to) || happens(lostPerMille, &random) { return [] }
        let first = delay(&random)
        return happens(repeatedPerMille, &random) ? [first, delay(&random)] : [first]
    }

    func delay(_ random: inout SeededRandom) -> GoDuration {
        let usual = delayMin + random.duration(below: delayMax - delayMin)
        return happens(stragglersPerMille, &random) ? usual + delayMax * 10 : usual
    }

    private func happens(_ perMille: Int, _ random: inout SeededRandom) -> Bool {
        perMille > 0 && Int(random.next() % 1000) < perMille
    }
}
