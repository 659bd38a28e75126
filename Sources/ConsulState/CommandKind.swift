internal import ConsulModel

/// What a command does, for who counts them: the names of `fsm.*`.
package struct CommandKind: Hashable, Sendable {
    /// The place in `all`.
    package let place: Int

    /// `fsm.<name>`, and the label `op` where a kind has several.
    package static let all: [(name: String, operation: String?)] = [
        ("register", nil), ("deregister", nil), ("txn", nil), ("tombstone", "reap"),
        ("kvs", "set"), ("kvs", "delete"), ("kvs", "delete-cas"), ("kvs", "delete-tree"),
        ("kvs", "cas"), ("kvs", "lock"), ("kvs", "unlock"), ("session", "create"),
        ("session", "destroy"), ("coordinate.batch-update", nil),
    ]

    /// Nil for what does nothing.
    package init?(_ command: Command) {
        switch command {
        case .register: place = 0
        case .deregister: place = 1
        case .txn: place = 2
        case .reapTombstones: place = 3
        case .kvs(let request):
            switch request.operation {
            case .set: place = 4
            case .delete: place = 5
            case .deleteCAS: place = 6
            case .deleteTree: place = 7
            case .cas: place = 8
            case .lock: place = 9
            case .unlock: place = 10
            }
        case .session(let request): place = request.operation == .create ? 11 : 12
        case .coordinates: place = 13
        case .ignored, .refused: return nil
        }
    }
}
