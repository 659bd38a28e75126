package import ConsulModel
internal import Primitives
internal import Wire

/// Holds sessions, by ID, by node and by the checks on which they depend.
package struct SessionTable: Sendable {
    /// By the 16 bytes of the ID, the order in which sessions are listed.
    private(set) var sessions = RadixTree<Session>()
    /// IDs by node and ID, and by node, check and ID.
    private var byNode = RadixTree<String>()
    private var byCheck = RadixTree<String>()
    /// The index of the last command that changed a session.
    package private(set) var index: UInt64 = 0

    package var count: Int { sessions.count }

    // MARK: Reading

    /// Returns a session.
    ///
    /// - Throws: `badSessionID` for an ID that is no UUID.
    package func get(_ id: String) throws(ConsulStateError) -> Reading<Session?> {
        let key = try SessionID.bytes(of: id)
        return Reading(sessions[key], index, .folding(.session, id))
    }

    /// Returns all sessions, by ID.
    package func list() -> Reading<[Session]> {
        var found: [Session] = []
        sessions.forEach { found.append($0) }
        return Reading(found, index, .tables(.sessions))
    }

    /// Returns the sessions of a node, by ID.
    package func list(node: String) -> Reading<[Session]> {
        let found = ids(in: byNode, TableKey.of(node)).compactMap { find($0) }
        return Reading(found, index, .folding(.nodeSessions, node))
    }

    /// Returns the sessions that depend on a check, by ID.
    func depending(on check: String, of node: String) -> [Session] {
        if byCheck.isEmpty { return [] }
        return ids(in: byCheck, TableKey.of(node, check)).compactMap { find($0) }
    }

    private func ids(in tree: RadixTree<String>, _ prefix: [UInt8]) -> [String] {
        var found: [String] = []
        tree.forEach(under: prefix) { found.append($0) }
        return found
    }

    private func find(_ id: String) -> Session? {
        guard let key = try? SessionID.bytes(of: id) else { return nil }
        return sessions[key]
    }

    // MARK: Writing

    mutating func insert(
        _ session: Session, at index: UInt64, _ changes: inout Changes
    ) throws(ConsulStateError) {
        let key = try SessionID.bytes(of: session.id)
        if let old = sessions[key] { unlink(old) }
        sessions.insert(session, for: key)
        byNode.insert(session.id, for: TableKey.of(session.node, session.id))
        for check in session.checkIDs {
            byCheck.insert(session.id, for: TableKey.of(session.node, check, session.id))
        }
        touch(session, at: index, &changes)
    }

    mutating func remove(_ session: Session, at index: UInt64, _ changes: inout Changes) {
        guard let key = try? SessionID.bytes(of: session.id),
            let old = sessions.remove(key)
        else { return }
        unlink(old)
        touch(old, at: index, &changes)
    }

    private mutating func unlink(_ session: Session) {
        byNode.remove(TableKey.of(session.node, session.id))
        for check in session.checkIDs {
            byCheck.remove(TableKey.of(session.node, check, session.id))
        }
    }

    private mutating func touch(
        _ session: Session, at index: UInt64, _ changes: inout Changes
    ) {
        self.index = index
        changes.touch(.session, session.id)
        changes.touch(.nodeSessions, session.node)
        changes.tables.insert(.sessions)
    }

}

// MARK: Snapshots

extension SessionTable: StateTable {
    static let recordTypes = [MessageType.session]
    private static let indexName = "sessions"

    func sections() -> [any SnapshotSection] { [TreeSection(MessageType.session, sessions) { $0 }] }

    mutating func restore(_ record: inout SnapshotRecord) throws {
        let session = try record.read(Session.self)
        var changes = Changes()
        try insert(session, at: max(index, session.raftIndex.modifyIndex), &changes)
    }

    func indexes(in store: StateStore) -> [(name: String, value: UInt64)] {
        [(Self.indexName, index)]
    }

    mutating func restoreIndex(_ name: String, _ value: UInt64) -> Bool {
        guard name == Self.indexName else { return false }
        index = max(index, value)
        return true
    }

    func checkInvariants(in store: StateStore) {
        sessions.checkInvariants()
        byNode.checkInvariants()
        byCheck.checkInvariants()
        precondition(
            byNode.count == sessions.count, "\(byNode.count) of \(sessions.count) by node")
    }
}

extension TableSet {
    package static let sessions = TableSet(rawValue: 1 << 3)
}

extension RegionKind {
    /// A session, by its ID.
    package static let session = RegionKind("session")
    /// The sessions of a node.
    package static let nodeSessions = RegionKind("node-sessions")
}

/// Session IDs are compared as the bytes that their digits represent.
package enum SessionID {
    /// Parses a session ID.
    ///
    /// - Throws: `badSessionID`, with Consul's words, for a text that is no UUID. The positions of
    ///   the hyphens do not matter, as there.
    static func bytes(of id: String) throws(ConsulStateError) -> [UInt8] {
        let text = Array(id.utf8)
        guard text.count == 36 else { throw .badSessionID("UUID must be 36 characters") }
        let digits = text.filter { $0 != UInt8(ascii: "-") }
        guard digits.count >= 32 else {
            throw .badSessionID(
                "UUID should have maximum of 4 \"-\"; got \(text.count - digits.count)")
        }
        guard digits.count % 2 == 0 else {
            throw .badSessionID("Input (without hyphens) must be even length")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            bytes.append(try digit(digits[index]) << 4 | digit(digits[index + 1]))
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) throws(ConsulStateError) -> UInt8 {
        switch byte {
        case 0x30...0x39: return byte - 0x30
        case 0x41...0x46: return byte - 0x41 + 10
        case 0x61...0x66: return byte - 0x61 + 10
        default:
            let hex = String(byte, radix: 16, uppercase: true)
            let code = String(repeating: "0", count: 4 - hex.count) + hex
            let shown = (0x20..<0x7F).contains(byte) ? " '\(Character(Unicode.Scalar(byte)))'" : ""
            throw .badSessionID("Invalid UUID: encoding/hex: invalid byte: U+\(code)\(shown)")
        }
    }
}
