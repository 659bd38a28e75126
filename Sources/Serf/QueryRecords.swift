internal import Primitives
internal import Wire

/// A query in gossip (type 4).
struct QueryRecord: Record, Hashable, Sendable {
    /// Bits of `flags`.
    static let wantsAcks: UInt64 = 1
    static let isNotGossiped: UInt64 = 2

    var lTime: UInt64 = 0
    /// Random, 31 bits.
    var id: UInt64 = 0
    /// The address for answers.
    var address = Bytes()
    var port: UInt64 = 0
    var sourceNode = ""
    /// All must match; see `QueryFilter`.
    var filters: [Bytes] = []
    var flags: UInt64 = 0
    var relayFactor: UInt64 = 0
    var timeout = GoDuration.zero
    var name = ""
    var payload = Bytes()
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LTime", &lTime)
        try visit.field("ID", &id)
        try visit.field("Addr", &address)
        try visit.field("Port", &port)
        try visit.field("SourceNode", &sourceNode)
        try visit.field("Filters", &filters)
        try visit.field("Flags", &flags)
        try visit.field("RelayFactor", &relayFactor)
        try visit.field("Timeout", &timeout)
        try visit.field("Name", &name)
        try visit.field("Payload", &payload)
    }

    /// The name of this query in the pool; nil when the number has more than 32 bits.
    var queryID: QueryID? { UInt32(exactly: id).map { QueryID(lTime: lTime, id: $0) } }

    /// The address for answers; nil when it cannot be one.
    var source: TransportAddress? {
        UInt16(exactly: port).flatMap { TransportAddress(bytes: address.array, port: $0) }
    }
}

/// An acknowledgement of a query, or an answer to it (type 5): a datagram to the asking node.
struct QueryResponseRecord: Record, Hashable, Sendable {
    static let isAck: UInt64 = 1

    var lTime: UInt64 = 0
    var id: UInt64 = 0
    var from = ""
    var flags: UInt64 = 0
    var payload = Bytes()
    init() {}

    init(to query: QueryID, from name: String, flags: UInt64 = 0, payload: [UInt8] = []) {
        lTime = query.lTime
        id = UInt64(query.id)
        from = name
        self.flags = flags
        self.payload = Bytes(payload)
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LTime", &lTime)
        try visit.field("ID", &id)
        try visit.field("From", &from)
        try visit.field("Flags", &flags)
        try visit.field("Payload", &payload)
    }
}

/// The head of a message that another member carries (type 9). The message follows it.
struct RelayHeader: Record, Hashable, Sendable {
    var destination = DatagramAddress()
    /// Empty from Serf before 0.8.
    var destinationName = ""
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("DestAddr", &destination)
        try visit.field("DestName", &destinationName)
    }

    /// Returns a relayed message.
    static func wrap(_ message: [UInt8], to address: TransportAddress, name: String) -> [UInt8] {
        var header = RelayHeader()
        header.destination.ip = Bytes(address.bytes)
        header.destination.port = UInt64(address.port)
        header.destinationName = name
        return SerfMessageType.relay.encode(header) + message
    }

    /// Splits a relayed message.
    static func unwrap(
        _ message: [UInt8]
    ) throws -> (header: RelayHeader, message: ArraySlice<UInt8>) {
        var reader = MessagePackReader(message, from: 1)
        var header = RelayHeader()
        try reader.record(&header)
        return (header, message[reader.offset...])
    }
}

/// An address as Go writes it.
struct DatagramAddress: Record, Hashable, Sendable {
    var ip = Bytes()
    var port: UInt64 = 0
    var zone = ""
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("IP", &ip)
        try visit.field("Port", &port)
        try visit.field("Zone", &zone)
    }

    /// Nil when it cannot be an address.
    var address: TransportAddress? {
        UInt16(exactly: port).flatMap { TransportAddress(bytes: ip.array, port: $0) }
    }
}
