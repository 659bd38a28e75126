internal import ConsulModel
internal import Primitives
internal import Wire

/// Writes a state as the stream that Consul's servers keep and send: a head with the last index,
/// then records, each with its type's byte.
///
/// To make one costs nothing: it holds a copy of the state, which shares everything with the
/// original. The stream is then made in pieces, elsewhere and in any time, while the original goes
/// on. The same state gives the same bytes.
package struct StateSnapshot: Sendable {
    private enum Phase: Sendable {
        case head, nodes, coordinates, sessions, keptBefore, keys, tombstones, keptAfter
        case serviceIndexes, indexes, chunks, over
    }

    private let machine: FSM
    private let lastIndex: UInt64
    private var phase = Phase.head
    private var writer = MessagePackWriter(capacity: 64 << 10)

    private var nodes: RadixTree<Row<Node>>.Cursor
    private var services: RadixTree<Row<Catalog.Instance>>.Cursor
    private var checks: RadixTree<Row<HealthCheck>>.Cursor
    /// The node whose services and checks are being written.
    private var node: RegisterRequest?
    private var nextService: Catalog.Instance?
    private var nextCheck: HealthCheck?
    private var coordinates: RadixTree<NodeCoordinate>.Cursor
    private var sessions: RadixTree<Session>.Cursor
    private var keys: RadixTree<Row<KVEntry>>.Cursor
    private var graves: RadixTree<Graveyard.Tombstone>.Cursor
    private var kept: [KeptRecords.Kept] = []
    private var keptNext = 0
    private var byService: RadixTree<Row<Catalog.Instance>>.Cursor
    private var lastService = ""

    /// - Parameter lastIndex: of the last entry that the state knows.
    package init(of machine: FSM, lastIndex: UInt64) {
        self.machine = machine
        self.lastIndex = lastIndex
        let catalog = machine.store.catalog
        nodes = catalog.nodes.cursor()
        services = catalog.instances.cursor()
        checks = catalog.checks.cursor()
        nextService = services.next()?.record
        nextCheck = checks.next()?.record
        coordinates = machine.store.coordinates.rows.cursor()
        sessions = machine.store.sessions.sessions.cursor()
        keys = machine.store.kvs.entries.cursor()
        graves = machine.store.kvs.graveyard.tombstones.cursor()
        byService = catalog.instancesByService.cursor()
    }

    /// The next piece of the stream: as many whole records as it takes to reach `bytesMin`, so
    /// longer than that by at most one record. Nil when all was given.
    package mutating func next(bytesMin: Int = 64 << 10) -> [UInt8]? {
        writer.removeAll()
        while phase != .over, writer.count < bytesMin { step() }
        return writer.count > 0 ? writer.output : nil
    }

    /// Writes one record, or goes to the next phase.
    private mutating func step() {
        switch phase {
        case .head:
            writer.record(SnapshotHead(lastIndex: lastIndex))
            phase = .nodes
        case .nodes: if !stepNodes() { phase = .coordinates }
        case .coordinates:
            guard let coordinate = coordinates.next() else {
                phase = .sessions
                return
            }
            put(MessageType.coordinates, [coordinate])
        case .sessions:
            guard let session = sessions.next() else {
                return beginKept(KeptRecords.before, .keptBefore)
            }
            put(MessageType.session, session)
        case .keptBefore: stepKept(then: .keys)
        case .keys:
            guard let entry = keys.next()?.record else {
                phase = .tombstones
                return
            }
            put(MessageType.kvs, entry)
        case .tombstones:
            guard let grave = graves.next() else {
                return beginKept(KeptRecords.after, .keptAfter)
            }
            var entry = KVEntry()
            entry.key = String(decoding: graves.key, as: UTF8.self)
            entry.flags = grave.isTree ? SnapshotHead.treeFlag : 0
            entry.raftIndex.modifyIndex = grave.index
            put(MessageType.tombstone, entry)
        case .keptAfter: stepKept(then: .serviceIndexes)
        case .serviceIndexes: if !stepServiceIndexes() { phase = .indexes }
        case .indexes:
            for (key, value) in tableIndexes() { putIndex(key, value) }
            phase = .chunks
        case .chunks:
            writer.byte(MessageType.chunks)
            machine.chunks.encode(to: &writer)
            phase = .over
        case .over: break
        }
    }

    private mutating func put(_ type: UInt8, _ record: some WireValue) {
        writer.byte(type)
        record.encode(to: &writer)
    }

    private mutating func putIndex(_ key: String, _ value: UInt64) {
        if value > 0 { put(MessageType.index, IndexRecord(key: key, value: value)) }
    }

    // MARK: Catalog

    /// A node, then its services, then its checks: all three trees have the nodes in one order.
    private mutating func stepNodes() -> Bool {
        guard let node else {
            guard let next = nodes.next()?.record else { return false }
            let request = RegisterRequest(next)
            put(MessageType.register, request)
            node = request
            return true
        }
        var request = node
        if let service = nextService, isOn(service.node, node) {
            request.service = service.service
            nextService = services.next()?.record
        } else if let check = nextCheck, isOn(check.node, node) {
            request.check = check
            nextCheck = checks.next()?.record
        } else {
            self.node = nil
            return true
        }
        put(MessageType.register, request)
        return true
    }

    private func isOn(_ name: String, _ node: RegisterRequest) -> Bool {
        TableKey.of(name) == TableKey.of(node.node)
    }

    private mutating func stepServiceIndexes() -> Bool {
        guard let name = byService.next()?.record.service.service else { return false }
        guard TableKey.of(name) != TableKey.of(lastService) || lastService.isEmpty else {
            return true
        }
        lastService = name
        let key = TableKey.of(name)
        putIndex("service.\(name)", machine.store.catalog.serviceIndexes[key] ?? 0)
        return true
    }

    // MARK: The rest

    private mutating func beginKept(_ types: [UInt8], _ next: Phase) {
        kept = machine.store.kept.ordered(types)
        keptNext = 0
        phase = next
    }

    private mutating func stepKept(then next: Phase) {
        guard keptNext < kept.count else {
            kept = []
            phase = next
            return
        }
        writer.byte(kept[keptNext].type)
        writer.raw(kept[keptNext].bytes)
        keptNext += 1
    }

    private func tableIndexes() -> [(key: String, value: UInt64)] {
        let catalog = machine.store.catalog
        let kvs = machine.store.kvs
        var newestGrave: UInt64 = 0
        kvs.graveyard.tombstones.forEach { newestGrave = max(newestGrave, $0.index) }
        var all = machine.store.kept.indexes
        for (key, value) in all where key.hasPrefix("service_kind.") {
            all[key] = max(value, catalog.servicesIndex)
        }
        all["nodes"] = catalog.nodesIndex
        all["services"] = catalog.servicesIndex
        all["checks"] = catalog.checksIndex
        all["service_last_extinction"] = catalog.lastExtinction
        all["sessions"] = machine.store.sessions.index
        all["coordinates"] = machine.store.coordinates.index
        all["kvs"] = kvs.index
        all["tombstones"] = newestGrave
        all[SnapshotHead.forgottenKey] = kvs.graveyard.forgotten
        return all.map { ($0.key, $0.value) }.sorted { $0.key < $1.key }
    }
}

/// What stands before the records.
struct SnapshotHead: Record {
    var lastIndex: UInt64 = 0
    init() {}
    init(lastIndex: UInt64) { self.lastIndex = lastIndex }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LastIndex", &lastIndex)
    }

    /// In a tombstone's `Flags`, which HashiCorp's servers leave alone: all keys below it went.
    static let treeFlag: UInt64 = 1
    /// Our own index beside theirs: the newest deletion that was forgotten.
    static let forgottenKey = "tombstones-forgotten"
}

/// The index of a table.
struct IndexRecord: Record {
    var key = ""
    var value: UInt64 = 0
    init() {}
    init(key: String, value: UInt64) {
        self.key = key
        self.value = value
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Key", &key)
        try visit.field("Value", &value)
    }
}

extension RegisterRequest {
    /// A node alone, as a snapshot has it.
    fileprivate init(_ node: Node) {
        self.init()
        id = node.id
        self.node = node.node
        address = node.address
        datacenter = node.datacenter
        taggedAddresses = node.taggedAddresses
        nodeMeta = node.meta
        raftIndex = node.raftIndex
    }
}
