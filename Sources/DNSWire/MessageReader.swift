extension DNSMessage {
    /// Parses a complete message.
    /// - Throws: a `DNSWireError` for any violation of RFC 1035 and 6891.
    package init(_ bytes: [UInt8]) throws(DNSWireError) {
        guard let header = DNSHeader(bytes) else { throw .truncated }
        self.init(
            id: header.id, flags: header.flags, opcode: header.opcode,
            code: ResponseCode(rawValue: UInt16(header.code)))
        var reader = MessageReader(bytes)
        for _ in 0..<header.questions { questions.append(try reader.question()) }
        for _ in 0..<header.answers { answers.append(try reader.record()) }
        for _ in 0..<header.authorities { authorities.append(try reader.record()) }
        for _ in 0..<header.additionals {
            if let options = try reader.options() {
                guard edns == nil else { throw .wrongOptions }
                edns = options
                code.rawValue |= UInt16(options.extendedCode) << 4
            } else {
                additionals.append(try reader.record())
            }
        }
        guard reader.isAtEnd else { throw .trailingBytes }
    }
}

/// Parses the parts of a message in their order. Every step advances, and a count of the header is
/// used only as far as octets follow.
struct MessageReader {
    private let bytes: [UInt8]
    private var position = Limits.headerBytes

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func question() throws(DNSWireError) -> DNSMessage.Question {
        let name = try name()
        let type = RecordType(rawValue: try word())
        return DNSMessage.Question(name, type, RecordClass(rawValue: try word()))
    }

    /// Parses the OPT record, if it is next; its name is the root's.
    mutating func options() throws(DNSWireError) -> EDNS? {
        guard position + 3 <= bytes.count, bytes[position] == 0, bytes[position + 1] == 0,
            bytes[position + 2] == UInt8(RecordType.opt.rawValue)
        else { return nil }
        position += 3
        var edns = EDNS(udpSize: try word())
        edns.extendedCode = try octet()
        edns.version = try octet()
        edns.isSecurityAware = try word() & 0x8000 != 0
        let end = try dataEnd()
        while position < end {
            guard end - position >= 4 else { throw .wrongRecordLength }
            let code = try word()
            let count = Int(try word())
            guard count <= end - position else { throw .wrongRecordLength }
            let data = Array(bytes[position..<position + count])
            edns.options.append(EDNS.Option(code: code, data: data))
            position += count
        }
        return edns
    }

    mutating func record() throws(DNSWireError) -> ResourceRecord {
        let name = try name()
        let type = RecordType(rawValue: try word())
        guard type != .opt else { throw .wrongOptions }
        let recordClass = RecordClass(rawValue: try word())
        let ttl = try longWord()
        let end = try dataEnd()
        let data = try data(type, end)
        guard position == end else { throw .wrongRecordLength }
        return ResourceRecord(name, ttl: ttl, data, recordClass: recordClass)
    }

    private mutating func dataEnd() throws(DNSWireError) -> Int {
        let count = Int(try word())
        guard count <= bytes.count - position else { throw .truncated }
        return position + count
    }

    /// A name in the data may extend beyond it only by a pointer backwards.
    private mutating func data(_ type: RecordType, _ end: Int) throws(DNSWireError) -> RecordData {
        switch type {
        case .a:
            guard end - position == 4 else { throw .wrongRecordLength }
            return .a(try longWord())
        case .aaaa:
            guard end - position == 16 else { throw .wrongRecordLength }
            return .aaaa(try quadWord(), try quadWord())
        case .ns: return .ns(try name())
        case .cname: return .cname(try name())
        case .ptr: return .ptr(try name())
        case .mx: return .mx(preference: try word(), try name())
        case .srv:
            return .srv(
                SRVData(
                    priority: try word(), weight: try word(), port: try word(),
                    target: try name()))
        case .soa:
            return .soa(
                SOAData(
                    server: try name(), mailbox: try name(), serial: try longWord(),
                    refresh: try longWord(), retry: try longWord(), expire: try longWord(),
                    minimumTTL: try longWord()))
        case .txt:
            var strings: [[UInt8]] = []
            while position < end {
                let count = Int(try octet())
                guard count <= end - position else { throw .wrongRecordLength }
                strings.append(Array(bytes[position..<position + count]))
                position += count
            }
            return .txt(strings)
        default:
            let octets = Array(bytes[position..<end])
            position = end
            return .opaque(type, octets)
        }
    }

    /// Parses a name, following its pointers. Each must point before the start of the part that it
    /// ends, so that no chain of them loops (RFC 1035, section 4.1.4).
    private mutating func name() throws(DNSWireError) -> DNSName {
        var name: [UInt8] = []
        name.reserveCapacity(32)
        var here = position
        var partStart = position
        var hasJumped = false
        while true {
            guard here < bytes.count else { throw .truncated }
            let length = Int(bytes[here])
            switch length >> 6 {
            case 0:
                guard here + 1 + length <= bytes.count else { throw .truncated }
                guard name.count + 1 + length <= Limits.nameBytesMax else { throw .nameTooLong }
                name.append(contentsOf: bytes[here...here + length])
                here += 1 + length
                if length == 0 {
                    if !hasJumped { position = here }
                    return DNSName(trusted: name)
                }
            case 3:
                guard here + 1 < bytes.count else { throw .truncated }
                let target = (length & 0x3F) << 8 | Int(bytes[here + 1])
                guard target < partStart, target >= Limits.headerBytes else { throw .wrongPointer }
                if !hasJumped { position = here + 2 }
                hasJumped = true
                here = target
                partStart = target
            default: throw .wrongLabel
            }
        }
    }

    private mutating func octet() throws(DNSWireError) -> UInt8 {
        guard position < bytes.count else { throw .truncated }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func word() throws(DNSWireError) -> UInt16 {
        guard position + 2 <= bytes.count else { throw .truncated }
        defer { position += 2 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    private mutating func longWord() throws(DNSWireError) -> UInt32 {
        UInt32(try word()) << 16 | UInt32(try word())
    }

    private mutating func quadWord() throws(DNSWireError) -> UInt64 {
        UInt64(try longWord()) << 32 | UInt64(try longWord())
    }
}
