/// Names mistakes that a node can be set to make, so that a test can show that the simulation finds
/// them. The condition `PLANTED_BUGS` is set for debug builds alone (`Package.swift`).
package struct PlantedBugs: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Does not refute an accusation.
    package static let neverRefutes = PlantedBugs(rawValue: 1 << 0)
    /// Accepts an alive message of the same incarnation over a suspicion.
    package static let aliveWinsTies = PlantedBugs(rawValue: 1 << 1)
    /// Believes a push/pull that a member is dead.
    package static let believesDeadInPushPull = PlantedBugs(rawValue: 1 << 2)
    /// Does not gossip a received suspicion or death on.
    package static let neverRegossips = PlantedBugs(rawValue: 1 << 3)
    /// Does not start the timer of a suspicion.
    package static let neverExpiresSuspicion = PlantedBugs(rawValue: 1 << 4)
    /// Counts repeated accusations of one member as confirmations.
    package static let countsOneAccuserTwice = PlantedBugs(rawValue: 1 << 5)
    /// Lets the health score grow without its bound.
    package static let unboundedAwareness = PlantedBugs(rawValue: 1 << 6)
    /// Probes the first member of the list again and again.
    package static let probesOneMember = PlantedBugs(rawValue: 1 << 7)
    /// Transmits a queued message only once.
    package static let transmitsOnce = PlantedBugs(rawValue: 1 << 8)
    /// Delivers an event again when it arrives again. Implemented by Serf.
    package static let deliversEventsTwice = PlantedBugs(rawValue: 1 << 9)
}

extension MemberlistOptions {
    /// Returns whether this node makes the mistake.
    @inline(__always)
    package func has(_ bug: PlantedBugs) -> Bool {
        #if PLANTED_BUGS
            plantedBugs.contains(bug)
        #else
            false
        #endif
    }
}
