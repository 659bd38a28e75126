package import ConsulModel
package import Watch

/// Persists the watches' data across restarts of the agent.
package protocol WatchStore: Sendable {
    /// Returns the watch's memory; an empty one when there is none, or it cannot be read.
    func memory(of watch: String) -> WatchMemory
    func save(_ memory: WatchMemory, of watch: String) throws(ConsulError)
    /// Watches added by the API.
    func saveAdded(_ definition: WatchDefinition, id: String) throws(ConsulError)
    func removeAdded(_ id: String)
    func loadAdded(broken: (String) -> Void) -> [WatchDefinition]
    /// Appends one line.
    func appendDeadLetter(_ line: [UInt8], to path: String) throws(ConsulError)
}
