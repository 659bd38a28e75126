internal import Memberlist
internal import Primitives
internal import Wire

/// A member as a node knows it (type 6): its vote about the owner of a name. Nil for a node that
/// does not know the name.
struct ConflictRecord: Record, Hashable, Sendable {
    var name = ""
    var address = Bytes()
    var port: UInt64 = 0
    var tags: [String: String] = [:]
    var status: UInt64 = 0
    /// Minimum, maximum and spoken version of memberlist's protocol, then of Serf's.
    var versions: [UInt64] = [0, 0, 0, 0, 0, 0]
    init() {}

    init(_ member: SerfMember) {
        name = member.name
        address = Bytes(member.address.bytes)
        port = UInt64(member.address.port)
        tags = member.tags
        status = UInt64(member.status.rawValue)
        versions = member.versions.bytes.map { UInt64($0) }
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Addr", &address)
        try visit.field("Port", &port)
        try visit.field("Tags", &tags)
        try visit.field("Status", &status)
        try visit.field("ProtocolMin", &versions[0])
        try visit.field("ProtocolMax", &versions[1])
        try visit.field("ProtocolCur", &versions[2])
        try visit.field("DelegateMin", &versions[3])
        try visit.field("DelegateMax", &versions[4])
        try visit.field("DelegateCur", &versions[5])
    }

    /// Nil when it cannot be an address.
    var transportAddress: TransportAddress? {
        UInt16(exactly: port).flatMap { TransportAddress(bytes: address.array, port: $0) }
    }

    /// Returns the vote of a node, with its first byte.
    static func encode(_ member: SerfMember?) -> [UInt8] {
        member.map { SerfMessageType.conflictResponse.encode(ConflictRecord($0)) }
            ?? [SerfMessageType.conflictResponse.rawValue, 0xC0]
    }
}
