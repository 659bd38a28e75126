/// A question or an answer to one (RFC 1035, section 4).
package struct DNSMessage: Hashable, Sendable {
    package var id: UInt16
    package var flags: Flags
    package var opcode: Opcode
    /// All twelve bits, where EDNS carries the upper eight.
    package var code: ResponseCode
    package var questions: [Question] = []
    package var answers: [ResourceRecord] = []
    package var authorities: [ResourceRecord] = []
    /// Without the OPT record, which is `edns`.
    package var additionals: [ResourceRecord] = []
    package var edns: EDNS?

    package init(
        id: UInt16, flags: Flags = [], opcode: Opcode = .query, code: ResponseCode = .success
    ) {
        self.id = id
        self.flags = flags
        self.opcode = opcode
        self.code = code
    }

    /// The header's bits that are neither opcode nor code.
    package struct Flags: OptionSet, Hashable, Sendable {
        package var rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue & 0x87F0 }

        package static let response = Flags(rawValue: 0x8000)
        package static let authoritative = Flags(rawValue: 0x0400)
        package static let truncated = Flags(rawValue: 0x0200)
        package static let recursionDesired = Flags(rawValue: 0x0100)
        package static let recursionAvailable = Flags(rawValue: 0x0080)
        package static let authenticData = Flags(rawValue: 0x0020)
        package static let checkingDisabled = Flags(rawValue: 0x0010)
    }

    package struct Question: Hashable, Sendable {
        package var name: DNSName
        package var type: RecordType
        package var questionClass: RecordClass
        package init(_ name: DNSName, _ type: RecordType, _ questionClass: RecordClass = .internet)
        {
            self.name = name
            self.type = type
            self.questionClass = questionClass
        }
    }
}

/// The twelve octets of the header, for judging a message that cannot be parsed.
package struct DNSHeader: Hashable, Sendable {
    package var id: UInt16
    package var flags: DNSMessage.Flags
    package var opcode: Opcode
    package var code: UInt8
    package var questions: Int
    package var answers: Int
    package var authorities: Int
    package var additionals: Int

    /// Returns nil for fewer than twelve octets.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Limits.headerBytes else { return nil }
        func word(_ offset: Int) -> UInt16 {
            UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
        }
        id = word(0)
        flags = DNSMessage.Flags(rawValue: word(2))
        opcode = Opcode(rawValue: (bytes[2] >> 3) & 15)
        code = bytes[3] & 15
        questions = Int(word(4))
        answers = Int(word(6))
        authorities = Int(word(8))
        additionals = Int(word(10))
    }
}
