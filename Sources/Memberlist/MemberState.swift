/// The state of a member, with the numbers of the wire (push/pull's `State`).
///
/// A state with a higher incarnation wins; at the same incarnation dead and left win over suspect,
/// and suspect wins over alive (SWIM paper, section 4.2).
package enum MemberState: UInt8, Sendable, Hashable {
    case alive = 0
    case suspect = 1
    case dead = 2
    /// Dead by its own announcement.
    case left = 3

    /// True for members that are probed and gossiped to.
    package var isLive: Bool { self == .alive || self == .suspect }
}
