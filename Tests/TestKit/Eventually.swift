/// The condition for which `eventually` waited in vain.
package struct NeverHappened: Error, CustomStringConvertible {
    package let description: String
    package init(description: String) { self.description = description }
}

/// Waits for a condition, for longer than any machine should need: at least half a minute. It
/// counts attempts, not seconds, so that a machine that stops for some time does not fail it.
/// - Throws: `NeverHappened` with `what`, or the error of the condition.
package func eventually(
    _ what: String, isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    for look in 0..<3_200 {
        if try await condition() { return }
        // Most conditions hold at once.
        try await Task.sleep(nanoseconds: look < 200 ? 1_000_000 : 10_000_000)
    }
    throw NeverHappened(description: "never: \(what)")
}
