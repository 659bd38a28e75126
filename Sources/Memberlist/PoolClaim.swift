internal import Primitives
internal import Wire

/// A claim about a member whose numbers and names are checked: that it is suspect, or dead.
struct PoolClaim: Sendable, Hashable {
    let name: String
    let incarnation: UInt32
    let from: String

    init(name: String, incarnation: UInt32, from: String) {
        self.name = name
        self.incarnation = incarnation
        self.from = from
    }

    /// - Returns: nil for a number or a name that no member can have.
    init?(name: String, incarnation: Int, from: String) {
        guard let incarnation = UInt32(exactly: incarnation), Self.isName(name),
            Self.isName(from)
        else { return nil }
        self.init(name: name, incarnation: incarnation, from: from)
    }

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= Limits.nameBytesMax
    }

    var suspect: Suspect {
        var record = Suspect()
        (record.incarnation, record.node, record.from) = (Int(incarnation), name, from)
        return record
    }

    var dead: Dead {
        var record = Dead()
        (record.incarnation, record.node, record.from) = (Int(incarnation), name, from)
        return record
    }
}

extension PoolMember {
    /// The field that keeps a record of the network from being a member.
    enum Invalid: Error {
        case name, incarnation, address, meta, versions
    }

    /// Makes a member of a record, after checks of its fields.
    ///
    /// - Parameter port: used for a record with port 0, which means the receiver's own.
    init(_ alive: Alive, port: UInt16) throws(Invalid) {
        guard PoolClaim.isName(alive.node) else { throw .name }
        guard let incarnation = UInt32(exactly: alive.incarnation) else { throw .incarnation }
        guard let wirePort = UInt16(exactly: alive.port),
            let address = TransportAddress(
                bytes: alive.address.array, port: wirePort == 0 ? port : wirePort),
            !address.isUnspecified
        else { throw .address }
        guard alive.meta.count <= Limits.metaBytesMax else { throw .meta }
        guard let versions = VersionVector(bytes: alive.versions.array) else { throw .versions }
        self.init(
            name: alive.node, address: address, meta: alive.meta.array, versions: versions,
            incarnation: incarnation)
    }
}
