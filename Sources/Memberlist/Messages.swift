internal import Primitives
package import Wire

// Numbers are `Int`, since MessagePack has one form for them; the accessors check their ranges.

/// Asks a node for an `Ack`.
package struct Ping: Record, Sendable, Hashable {
    package var sequence = 0
    /// The receiver's name: another node at its address ignores the ping.
    package var node = ""
    package var source = PingSource()
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("SeqNo", &sequence)
        try visit.field("Node", &node)
        try visit.embed(&source)
    }
}

/// The address for the answer to a ping; without it the answer goes to the packet's source.
package struct PingSource: Record, Sendable, Hashable {
    package var address = Bytes()
    package var port = 0
    package var node = ""
    package init() {}

    init(_ address: TransportAddress, node: String) {
        self.address = Bytes(address.bytes)
        port = Int(address.port)
        self.node = node
    }

    /// The three are absent when empty.
    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("SourceAddr", &address, .beyond)
        try visit.field("SourcePort", &port, .beyond)
        try visit.field("SourceNode", &node, .beyond)
    }

    var transportAddress: TransportAddress? {
        guard let port = UInt16(exactly: port), port > 0 else { return nil }
        return TransportAddress(bytes: address.array, port: port)
    }
}

/// Asks a node to ping another one, and to forward its ack.
package struct IndirectPing: Record, Sendable, Hashable {
    package var sequence = 0
    package var target = Bytes()
    package var port = 0
    package var node = ""
    /// True when the sender expects a `Nack` if no ack comes.
    package var wantsNack = false
    package var source = PingSource()
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("SeqNo", &sequence)
        try visit.field("Target", &target)
        try visit.field("Port", &port)
        try visit.field("Node", &node)
        try visit.field("Nack", &wantsNack)
        try visit.embed(&source)
    }
}

/// Answers a ping.
package struct Ack: Record, Sendable, Hashable {
    package var sequence = 0
    package var payload = Bytes()
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("SeqNo", &sequence)
        try visit.field("Payload", &payload)
    }
}

/// Answers an indirect ping whose target did not answer: the path to the relay works.
package struct Nack: Record, Sendable, Hashable {
    package var sequence = 0
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("SeqNo", &sequence)
    }
}

/// Claims that a member has failed, or confirms another one's claim.
package struct Suspect: Record, Sendable, Hashable {
    package var incarnation = 0
    package var node = ""
    package var from = ""
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Incarnation", &incarnation)
        try visit.field("Node", &node)
        try visit.field("From", &from)
    }
}

/// Claims that a member is dead, or has left: then it is the claim's own source.
package struct Dead: Record, Sendable, Hashable {
    package var incarnation = 0
    package var node = ""
    package var from = ""
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Incarnation", &incarnation)
        try visit.field("Node", &node)
        try visit.field("From", &from)
    }
}

/// Announces a member, its address and meta.
package struct Alive: Record, Sendable, Hashable {
    package var incarnation = 0
    package var node = ""
    package var address = Bytes()
    package var port = 0
    package var meta = Bytes()
    package var versions = Bytes()
    package init() {}

    init(_ member: PoolMember) {
        incarnation = Int(member.incarnation)
        node = member.name
        address = Bytes(member.address.bytes)
        port = Int(member.address.port)
        meta = Bytes(member.meta)
        versions = Bytes(member.versions.bytes)
    }

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Incarnation", &incarnation)
        try visit.field("Node", &node)
        try visit.field("Addr", &address)
        try visit.field("Port", &port)
        try visit.field("Meta", &meta)
        try visit.field("Vsn", &versions)
    }
}

/// Begins a push/pull.
package struct PushPullHeader: Record, Sendable, Hashable {
    package var nodes = 0
    package var userStateLength = 0
    package var isJoin = false
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Nodes", &nodes)
        try visit.field("UserStateLen", &userStateLength)
        try visit.field("Join", &isJoin)
    }
}

/// A member in a push/pull.
package struct PushNodeState: Record, Sendable, Hashable {
    package var name = ""
    package var address = Bytes()
    package var port = 0
    package var meta = Bytes()
    package var incarnation = 0
    package var state = 0
    package var versions = Bytes()
    package init() {}

    init(_ member: PoolMember) {
        name = member.name
        address = Bytes(member.address.bytes)
        port = Int(member.address.port)
        meta = Bytes(member.meta)
        incarnation = Int(member.incarnation)
        state = Int(member.state.rawValue)
        versions = Bytes(member.versions.bytes)
    }

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Addr", &address)
        try visit.field("Port", &port)
        try visit.field("Meta", &meta)
        try visit.field("Incarnation", &incarnation)
        try visit.field("State", &state)
        try visit.field("Vsn", &versions)
    }
}

/// Begins a user message on a stream; that many bytes follow.
package struct UserStreamHeader: Record, Sendable, Hashable {
    package var length = 0
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("UserMsgLen", &length)
    }
}

/// Answers a stream frame that could not be read.
package struct ErrorReply: Record, Sendable, Hashable {
    package var error = ""
    package init() {}
    init(error: String) { self.error = error }

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Error", &error)
    }
}

/// Holds another message, or several, in compressed form.
package struct Compressed: Record, Sendable, Hashable {
    /// The number of LZW, the only algorithm.
    static let lzw = 0
    package var algorithm = Self.lzw
    package var content = Bytes()
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Algo", &algorithm)
        try visit.field("Buf", &content)
    }

    /// Returns a compressed message that holds `message`.
    ///
    /// - Parameter ifShorter: returns nil unless the result is shorter than the message.
    static func wrap(_ message: [UInt8], ifShorter: Bool) -> [UInt8]? {
        // The type, the two keys, the algorithm, and the least header of the content.
        let overhead = 13
        let limit = ifShorter ? message.count - overhead : .max
        guard limit > 0, let content = LZWCompressor.compress(message, limit: limit) else {
            return nil
        }
        var record = Compressed()
        record.content = Bytes(content)
        let wrapped = MessageType.compressed.encode(record)
        return ifShorter && wrapped.count >= message.count ? nil : wrapped
    }

    /// Returns the content, expanded.
    func expand(limit: Int) throws(CodecFault) -> [UInt8] {
        guard algorithm == Self.lzw else {
            throw CodecFault("Cannot decompress unknown algorithm \(algorithm)")
        }
        return try LZWExpander.expand(content.array[...], limit: limit)
    }
}
