internal import Primitives

extension Coordinate {
    /// The distance without the adjustments, in seconds. Both have the common dimensions.
    func rawDistance(to other: Coordinate) -> Double {
        Self.length(of: Self.difference(vector, other.vector)) + height + other.height
    }

    /// Moves by `force` seconds away from `other`, towards it when negative. The height changes in
    /// proportion, and stays at `heightMin` or above (Vivaldi paper, section 5.4).
    ///
    /// - Parameter random: chooses the direction when both are at the same point.
    mutating func apply(
        force: Double, from other: Coordinate, zeroThreshold: Double, random: inout SeededRandom
    ) {
        let (direction, distance) = Self.direction(
            from: other.vector, to: vector, zeroThreshold: zeroThreshold, random: &random)
        for index in vector.indices { vector[index] += direction[index] * force }
        guard distance > zeroThreshold else { return }
        height = max(Self.heightMin, (height + other.height) * force / distance + height)
    }

    /// Returns the unit vector from one point to another, and their distance; a random unit vector
    /// and zero when they are closer than `zeroThreshold`.
    private static func direction(
        from start: [Double], to end: [Double], zeroThreshold: Double,
        random: inout SeededRandom
    ) -> ([Double], Double) {
        let difference = difference(end, start)
        let distance = length(of: difference)
        if distance > zeroThreshold { return (difference.map { $0 / distance }, distance) }
        let chosen = start.map { _ in Double.random(in: -0.5..<0.5, using: &random) }
        let size = length(of: chosen)
        if size > zeroThreshold { return (chosen.map { $0 / size }, 0) }
        var first = [Double](repeating: 0, count: start.count)
        first[0] = 1
        return (first, 0)
    }

    private static func difference(_ a: [Double], _ b: [Double]) -> [Double] {
        zip(a, b).map { $0 - $1 }
    }

    private static func length(of vector: [Double]) -> Double {
        vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}
