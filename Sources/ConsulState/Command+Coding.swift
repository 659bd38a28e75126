package import ConsulModel
internal import Wire

/// Consul's message types: the first byte of a command, and of a record in a snapshot.
package enum MessageType {
    static let register: UInt8 = 0
    static let deregister: UInt8 = 1
    static let kvs: UInt8 = 2
    static let session: UInt8 = 3
    static let tombstone: UInt8 = 5
    static let coordinates: UInt8 = 6
    static let txn: UInt8 = 8
    /// In snapshots only.
    static let index: UInt8 = 16
    /// In snapshots only.
    static let chunks: UInt8 = 29
    /// The name of this type, marked or not; nil for an unknown type.
    package static func name(of type: UInt8) -> String? {
        switch type & ~mayIgnore {
        case kvs: "kvs"
        case txn: "txn"
        case let type: Command.tableReaders.first { $0.type == type }?.name
        }
    }

    /// Set in a type that a server may ignore when it does not know it.
    static let mayIgnore: UInt8 = 128
}

/// `{Datacenter, Op: "reap", ReapIndex, Token}`.
struct TombstoneRequest: Record {
    var datacenter = ""
    var operation = "reap"
    var reapIndex: UInt64 = 0
    var token = ""
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("Op", &operation)
        try visit.field("ReapIndex", &reapIndex)
        try visit.field("Token", &token)
    }
}

extension Command {
    /// The command as the data of a log entry: the type's byte, then MessagePack.
    package func encoded() -> [UInt8] {
        switch self {
        case .register(let request): Self.message(request)
        case .deregister(let request): Self.message(request)
        case .kvs(var request): request.encodedInPlace()
        case .session(let request): Self.message(request)
        case .txn(var request): request.encodedInPlace()
        case .coordinates(let batch): Self.message(batch, capacity: 1024)
        case .reapTombstones(let last): Self.message(TombstoneRequest(reapIndex: last))
        case .ignored, .refused:
            preconditionFailure("\(self) is made by reading, and never proposed")
        }
    }

    private static func message<Body: TableCommand>(
        _ body: Body, capacity: Int = 256
    ) -> [UInt8] {
        var writer = MessagePackWriter(capacity: capacity)
        writer.byte(Body.messageType)
        body.encode(to: &writer)
        return writer.output
    }

    /// Decodes the data of an entry.
    ///
    /// - Throws: `unknownCommand` for an unknown type that is not marked as safe to ignore,
    ///   `malformedCommand` for undecodable data. The process must stop then: the other servers may
    ///   have carried the command out.
    package init(decoding data: [UInt8]) throws(ConsulStateError) {
        guard let first = data.first else {
            throw .malformedCommand(type: nil, reason: "it is empty")
        }
        switch first & ~MessageType.mayIgnore {
        case MessageType.kvs: self = try Self.keyCommand(data)
        case MessageType.txn:
            let request: TxnRequest = try Self.body(data)
            guard request.operations.allSatisfy({ $0.isKnown }) else {
                throw .malformedCommand(
                    type: data[0], reason: "an operation is about something else than keys")
            }
            self = .txn(request)
        case let type:
            if let reader = Self.tableReaders.first(where: { $0.type == type }) {
                self = try reader.read(data)
                return
            }
            guard first & MessageType.mayIgnore != 0 else { throw .unknownCommand(type: first) }
            self = .ignored(type: first)
        }
    }

    static func body<Body: WireValue>(_ data: [UInt8]) throws(ConsulStateError) -> Body {
        do { return try MessagePackReader.decode(Body.self, from: data, at: 1) } catch {
            throw .malformedCommand(type: data[0], reason: "\(error)")
        }
    }

    private static func keyCommand(_ data: [UInt8]) throws(ConsulStateError) -> Command {
        do {
            return .kvs(try MessagePackReader.decode(KVSRequest.self, from: data, at: 1))
        } catch let error as UnknownVerb {
            return .refused(.unknownOperation(error.verb))
        } catch {
            throw .malformedCommand(type: data[0], reason: "\(error)")
        }
    }
}

extension Command {
    static func tombstoneCommand(_ data: [UInt8]) throws(ConsulStateError) -> Command {
        let request: TombstoneRequest = try body(data)
        return request.operation == "reap"
            ? .reapTombstones(through: request.reapIndex)
            : .refused(.unknownOperation(request.operation))
    }

    static func sessionCommand(_ data: [UInt8]) throws(ConsulStateError) -> Command {
        do {
            return .session(try MessagePackReader.decode(SessionRequest.self, from: data, at: 1))
        } catch let error as UnknownVerb {
            return .refused(.unknownSessionOperation(error.verb))
        } catch {
            throw .malformedCommand(type: data[0], reason: "\(error)")
        }
    }
}

extension KVSRequest {
    /// Encodes as `Command.encoded` does, without a copy for the visitor of its fields. Leaves the
    /// value unchanged.
    package mutating func encodedInPlace() -> [UInt8] {
        var writer = MessagePackWriter(capacity: entry.value.count + 256)
        writer.byte(MessageType.kvs)
        writer.recordInPlace(&self)
        return writer.output
    }
}

extension TxnRequest {
    /// Encodes as `Command.encoded` does, without a copy for the visitor of its fields. Leaves the
    /// value unchanged.
    package mutating func encodedInPlace() -> [UInt8] {
        // A third more than the size of an operation with a short key and value.
        var writer = MessagePackWriter(capacity: 256 + 256 * min(operations.count, 128))
        writer.byte(MessageType.txn)
        writer.recordInPlace(&self)
        return writer.output
    }
}

extension TombstoneRequest {
    init(reapIndex: UInt64) { self.reapIndex = reapIndex }
}

extension FSM {
    /// Carries out an entry of the log.
    ///
    /// - Parameter extensions: the position of a chunk of a cut command; empty for a whole command.
    /// - Returns: `.done` and no changes for a chunk that is not the last.
    /// - Throws: an error whose `mustStop` is true; nothing was done then.
    package mutating func applyEntry(
        _ index: UInt64, term: UInt64, data: [UInt8], extensions: [UInt8]
    ) throws(ConsulStateError) -> (result: CommandResult, changes: Changes) {
        var changes = Changes()
        let result = try applyEntry(index, term: term, data: data, extensions: extensions, &changes)
        return (result, changes)
    }

    /// Carries out an entry of the log, as above.
    ///
    /// - Parameter changes: the changes of the entry are appended to it.
    package mutating func applyEntry(
        _ index: UInt64, term: UInt64, data: [UInt8], extensions: [UInt8],
        _ changes: inout Changes
    ) throws(ConsulStateError) -> CommandResult {
        lastKind = nil
        if extensions.isEmpty { return applyCommand(index, try Command(decoding: data), &changes) }
        let whole: [UInt8]?
        do { whole = try chunks.add(data, extensions: extensions, term: term) } catch {
            return .refused(error)
        }
        guard let whole else { return .done }
        return applyCommand(index, try Command(decoding: whole), &changes)
    }
}
