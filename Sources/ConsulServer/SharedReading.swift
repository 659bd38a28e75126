internal import ConsulModel

/// What was read last of a snapshot, in one turn of an event loop: the waiters that one commit
/// wakes mostly ask the same, and the state is read once for them. Used by one thread.
final class SharedReading {
    /// An answer and the query that it was read for.
    private final class CachedAnswer<Value: Sendable> {
        let plan: ReadPlan
        let answer: Indexed<Value>
        init(_ plan: ReadPlan, _ answer: Indexed<Value>) {
            self.plan = plan
            self.answer = answer
        }
    }

    let snapshot: Snapshot
    private let isCached: Bool
    private var endpoint: AnyObject?
    /// A `CachedAnswer` of the endpoint's type.
    private var cached: AnyObject?

    /// - Parameter readers: how many there are; for one alone nothing is cached.
    init(_ snapshot: Snapshot, readers: Int = 1) {
        self.snapshot = snapshot
        isCached = readers > 1
    }

    func answer<Value: Sendable>(
        of endpoint: ReadEndpoint<Value>, _ plan: ReadPlan
    ) -> Indexed<Value> {
        if self.endpoint === endpoint, let cached {
            let cached = unsafeDowncast(cached, to: CachedAnswer<Value>.self)
            if cached.plan.readsSame(as: plan) { return cached.answer }
        }
        let answer = endpoint.read(snapshot, plan)
        if isCached {
            self.endpoint = endpoint
            cached = CachedAnswer(plan, answer)
        }
        return answer
    }
}

// A field that a query gets has to be compared here too.
extension ReadPlan {
    /// True when the two find the same in one state; for how they block, they may differ.
    fileprivate func readsSame(as other: ReadPlan) -> Bool {
        query.depth == other.query.depth && query.limit == other.query.limit
            && query.wantsHash == other.query.wantsHash
            && query.passingOnly == other.query.passingOnly
            && query.connect == other.query.connect
            && query.options.consistency == other.query.options.consistency
            && query.options.nodeMeta.isEmpty && other.query.options.nodeMeta.isEmpty
            && Self.same(query.name, other.query.name)
            && Self.same(query.separator, other.query.separator)
            && Self.same(query.startAfter, other.query.startAfter)
            && Self.same(query.options.filter, other.query.options.filter)
            && Self.same(query.options.near, other.query.options.near)
            && Self.same(query.options.nearAddress, other.query.options.nearAddress)
            && Self.same(query.options.datacenter, other.query.options.datacenter)
            && Self.same(query.options.token, other.query.options.token)
            && query.tags.count == other.query.tags.count
            && zip(query.tags, other.query.tags).allSatisfy(Self.same)
    }

    /// By bytes: Swift's own comparison takes some different spellings for equal.
    private static func same(_ a: String, _ b: String) -> Bool {
        a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8)
    }
}
