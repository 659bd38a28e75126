internal import Primitives

/// Lifeguard's local health: a score that rises when this node's own messages seem to be lost, and
/// falls with each successful probe. A node that doubts itself waits longer before it accuses.
struct Awareness: Sendable {
    /// The score is below this.
    let max: Int
    private(set) var score = 0

    init(max: Int) { self.max = max }

    /// Adds to the score.
    ///
    /// - Parameter isBounded: false for the planted mistake alone.
    mutating func apply(_ delta: Int, isBounded: Bool = true) {
        score = Swift.max(0, score + delta)
        if isBounded { score = min(score, Swift.max(0, max - 1)) }
    }

    /// Returns interval x (score + 1).
    func scale(_ interval: GoDuration) -> GoDuration { interval * Int64(score + 1) }
}
