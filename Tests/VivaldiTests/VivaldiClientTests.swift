import Primitives
import Testing
import Vivaldi

@Suite struct VivaldiClientTests {
    private func client(_ seed: UInt64 = 1) -> VivaldiClient {
        VivaldiClient(random: SeededRandom(seed: seed))
    }

    private func place(_ first: Double, height: Double = Coordinate.heightMin) -> Coordinate {
        var place = Coordinate.origin
        place.vector[0] = first
        place.height = height
        return place
    }

    @Test func startsAtTheOrigin() {
        #expect(client().coordinate == .origin)
    }

    /// The numbers follow from the formulas: weight 1.5 / 3, wrongness |20 us - 0.1 s| / 0.1 s.
    @Test func firstUpdateFollowsTheFormulas() {
        var settings = VivaldiSettings()
        settings.gravityRho = 1e9
        settings.adjustmentWindow = 0
        var node = VivaldiClient(settings: settings, random: SeededRandom(seed: 1))
        node.update(
            peer: "b", coordinate: place(1, height: 0.01), roundTrip: .milliseconds(100))
        let distance = 1 + Coordinate.heightMin + 0.01
        let force = 0.25 * 0.5 * (0.1 - distance)
        let wrongness = abs(distance - 0.1) / 0.1
        #expect(abs(node.coordinate.vector[0] - -force) < 1e-9)
        #expect(node.coordinate.vector.dropFirst().allSatisfy { $0 == 0 })
        let error = min(1.5, 0.25 * 0.5 * wrongness + 1.5 * (1 - 0.25 * 0.5))
        #expect(abs(node.coordinate.error - error) < 1e-9)
        // The height would become negative.
        #expect(node.coordinate.height == Coordinate.heightMin)
        #expect(node.coordinate.adjustment == 0)
    }

    @Test func adjustmentIsHalfTheMeanOverTheWindow() {
        var settings = VivaldiSettings()
        settings.gravityRho = 1e9
        settings.positionGain = 0
        var node = VivaldiClient(settings: settings, random: SeededRandom(seed: 1))
        let other = place(0, height: Coordinate.heightMin)
        let raw = 2 * Coordinate.heightMin
        node.update(peer: "b", coordinate: other, roundTrip: .milliseconds(40))
        #expect(abs(node.coordinate.adjustment - (0.04 - raw) / 40) < 1e-12)
        for _ in 0..<40 {
            node.update(peer: "b", coordinate: other, roundTrip: .milliseconds(40))
        }
        #expect(abs(node.coordinate.adjustment - (0.04 - raw) / 2) < 1e-12)
    }

    @Test func medianOfThreeHidesOneDelayedReply() {
        var calm = client()
        var disturbed = client()
        let other = place(0.01)
        for round in 0..<30 {
            calm.update(peer: "b", coordinate: other, roundTrip: .milliseconds(10))
            disturbed.update(
                peer: "b", coordinate: other,
                roundTrip: round % 10 == 5 ? .seconds(9) : .milliseconds(10))
        }
        #expect(calm.coordinate == disturbed.coordinate)
    }

    @Test func gravityPullsBackToTheOrigin() {
        var node = client()
        for _ in 0..<2_000 {
            node.update(peer: "far", coordinate: place(500), roundTrip: .seconds(10))
        }
        let length = node.coordinate.vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        var free = VivaldiSettings()
        free.gravityRho = 1e9
        var loose = VivaldiClient(settings: free, random: SeededRandom(seed: 1))
        for _ in 0..<2_000 {
            loose.update(peer: "far", coordinate: place(500), roundTrip: .seconds(10))
        }
        let looseLength = loose.coordinate.vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(length < looseLength - 1)
    }

