internal import ConsulModel
internal import Primitives
internal import Wire

/// Builds a state from the stream that `StateSnapshot` or a server of HashiCorp's wrote. The stream
/// comes in pieces, cut anywhere; its records in any order. The running state is untouched until
/// the whole was read.
package struct StateRestore: Sendable {
    private var kvs = KVTable()
    private var catalog = Catalog()
    private var sessions = SessionTable()
    private var coordinates = CoordinateTable()
    private var kept = KeptRecords()
    private var chunks = ChunkedCommands()
    private var serviceIndexes: [(name: String, value: UInt64)] = []
    private var lastIndex: UInt64?
    /// Of the stream, what was not read yet, and where that begins.
    private var pending: [UInt8] = []
    private var offset = 0

    package init() {}

    /// Takes the next piece of the stream.
    package mutating func receive(_ bytes: [UInt8]) throws(ConsulStateError) {
        if pending.isEmpty { pending = bytes } else { pending += bytes }
        let read = try readRecords(pending)
        offset += read
        pending = read == pending.count ? [] : Array(pending[read...])
        if pending.count > Limits.snapshotRecordBytesMax {
            throw .badSnapshot(offset: offset, reason: "a record of \(pending.count) bytes")
        }
    }

    /// The state and the index of the last entry that it knows.
    package consuming func finish() throws(ConsulStateError) -> (machine: FSM, lastIndex: UInt64) {
        guard pending.isEmpty else {
            throw .badSnapshot(
                offset: offset, reason: "it ends inside a record of \(pending.count) bytes or more")
        }
        guard let lastIndex else { throw .badSnapshot(offset: 0, reason: "it is empty") }
        for (name, value) in serviceIndexes
        where catalog.instancesByService.contains(under: TableKey.of(name)) {
            catalog.serviceIndexes.insert(value, for: TableKey.of(name))
        }
        var store = StateStore()
        store.kvs = kvs
        store.catalog = catalog
        store.sessions = sessions
        if coordinates.count > 0, coordinates.index == 0 { coordinates.restore(index: lastIndex) }
        store.coordinates = coordinates
        store.kept = kept
        var machine = FSM(store: store)
        machine.chunks = chunks
        return (machine, lastIndex)
    }

    /// - Returns: how many bytes the whole records among them took.
    private mutating func readRecords(_ bytes: [UInt8]) throws(ConsulStateError) -> Int {
        var reader = MessagePackReader(bytes)
        while !reader.isAtEnd {
            let start = reader.offset
            do {
                try readRecord(&reader, bytes)
            } catch let error as ConsulStateError {
                throw error
            } catch let error as MessagePackError {
                if error.isTruncated { return start }
                throw .badSnapshot(
                    offset: offset + start,
                    reason: "a record cannot be read: \(error.reason), "
                        + "\(error.offset - start) bytes into it")
            } catch {
                throw .badSnapshot(offset: offset + start, reason: "\(error)")
            }
        }
        return bytes.count
    }

    private mutating func readRecord(
        _ reader: inout MessagePackReader, _ bytes: [UInt8]
    ) throws {
        let start = reader.offset
        guard lastIndex != nil else {
            lastIndex = try Self.read(SnapshotHead.self, &reader).lastIndex
            return
        }
        let type = try reader.byte()
        switch type {
        case MessageType.kvs: kvs.restore(try Self.read(KVEntry.self, &reader))
        case MessageType.session: try sessions.restore(try Self.read(Session.self, &reader))
        case MessageType.coordinates:
            var batch: [NodeCoordinate] = []
            try batch.decode(from: &reader)
            for row in batch { coordinates.restore(row) }
        case MessageType.register:
            catalog.restore(try Self.read(RegisterRequest.self, &reader))
        case MessageType.tombstone:
            let entry = try Self.read(KVEntry.self, &reader)
            kvs.restore(
                tombstone: entry.key, at: entry.raftIndex.modifyIndex,
                isTree: entry.flags & SnapshotHead.treeFlag != 0)
        case MessageType.index: restore(try Self.read(IndexRecord.self, &reader))
        case MessageType.chunks: chunks = try ChunkedCommands(from: &reader)
        default:
            guard KeptRecords.isKnown(type) else {
                throw ConsulStateError.badSnapshot(
                    offset: offset + start, reason: "a record of the unknown type \(type)")
            }
            try reader.skip()
            kept.add(type, Array(bytes[(start + 1)..<reader.offset]))
            if kept.byteCount > Limits.keptBytesMax {
                throw ConsulStateError.badSnapshot(
                    offset: offset + start,
                    reason: "more than \(Limits.keptBytesMax >> 20) MiB of records without a table")
            }
        }
    }

    private static func read<R: Record>(
        _ type: R.Type, _ reader: inout MessagePackReader
    ) throws -> R {
        var record = R()
        try reader.record(&record)
        return record
    }

    private mutating func restore(_ index: IndexRecord) {
        switch index.key {
        case "kvs", "tombstones": kvs.restore(index: index.value)
        case SnapshotHead.forgottenKey: kvs.restore(forgotten: index.value)
        case "sessions": sessions.restore(index: index.value)
        case "coordinates": coordinates.restore(index: index.value)
        case "nodes": catalog.nodesIndex = max(catalog.nodesIndex, index.value)
        case "services": catalog.servicesIndex = max(catalog.servicesIndex, index.value)
        case "checks": catalog.checksIndex = max(catalog.checksIndex, index.value)
        case "service_last_extinction": catalog.lastExtinction = index.value
        default:
            let prefix = "service."
            if index.key.hasPrefix(prefix) {
                serviceIndexes.append((String(index.key.dropFirst(prefix.count)), index.value))
            } else {
                kept.indexes[index.key] = index.value
            }
        }
    }
}

extension Catalog {
    /// A node, or a service or check on it, as a snapshot has them, indexes and all.
    mutating func restore(_ request: RegisterRequest) {
        let key = TableKey.of(request.node)
        if nodes[key] == nil {
            var node = request.asNode
            node.raftIndex = request.raftIndex
            nodes.insert(Row(node), for: key)
            if !node.id.isEmpty { nodeIDs.insert(node.node, for: TableKey.of(node.id)) }
            nodesIndex = max(nodesIndex, node.raftIndex.modifyIndex)
        }
        let name = node(request.node)?.node ?? request.node
        if let service = request.service {
            insertInstance(Instance(node: name, service: service))
            touchRestored(service.service, service.raftIndex.modifyIndex)
            servicesIndex = max(servicesIndex, service.raftIndex.modifyIndex)
        }
        for var check in (request.check.map { [$0] } ?? []) + request.checks {
            check.node = name
            if let old = checks[TableKey.of(check.node, check.checkID)]?.record {
                var changes = Changes()
                removeCheck(old, at: checksIndex, &changes)
            }
            insertCheck(check)
            checksIndex = max(checksIndex, check.raftIndex.modifyIndex)
        }
    }

    /// Until the snapshot's own indexes are read, a service is as new as its newest instance.
    private mutating func touchRestored(_ service: String, _ index: UInt64) {
        let key = TableKey.of(service)
        serviceIndexes.insert(max(serviceIndexes[key] ?? 0, index), for: key)
    }
}
