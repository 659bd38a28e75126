internal import ConsulModel

/// A kind of command in the metrics: the names of `fsm.*`.
package struct CommandKind: Hashable, Sendable {
    /// The index in `all`.
    package let slot: Int

    /// The metric `fsm.<name>`, and the label `op` where a kind has several.
    package static let all: [(name: String, operation: String?)] = [
        ("register", nil), ("deregister", nil), ("txn", nil), ("tombstone", "reap"),
        ("kvs", "set"), ("kvs", "delete"), ("kvs", "delete-cas"), ("kvs", "delete-tree"),
        ("kvs", "cas"), ("kvs", "lock"), ("kvs", "unlock"), ("session", "create"),
        ("session", "destroy"), ("coordinate.batch-update", nil),
    ]

    static let register = CommandKind("register")
    static let deregister = CommandKind("deregister")
    static let txn = CommandKind("txn")
    static let reap = CommandKind("tombstone", "reap")
    static let sessionCreate = CommandKind("session", "create")
    static let sessionDestroy = CommandKind("session", "destroy")
    static let coordinates = CommandKind("coordinate.batch-update")

    init(_ operation: KVOperation) {
        switch operation {
        case .set: slot = 4
        case .delete: slot = 5
        case .deleteCAS: slot = 6
        case .deleteTree: slot = 7
        case .cas: slot = 8
        case .lock: slot = 9
        case .unlock: slot = 10
        }
    }

    /// Finds a kind in `all`, once: the constants above hold the result.
    init(_ name: String, _ operation: String? = nil) {
        guard let slot = Self.all.firstIndex(where: { $0 == (name, operation) }) else {
            preconditionFailure("no kind of command has the name \(name)")
        }
        self.slot = slot
    }
}
