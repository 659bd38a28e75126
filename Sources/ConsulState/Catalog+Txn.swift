internal import ConsulModel
internal import Primitives

// The verbs of a transaction over nodes, services and checks. A verb that throws may have changed a
// part: the transaction works on a copy.

/// The verbs that all three kinds have.
private enum CatalogVerb: String {
    case get, set, cas, delete
    case deleteCAS = "delete-cas"
}

extension Catalog {
    mutating func applyNode(
        _ operation: TxnNodeOperation, at index: UInt64, _ changes: inout Changes
    ) throws(TxnFault) -> [TxnResult] {
        let (wanted, verb) = (operation.node, CatalogVerb(rawValue: operation.verb))
        // The conditions use the name even where an ID is given, as in Consul.
        let existing = node(wanted.node)
        let isUnchanged = isUnchanged(existing?.raftIndex, since: wanted.raftIndex)
        switch verb {
        case .get: try refuseWrongID(wanted.id)
        case .cas where !isUnchanged:
            throw TxnFault("failed to set node \"\(wanted.node)\", index is stale")
        case .set, .cas:
            try refusing { () throws(ConsulStateError) in
                try ensureNode(wanted, at: index, &changes)
            }
        case .deleteCAS where existing == nil || !isUnchanged:
            throw TxnFault("failed to delete node \"\(wanted.node)\", index is stale")
        case .delete, .deleteCAS:
            deleteNode(wanted.node, at: index, &changes)
            return []
        case nil: throw TxnFault("unknown Node verb \"\(operation.verb)\"")
        }
        guard let node = found(wanted) else {
            throw TxnFault("node \"\(wanted.node)\" doesn't exist")
        }
        return [TxnResult(node: node)]
    }

    mutating func applyService(
        _ operation: TxnServiceOperation, at index: UInt64, _ changes: inout Changes
    ) throws(TxnFault) -> [TxnResult] {
        let (wanted, node) = (operation.service, operation.node)
        let subject = "service \"\(wanted.id)\" on node \"\(node)\""
        let existing = service(wanted.id, on: node)
        let isUnchanged = isUnchanged(existing?.raftIndex, since: wanted.raftIndex)
        switch CatalogVerb(rawValue: operation.verb) {
        case .get: break
        case .cas where !isUnchanged: throw TxnFault("failed to set \(subject), index is stale")
        case .set, .cas:
            let holder = try registered(node)
            try refusing { () throws(ConsulStateError) in
                try ensureService(wanted, on: holder, at: index, &changes)
            }
        case .deleteCAS where existing == nil || !isUnchanged:
            throw TxnFault("failed to delete \(subject), index is stale")
        case .delete, .deleteCAS:
            deleteService(wanted.id, on: node, at: index, &changes)
            return []
        case nil: throw TxnFault("unknown Service verb \"\(operation.verb)\"")
        }
        guard let service = service(wanted.id, on: node) else {
            throw TxnFault("\(subject) doesn't exist")
        }
        return [TxnResult(service: service)]
    }

    mutating func applyCheck(
        _ operation: TxnCheckOperation, at index: UInt64, _ changes: inout Changes
    ) throws(TxnFault) -> [TxnResult] {
        let wanted = operation.check
        let subject = "check \"\(wanted.checkID)\" on node \"\(wanted.node)\""
        let existing = check(wanted.checkID, on: wanted.node)
        let isUnchanged = isUnchanged(existing?.raftIndex, since: wanted.raftIndex)
        switch CatalogVerb(rawValue: operation.verb) {
        case .get: break
        case .cas where !isUnchanged: throw TxnFault("failed to set \(subject), index is stale")
        case .set, .cas:
            let holder = try registered(wanted.node)
            try refusing { () throws(ConsulStateError) in
                try ensureCheck(wanted, on: holder, at: index, &changes)
            }
        case .deleteCAS where existing == nil || !isUnchanged:
            throw TxnFault("failed to delete \(subject), index is stale")
        case .delete, .deleteCAS:
            deleteCheck(wanted.checkID, on: wanted.node, at: index, &changes)
            return []
        case nil: throw TxnFault("unknown Check verb \"\(operation.verb)\"")
        }
        guard let check = check(wanted.checkID, on: wanted.node) else {
            throw TxnFault("\(subject) doesn't exist")
        }
        return [TxnResult(check: check)]
    }

    private func refuseWrongID(_ id: String) throws(TxnFault) {
        guard !id.isEmpty, let reason = Self.fault(ofUUID: id) else { return }
        throw TxnFault("node lookup by ID failed, wrong UUID: \(reason) for '\(id)'")
    }

    /// Returns why a text is no UUID, in Consul's words; nil for a UUID.
    private static func fault(ofUUID text: String) -> String? {
        let bytes = Array(text.utf8)
        if bytes.count != 36 { return "uuid string is wrong length" }
        let hyphens = [8, 13, 18, 23]
        guard hyphens.allSatisfy({ bytes[$0] == UInt8(ascii: "-") }) else {
            return "uuid is improperly formatted"
        }
        for (offset, byte) in bytes.enumerated() where !hyphens.contains(offset) {
            if byte < 0x80, Character(Unicode.Scalar(byte)).isHexDigit { continue }
            let hex = String(byte, radix: 16, uppercase: true)
            let code = String(repeating: "0", count: 4 - hex.count) + hex
            return "encoding/hex: invalid byte: U+\(code) '\(Unicode.Scalar(byte))'"
        }
        return nil
    }

    /// Finds a node by its ID, where one is given, else by its name.
    private func found(_ wanted: Node) -> Node? {
        wanted.id.isEmpty ? node(wanted.node) : nodeName(ofID: wanted.id).flatMap { node($0) }
    }

    private func service(_ id: String, on node: String) -> NodeService? {
        instances[TableKey.of(node, id)]?.record.service
    }

    /// Returns the name under which the node is stored.
    private func registered(_ name: String) throws(TxnFault) -> String {
        guard let node = node(name) else { throw TxnFault(ConsulStateError.missingNode) }
        return node.node
    }

    /// Checks the condition of `cas` and `delete-cas`: 0 means that the record does not exist.
    private func isUnchanged(_ existing: RaftIndex?, since wanted: RaftIndex) -> Bool {
        (existing?.modifyIndex ?? 0) == wanted.modifyIndex
    }

    private func refusing(
        _ body: () throws(ConsulStateError) -> Void
    ) throws(TxnFault) {
        do { try body() } catch { throw TxnFault(error) }
    }
}
