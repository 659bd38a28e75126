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
        case .register: self.init(place: 0)
        case .deregister: self.init(place: 1)
        case .txn: self = .txn
        case .reapTombstones: self.init(place: 3)
        case .kvs(let request): self.init(request.operation)
        case .session(let request): self.init(place: request.operation == .create ? 11 : 12)
        case .coordinates: self.init(place: 13)
        case .ignored, .refused: return nil
        }
    }

    static let txn = CommandKind(place: 2)

    init(_ operation: KVOperation) {
        switch operation {
        case .set: place = 4
        case .delete: place = 5
        case .deleteCAS: place = 6
        case .deleteTree: place = 7
        case .cas: place = 8
        case .lock: place = 9
        case .unlock: place = 10
        }
    }

    private init(place: Int) { self.place = place }
}
