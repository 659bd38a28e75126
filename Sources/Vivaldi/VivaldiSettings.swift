package import Primitives

/// The constants of the algorithm, with Serf's values: all agents of a cluster must use the same.
package struct VivaldiSettings: Sendable, Hashable {
    /// The weight of a new measurement in the error (paper, figure 3: c_e).
    package var errorGain = 0.25
    /// The part of the way to the measured distance that one measurement moves (c_c).
    package var positionGain = 0.25
    /// Measurements over which the adjustment is averaged; zero for no adjustment.
    package var adjustmentWindow = 20
    /// Measurements of one peer whose median is used: one delayed reply has no effect.
    package var latencyFilter = 3
    /// The distance from the origin, in seconds, at which gravity is one second.
    package var gravityRho = 150.0
    /// Lengths below this, in seconds, are zero.
    package var zeroThreshold = 1.0e-6
    /// Longer round trips are rejected.
    package var roundTripMax = GoDuration.seconds(10)

    package init() {}
}