    @Test func rejectsNonsenseWithoutAChange() {
        var node = client()
        node.update(peer: "b", coordinate: place(0.01), roundTrip: .milliseconds(10))
        let before = node.coordinate
        func rejects(_ change: (inout Coordinate) -> Void) -> VivaldiRejection? {
            var bad = place(0.01)
            change(&bad)
            return node.update(peer: "b", coordinate: bad, roundTrip: .milliseconds(10))
        }
        #expect(rejects { $0.vector = [1] } == .dimensions)
        #expect(rejects { $0.vector = [] } == .dimensions)
        #expect(rejects { $0.vector[7] = .nan } == .invalidCoordinate)
        #expect(rejects { $0.height = .infinity } == .invalidCoordinate)
        #expect(rejects { $0.height = -1 } == .invalidCoordinate)
        #expect(rejects { $0.error = -1 } == .invalidCoordinate)
        #expect(rejects { $0.error = .nan } == .invalidCoordinate)
        #expect(rejects { $0.adjustment = -.infinity } == .invalidCoordinate)
        #expect(rejects { $0.vector[0] = 1e200 } == .invalidCoordinate)
        for time in [GoDuration(nanoseconds: -1), .seconds(11), GoDuration(nanoseconds: .max)] {
            #expect(
                node.update(peer: "b", coordinate: place(0), roundTrip: time) == .roundTrip(time))
        }
        #expect(node.coordinate == before)
        #expect(node.resets == 0)
        #expect(node.update(peer: "b", coordinate: place(0), roundTrip: .zero) == nil)
        #expect(node.coordinate.isValid)
    }

    @Test func peersAreForgotten() {
        var node = client()
        for name in ["a", "b"] {
            node.update(peer: name, coordinate: place(0.01), roundTrip: .milliseconds(10))
        }
        node.forget("a")
        #expect(node.peerCount == 1)
    }

    // MARK: Clusters

    /// Lets every node measure a random peer per round, and returns the mean relative error of the
    /// estimates and the clients.
    private func settle(
        _ truth: [[Double]], rounds: Int, noise: Double = 0, seed: UInt64
    ) -> (error: Double, nodes: [VivaldiClient]) {
        var random = SeededRandom(seed: seed)
        let count = truth.count
        var nodes = (0..<count).map { VivaldiClient(random: SeededRandom(seed: UInt64($0))) }
        for _ in 0..<rounds {
            for node in 0..<count {
                let peer = (node + Int.random(in: 1..<count, using: &random)) % count
                let factor = 1 + Double.random(in: 0...noise, using: &random)
                let time = truth[node][peer] * factor
                nodes[node].update(
                    peer: "n\(peer)", coordinate: nodes[peer].coordinate,
                    roundTrip: GoDuration(nanoseconds: Int64(time * 1e9)))
            }
        }
        var sum = 0.0
        for a in 0..<count {
            for b in 0..<count where a != b {
                let guess = nodes[a].coordinate.roundTrip(to: nodes[b].coordinate)?.seconds ?? .nan
                sum += abs(guess - truth[a][b]) / truth[a][b]
            }
        }
        return (sum / Double(count * (count - 1)), nodes)
    }

    private func grid(_ side: Int, spacing: Double) -> [[Double]] {
        let points = (0..<side * side).map { (Double($0 / side), Double($0 % side)) }
        return points.map { a in
            points.map { b in
                let (x, y) = (a.0 - b.0, a.1 - b.1)
                return spacing * (x * x + y * y).squareRoot()
            }
        }
    }

    @Test func gridIsFound() {
        let result = settle(grid(5, spacing: 0.010), rounds: 400, seed: 3)
        #expect(result.error < 0.08, "mean relative error \(result.error)")
        #expect(result.nodes.allSatisfy { $0.coordinate.error < 0.5 })
    }

    @Test func gridIsFoundThroughNoise() {
        let result = settle(grid(4, spacing: 0.010), rounds: 500, noise: 0.2, seed: 4)
        #expect(result.error < 0.2, "mean relative error \(result.error)")
    }

    @Test func twoSitesAreSeparated() {
        let truth = (0..<20).map { a in
            (0..<20).map { b in (a < 10) == (b < 10) ? 0.001 : 0.100 }
        }
        let result = settle(truth, rounds: 400, seed: 5)
        let nodes = result.nodes
        let near = nodes[0].coordinate.roundTrip(to: nodes[5].coordinate)?.seconds ?? .nan
        let far = nodes[0].coordinate.roundTrip(to: nodes[15].coordinate)?.seconds ?? .nan
        #expect(near < 0.010)
        #expect(abs(far - 0.100) < 0.010)
    }

    /// A star has no Euclidean map: only heights express it.
    @Test func heightsExpressAccessLinks() {
        let links = (0..<16).map { 0.005 + 0.005 * Double($0 % 4) }
        let truth = links.map { a in links.map { a + $0 } }
        let result = settle(truth, rounds: 600, seed: 6)
        #expect(result.error < 0.15, "mean relative error \(result.error)")
        #expect(result.nodes.contains { $0.coordinate.height > 0.001 })
    }

    @Test func sameSeedGivesTheSameCoordinates() {
        let truth = grid(3, spacing: 0.010)
        let first = settle(truth, rounds: 50, seed: 7).nodes.map(\.coordinate)
        #expect(settle(truth, rounds: 50, seed: 7).nodes.map(\.coordinate) == first)
    }

    /// A peer whose numbers are at the edge of the range must not leave an invalid coordinate.
    @Test func staysValidUnderHostileCoordinates() {
        var random = SeededRandom(seed: 8)
        var node = client()
        let edges = [0, -0.0, 1e-300, 1e-6, 1, 1e6, 1e9, -1e9, 9e9, 1e300, .nan, .infinity]
        for round in 0..<8_000 {
            var bad = Coordinate.origin
            bad.vector = bad.vector.map { _ in edges.randomElement(using: &random)! }
            bad.height = edges.randomElement(using: &random)!
            bad.error = edges.randomElement(using: &random)!
            bad.adjustment = edges.randomElement(using: &random)!
            let time = Int64.random(in: -10...20_000_000_000, using: &random)
            node.update(
                peer: "p\(round % 7)", coordinate: bad, roundTrip: GoDuration(nanoseconds: time))
            #expect(node.coordinate.isValid)
            #expect(node.coordinate.error <= Coordinate.errorMax)
            #expect(node.coordinate.height >= Coordinate.heightMin)
        }
        for _ in 0..<5_000 {
            node.update(peer: "good", coordinate: place(0.01), roundTrip: .milliseconds(10))
        }
        #expect(node.coordinate.isValid)
    }
}
