import ConsulModel
import Synchronization

/// This node's entry in the catalog; a reload may change its metadata.
final class CurrentNode: Sendable {
    private let current: Mutex<Node>
    init(_ node: Node) { current = Mutex(node) }

    var node: Node {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}
