internal import Primitives
internal import Wire

/// Announces a member's arrival (type 1).
struct JoinIntent: Record, Hashable, Sendable {
    var lTime: UInt64 = 0
    var node = ""
    init() {}

    init(lTime: UInt64, node: String) {
        self.lTime = lTime
        self.node = node
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LTime", &lTime)
        try visit.field("Node", &node)
    }
}

/// Announces a member's departure, by itself or by an operator (type 0).
struct LeaveIntent: Record, Hashable, Sendable {
    var lTime: UInt64 = 0
    var node = ""
    /// Forget the member too.
    var prune = false
    init() {}

    init(lTime: UInt64, node: String, prune: Bool = false) {
        self.lTime = lTime
        self.node = node
        self.prune = prune
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LTime", &lTime)
        try visit.field("Node", &node)
        try visit.field("Prune", &prune)
    }
}

/// Holds the newest intent about each member that is not known yet: gossip may bring an intent
/// before the member itself.
struct RecentIntents: Sendable {
    enum Kind: Sendable, Hashable { case join, leave }

    struct Intent: Sendable, Hashable {
        var kind: Kind
        var lTime: UInt64
        var receivedAt: Instant
    }

    private var intents: [String: Intent] = [:]

    var count: Int { intents.count }

    subscript(name: String) -> Intent? { intents[name] }

    /// Adds an intent unless a newer one about the same member is held, or there is no space.
    ///
    /// - Returns: whether it was added, and is to be gossiped on.
    mutating func insert(_ kind: Kind, lTime: UInt64, about name: String, now: Instant) -> Bool {
        if let known = intents[name] {
            if lTime <= known.lTime { return false }
        } else if intents.count >= Limits.recentIntentsMax {
            return false
        }
        intents[name] = Intent(kind: kind, lTime: lTime, receivedAt: now)
        return true
    }

    /// Deletes intents that are older than the timeout.
    mutating func expire(after timeout: GoDuration, now: Instant) {
        if intents.isEmpty { return }
        intents = intents.filter { now - $0.value.receivedAt <= timeout }
    }
}
