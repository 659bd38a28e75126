package import ConsulModel
package import Primitives
import Wire

/// The log of reliable events, in the key/value store:
///
/// - `_event/log/ID`: the event, with the nodes that it is meant for;
/// - `_event/payload/ID`: its payload, when that is large;
/// - `_event/ack/ID/NODE`: the node's acknowledgement of the event.
///
/// Bounded by number and age: each fired event first prunes the log.
package struct EventLog: Sendable {
    package static let prefix = "_event/log/"

    private let backend: any Backend
    private let datacenter: String
    private let nodeName: String
    private let unixSeconds: @Sendable () -> Int
    private let wallText: @Sendable () -> String

    package init(
        backend: any Backend, datacenter: String, nodeName: String,
        unixSeconds: @escaping @Sendable () -> Int, wallText: @escaping @Sendable () -> String
    ) {
        self.backend = backend
        self.datacenter = datacenter
        self.nodeName = nodeName
        self.unixSeconds = unixSeconds
        self.wallText = wallText
    }

    /// An event with the index at which it was written.
    struct Entry: Hashable, Sendable {
        var event: ReliableEvent
        var index: UInt64

        init?(_ entry: KVEntry) {
            let event = try? JSONReader.decode(ReliableEvent.self, from: entry.value.array)
            guard let event, entry.key == EventLog.prefix + event.id else { return nil }
            self.event = event
            index = entry.raftIndex.modifyIndex
        }
    }

    // MARK: Firing

    /// Writes an event for the nodes of the catalog that its filters match now.
    /// - Parameter retention: how long it waits for nodes that are down.
    package func fire(
        _ event: UserEvent, retention: GoDuration
    ) async throws(ConsulError) -> UserEvent {
        guard event.payload.count <= Limits.reliablePayloadMax else {
            throw ConsulError(
                .tooLarge,
                "the payload of a reliable event may have \(Limits.reliablePayloadMax) bytes")
        }
        guard retention > .zero, retention <= Limits.reliableRetentionMax else {
            throw ConsulError(
                .badRequest, "an event can be kept for up to \(Limits.reliableRetentionMax)")
        }
        var entry = ReliableEvent()
        entry.id = event.id
        entry.name = event.name
        entry.nodeFilter = event.nodeFilter
        entry.serviceFilter = event.serviceFilter
        entry.tagFilter = event.tagFilter
        entry.nodes = try await EventTargets(event, backend).nodes()
        guard !entry.nodes.isEmpty else {
            throw ConsulError(.badRequest, "no node of the catalog matches the filters")
        }
        entry.firedBy = nodeName
        entry.firedAt = wallText()
        entry.expires = unixSeconds() + Int(retention.nanoseconds / 1_000_000_000)
        var operations: [TxnOperation] = []
        if event.payload.count > Limits.reliablePayloadInline {
            entry.payloadKey = "_event/payload/\(event.id)"
            operations.append(Self.set(entry.payloadKey, event.payload.array))
        } else {
            entry.payload = event.payload
        }
        operations.append(Self.set(Self.prefix + event.id, JSONWriter.encode(entry)))
        let known = try await list()
        guard try await transact(operations) else {
            throw ConsulError(.internal, "the event cannot be written to the log")
        }
        await prune(known)
        entry.payload = event.payload
        return entry.userEvent(lTime: 0)
    }

    /// Deletes the expired events, then the oldest beyond the bound, leaving room for the new
    /// event.
    private func prune(_ known: [Entry]) async {
        let now = unixSeconds()
        let living = known.filter { $0.event.expires > now }
        let excess = living.dropLast(Limits.reliableEventsMax - 1)
        for entry in known where entry.event.expires <= now || excess.contains(entry) {
            let id = entry.event.id
            // Another agent may delete the same event; a failure does no harm.
            _ = try? await transact([
                Self.operation(.delete, "\(Self.prefix)\(id)"),
                Self.operation(.delete, "_event/payload/\(id)"),
                Self.operation(.deleteTree, "_event/ack/\(id)/"),
            ])
        }
    }

    // MARK: Reading

    /// Returns all entries, oldest first.
    func list() async throws(ConsulError) -> [Entry] { try await read(after: 0).entries }

    /// Returns all entries once the log's index exceeds `index`, or the blocking query times out.
    func read(after index: UInt64) async throws(ConsulError) -> (entries: [Entry], index: UInt64) {
        var query = KeyRequest(Self.prefix)
        query.options.minQueryIndex = index
        let answer = try await backend.call(.kvsList, query)
        let entries = answer.value.compactMap { Entry($0) }.sorted { $0.index < $1.index }
        return (entries, answer.meta.index)
    }

    /// Returns the event for delivery, with its payload; nil when the payload is deleted.
    func resolved(_ entry: Entry) async throws(ConsulError) -> UserEvent? {
        var event = entry.event.userEvent(lTime: entry.index)
        guard !event.payloadKey.isEmpty else { return event }
        let found = try await backend.call(.kvsGet, KeyRequest(event.payloadKey)).value.first
        guard let found else { return nil }
        event.payload = found.value
        return event
    }

    /// Returns the nodes' acknowledgements of an event; nil when the log has no such event.
    package func status(of id: String) async throws(ConsulError) -> EventStatus? {
        let key = Self.prefix + id
        guard let found = try await backend.call(.kvsGet, KeyRequest(key)).value.first,
            let entry = Entry(found)
        else { return nil }
        return try await status(of: entry.event)
    }

    /// Returns the acknowledgements of all events of the log, oldest first.
    package func statuses() async throws(ConsulError) -> [EventStatus] {
        var found: [EventStatus] = []
        for entry in try await list() { found.append(try await status(of: entry.event)) }
        return found
    }

    private func status(of event: ReliableEvent) async throws(ConsulError) -> EventStatus {
        let prefix = "_event/ack/\(event.id)/"
        let acknowledgements = try await backend.call(.kvsList, KeyRequest(prefix)).value
        return EventStatus(
            event,
            acknowledgements.compactMap {
                try? JSONReader.decode(EventAcknowledgement.self, from: $0.value.array)
            })
    }

    // MARK: Acknowledging

    func isAcknowledged(_ id: String) async throws(ConsulError) -> Bool {
        try await !backend.call(.kvsGet, KeyRequest("_event/ack/\(id)/\(nodeName)")).value.isEmpty
    }

    /// Writes this node's acknowledgement, unless the event has left the log.
    func acknowledge(
        _ entry: Entry, _ state: EventAcknowledgement.State, watches: [String: String]
    ) async throws(ConsulError) {
        var own = EventAcknowledgement()
        own.node = nodeName
        own.state = state.rawValue
        own.at = wallText()
        own.watches = watches
        var check = KVEntry()
        check.key = Self.prefix + entry.event.id
        check.raftIndex.modifyIndex = entry.index
        _ = try await transact([
            TxnOperation(TxnKVOperation("check-index", check)),
            Self.set("_event/ack/\(entry.event.id)/\(nodeName)", JSONWriter.encode(own)),
        ])
    }

    // MARK: Transactions

    /// Applies the operations in one transaction.
    /// - Returns: false when an operation did not apply.
    private func transact(_ operations: [TxnOperation]) async throws(ConsulError) -> Bool {
        var request = TxnRequest()
        request.datacenter = datacenter
        request.operations = operations
        return try await backend.call(.txnApply, request).errors == nil
    }

    private static func set(_ key: String, _ value: [UInt8]) -> TxnOperation {
        operation(.set, key, value)
    }

    private static func operation(
        _ verb: KVOperation, _ key: String, _ value: [UInt8] = []
    ) -> TxnOperation {
        var entry = KVEntry()
        entry.key = key
        entry.value = Bytes(value)
        return TxnOperation(TxnKVOperation(verb.rawValue, entry))
    }
}
