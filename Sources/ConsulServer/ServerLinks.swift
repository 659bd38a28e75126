package import ConsulModel
package import RaftNode

/// The connections of a server to others, and its access control. A server that is alone has none.
package struct ServerLinks: Sendable {
    /// Carries Raft's messages.
    package var raft: any RaftTransport = NoTransport()
    /// Carries calls that another server must answer.
    package var calls: any CallForwarder = NoForwarder()
    /// Nil in a datacenter without access control.
    package var judge: (any AccessJudge)?
    package init() {}
}
