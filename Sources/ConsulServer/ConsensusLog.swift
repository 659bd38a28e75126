package import ConsulModel
package import ConsulState

/// A command that is committed and carried out.
package struct Commit: Sendable {
    package var index: UInt64
    package var result: CommandResult
    package init(index: UInt64, result: CommandResult) {
        self.index = index
        self.result = result
    }
}

/// The replicated log, as endpoints see it: the one way to write.
package protocol ConsensusLog: Sendable {
    /// Has the command committed and carried out.
    ///
    /// - Parameter completion: called exactly once, on any thread, perhaps before this returns.
    ///   After a success, reads here see what the command did. After a failure it may still come to
    ///   be done.
    func propose(
        _ command: Command,
        completion: @escaping @Sendable (Result<Commit, ConsulError>) -> Void)
}
