internal import ConsulModel
internal import Wire

/// The content of a command on a table other than the keys'. Commands on keys have code paths of
/// their own, since nearly all commands are such.
protocol TableCommand: WireValue {
    /// The first byte of its entry, with `MessageType.mayIgnore` set where servers that do not know
    /// the command may ignore it.
    static var messageType: UInt8 { get }
    var kind: CommandKind { get }

    func carryOut(
        on store: inout StateStore, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult
}

extension Command {
    /// The name and the decoder of a command on a table.
    struct TableReader: Sendable {
        let type: UInt8
        let name: String
        let read: @Sendable (_ data: [UInt8]) throws(ConsulStateError) -> Command

        init<Body: TableCommand>(
            _: Body.Type, _ name: String, _ command: @escaping @Sendable (Body) -> Command
        ) {
            type = Body.messageType & ~MessageType.mayIgnore
            self.name = name
            read = { (data) throws(ConsulStateError) in command(try Command.body(data)) }
        }

        init(
            _ type: UInt8, _ name: String,
            _ read: @escaping @Sendable ([UInt8]) throws(ConsulStateError) -> Command
        ) {
            (self.type, self.name, self.read) = (type, name, read)
        }
    }

    /// The list of all commands on tables.
    static let tableReaders: [TableReader] = [
        TableReader(RegisterRequest.self, "register") { .register($0) },
        TableReader(DeregisterRequest.self, "deregister") { .deregister($0) },
        TableReader(MessageType.session, "session", sessionCommand),
        TableReader(MessageType.tombstone, "tombstone", tombstoneCommand),
        TableReader([NodeCoordinate].self, "coordinates") { .coordinates($0) },
    ]
}

extension FSM {
    /// Carries out a command on a table, and settles the records that depended on removed ones.
    mutating func carryOut(
        _ command: some TableCommand, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        lastKind = command.kind
        let result = command.carryOut(on: &store, at: index, &changes)
        store.settleLosses(at: index, &changes)
        return result
    }
}

extension RegisterRequest: TableCommand {
    static var messageType: UInt8 { MessageType.register }
    var kind: CommandKind { .register }

    /// Works on a copy, since a registration may be refused halfway through.
    func carryOut(
        on store: inout StateStore, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        var draft = store.catalog
        var touched = Changes()
        do {
            try draft.register(self, at: index, &touched)
        } catch {
            return .refused(error)
        }
        store.catalog = draft
        changes.merge(touched)
        return .done
    }
}

extension DeregisterRequest: TableCommand {
    static var messageType: UInt8 { MessageType.deregister }
    var kind: CommandKind { .deregister }

    func carryOut(
        on store: inout StateStore, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        store.catalog.deregister(self, at: index, &changes)
        return .done
    }
}

extension SessionRequest: TableCommand {
    static var messageType: UInt8 { MessageType.session }
    var kind: CommandKind { operation == .create ? .sessionCreate : .sessionDestroy }

    func carryOut(
        on store: inout StateStore, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        store.applySession(self, at: index, &changes)
    }
}

extension [NodeCoordinate]: TableCommand {
    static var messageType: UInt8 { MessageType.coordinates | MessageType.mayIgnore }
    var kind: CommandKind { .coordinates }

    func carryOut(
        on store: inout StateStore, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        let catalog = store.catalog
        store.coordinates.update(
            self, isKnown: { catalog.node($0) != nil }, at: index, &changes)
        return .done
    }
}

extension TombstoneRequest: TableCommand {
    static var messageType: UInt8 { MessageType.tombstone }
    var kind: CommandKind { .reap }

    func carryOut(
        on store: inout StateStore, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        store.kvs.reapTombstones(through: reapIndex)
        return .done
    }
}
