package import Primitives

/// Computes this node's coordinate from the round trips to its peers and their coordinates.
///
/// A pure value. One update costs a few hundred floating-point operations, whatever the number of
/// peers is.
///
/// Sources: as for `Coordinate`; Ledlie, Gardner and Seltzer, "Network Coordinates in the Wild"
/// (2007) for the latency filter and gravity.
package struct VivaldiClient: Sendable {
    /// This node's coordinate, always valid.
    package private(set) var coordinate = Coordinate.origin
    /// The number of times that the coordinate became invalid and returned to the origin.
    package private(set) var resets = 0

    private let settings: VivaldiSettings
    private var random: SeededRandom
    private var roundTrips: [String: RecentRoundTrips] = [:]
    /// The differences between measured and raw distances: a ring.
    private var adjustments: [Double]
    private var adjustmentSlot = 0

    package init(settings: VivaldiSettings = VivaldiSettings(), random: SeededRandom) {
        self.settings = settings
        self.random = random
        adjustments = [Double](repeating: 0, count: settings.adjustmentWindow)
    }

    /// The number of peers whose round trips are kept.
    package var peerCount: Int { roundTrips.count }

    /// Moves this node's coordinate towards the measured distance of a peer.
    ///
    /// - Returns: the reason why the measurement was rejected, without any change; nil when it was
    ///   used.
    @discardableResult
    package mutating func update(
        peer: String, coordinate other: Coordinate, roundTrip: GoDuration
    ) -> VivaldiRejection? {
        guard other.isCompatible else { return .dimensions }
        guard other.isValid, other.error >= 0, other.height >= 0,
            let distance = coordinate.roundTrip(to: other)
        else { return .invalidCoordinate }
        guard roundTrip >= .zero, roundTrip <= settings.roundTripMax else {
            return .roundTrip(roundTrip)
        }
        let seconds = filtered(roundTrip.seconds, of: peer)
        move(from: other, distance: distance.seconds, measured: seconds)
        adjust(to: other, measured: seconds)
        pullToOrigin()
        if !coordinate.isValid {
            resets += 1
            coordinate = .origin
        }
        return nil
    }

    /// Deletes the round trips of a peer.
    package mutating func forget(_ peer: String) { roundTrips[peer] = nil }

    // MARK: Parts of an update

    private mutating func filtered(_ seconds: Double, of peer: String) -> Double {
        guard roundTrips[peer] != nil || roundTrips.count < Limits.peersMax else { return seconds }
        return roundTrips[peer, default: RecentRoundTrips()].add(
            seconds, keeping: settings.latencyFilter)
    }

    /// Applies the paper's rule (figure 3): the step grows with this node's share of the error.
    private mutating func move(from other: Coordinate, distance: Double, measured: Double) {
        let measured = max(measured, settings.zeroThreshold)
        let wrongness = abs(distance - measured) / measured
        let totalError = max(coordinate.error + other.error, settings.zeroThreshold)
        let weight = coordinate.error / totalError
        let gain = settings.errorGain * weight
        coordinate.error = min(
            Coordinate.errorMax, gain * wrongness + coordinate.error * (1 - gain))
        coordinate.apply(
            force: settings.positionGain * weight * (measured - distance), from: other,
            zeroThreshold: settings.zeroThreshold, random: &random)
    }

    /// Sets the adjustment to half the mean difference in the window; empty slots count as zero.
    private mutating func adjust(to other: Coordinate, measured: Double) {
        guard !adjustments.isEmpty else { return }
        adjustments[adjustmentSlot] = measured - coordinate.rawDistance(to: other)
        adjustmentSlot = (adjustmentSlot + 1) % adjustments.count
        let sum = adjustments.reduce(0, +)
        coordinate.adjustment = sum / (2 * Double(adjustments.count))
    }

    /// Pulls towards the origin, so that the coordinates of a cluster do not drift together.
    private mutating func pullToOrigin() {
        guard let distance = Coordinate.origin.roundTrip(to: coordinate) else { return }
        let ratio = distance.seconds / settings.gravityRho
        coordinate.apply(
            force: -ratio * ratio, from: .origin, zeroThreshold: settings.zeroThreshold,
            random: &random)
    }
}

/// The reason why a measurement is rejected, in Serf's words.
package enum VivaldiRejection: Error, Sendable, Hashable, CustomStringConvertible {
    case dimensions
    case invalidCoordinate
    case roundTrip(GoDuration)

    package var description: String {
        switch self {
        case .dimensions: "dimensions aren't compatible"
        case .invalidCoordinate: "coordinate is invalid"
        case .roundTrip(let time):
            "round trip time not in valid range, duration \(time) is not a positive value "
                + "less than 10s"
        }
    }
}
