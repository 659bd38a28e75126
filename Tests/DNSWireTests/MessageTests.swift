import Testing

@testable import DNSWire

@Suite struct MessageTests {
    /// A question as dig sends it: EDNS with a client subnet.
    static let question = hex(
        """
        1234 0120 0001 0000 0000 0001 03776562 0773657276696365 06636f6e73756c 00 0001 0001
        00 0029 04d0 00 00 0000 000b 0008 0007 0001 18 00 0a0102
        """)

    @Test func readsAQuestion() throws {
        let message = try DNSMessage(Self.question)
        #expect(message.id == 0x1234 && message.opcode == .query && message.code == .success)
        #expect(message.flags == [.recursionDesired, .authenticData])
        #expect(message.questions == [DNSMessage.Question(name("web.service.consul"), .a)])
        #expect(message.edns?.udpSize == 1232 && message.additionals.isEmpty)
        let subnet = try #require(message.edns?.clientSubnet)
        #expect(subnet.family == .four && subnet.sourcePrefix == 24 && subnet.scopePrefix == 0)
        #expect(subnet.address == [10, 1, 2])
        #expect(written(message) == Self.question)
    }

    static var answer: DNSMessage {
        let web = name("web.service.consul")
        let node = name("web1.node.dc1.consul")
        var message = DNSMessage(id: 0xBEEF, flags: [.response, .authoritative])
        message.questions = [DNSMessage.Question(web, .srv)]
        message.answers = [
            ResourceRecord(
                web, ttl: 3,
                .srv(SRVData(priority: 1, weight: 2, port: 80, target: node)))
        ]
        message.additionals = [
            ResourceRecord(node, ttl: 4, .a(0x0A00_0001)),
            ResourceRecord(node, ttl: 4, .aaaa(0xFD00_0000_0000_0000, 6)),
            ResourceRecord(node, ttl: 4, .txt([Array("rack=r1".utf8), []])),
        ]
        return message
    }

    @Test func namesArePointedTo() throws {
        let octets = written(Self.answer)
        #expect(
            octets
                == hex(
                    """
                    beef 8400 0001 0001 0000 0003
                    03776562 0773657276696365 06636f6e73756c 00 0021 0001
                    c00c 0021 0001 00000003 001c 0001 0002 0050
                    0477656231 046e6f6465 03646331 06636f6e73756c 00
                    c036 0001 0001 00000004 0004 0a000001
                    c036 001c 0001 00000004 0010 fd000000000000000000000000000006
                    c036 0010 0001 00000004 0009 077261636b3d7231 00
                    """))
        #expect(try DNSMessage(octets) == Self.answer)
        let full = written(Self.answer, compressing: false)
        #expect(try DNSMessage(full) == Self.answer)
        let counted = Self.answer.answers + Self.answer.additionals
        #expect(full.count == 12 + 20 + 4 + counted.reduce(0) { $0 + $1.uncompressedLength })
    }

    @Test func everyKindOfRecordRoundTrips() throws {
        let a = name("a.example.")
        let soa = SOAData(
            server: name("ns.example."), mailbox: name("host.example."), serial: 1, refresh: 2,
            retry: 3, expire: 4, minimumTTL: .max)
        var message = DNSMessage(
            id: 1, flags: [.response, .truncated, .recursionAvailable, .checkingDisabled],
            opcode: .notify, code: ResponseCode(rawValue: 0x123))
        message.questions = [
            DNSMessage.Question(a, RecordType(rawValue: 65280), RecordClass(rawValue: 9))
        ]
        message.answers = [
            ResourceRecord(a, ttl: 1, .cname(name("b.example."))),
            ResourceRecord(.root, ttl: 1, .ns(name("c.example."))),
            ResourceRecord(a, ttl: 1, .mx(preference: 7, .root)),
            ResourceRecord(a, ttl: 1, .ptr(a), recordClass: .chaos),
            ResourceRecord(a, ttl: 1, .opaque(RecordType(rawValue: 65280), [1, 2, 3])),
            ResourceRecord(a, ttl: 1, .opaque(RecordType(rawValue: 99), [])),
        ]
        message.authorities = [ResourceRecord(name("example"), ttl: 0, .soa(soa))]
        var edns = EDNS(udpSize: 4096)
        edns.extendedCode = 0x12
        edns.isSecurityAware = true
        edns.options = [EDNS.Option(code: 10, data: [1, 2]), EDNS.Option(code: 3, data: [])]
        message.edns = edns
        #expect(try DNSMessage(written(message)) == message)
        #expect(try DNSMessage(written(message, compressing: false)) == message)
    }

    @Test func caseIsEchoed() throws {
        var message = DNSMessage(id: 1)
        message.questions = [DNSMessage.Question(name("wEb.ConSul"), .a)]
        message.answers = [ResourceRecord(name("web.consul"), ttl: 0, .a(1))]
        let back = try DNSMessage(written(message))
        #expect(back == message && back.questions[0].name.description == "wEb.ConSul.")
    }

    @Test func longStringsAreCut() throws {
        var message = DNSMessage(id: 1)
        message.answers = [
            ResourceRecord(.root, ttl: 0, .txt([[UInt8](repeating: 65, count: 300)]))
        ]
        let back = try DNSMessage(written(message))
        #expect(back.answers[0].data == .txt([[UInt8](repeating: 65, count: 255)]))
    }

    @Test func namesBeyondAPointersReach() throws {
        var message = DNSMessage(id: 1, flags: [.response])
        for number in 0..<2000 {
            message.answers.append(
                ResourceRecord(name("n\(number % 1500).node.consul"), ttl: 0, .a(UInt32(number))))
        }
        let octets = written(message)
        #expect(octets.count < written(message, compressing: false).count)
        #expect(try DNSMessage(octets) == message)
    }

    // MARK: Rejected messages

    private func fault(_ octets: [UInt8]) -> DNSWireError? {
        do throws(DNSWireError) {
            _ = try DNSMessage(octets)
            return nil
        } catch {
            return error
        }
    }

    private static let oneQuestion = "0001 0000 0001 0000 0000 0000 "

    @Test func everyShorterMessageIsTruncated() {
        for count in Self.question.indices {
            #expect(fault(Array(Self.question[..<count])) == .truncated, "\(count)")
        }
        #expect(fault(Self.question + [0]) == .trailingBytes)
    }

    @Test func pointersLeadBackwards() {
        // Pointers to itself, forwards, into the header, to a pointer to itself.
        for pointer in ["c00c", "c00e", "c000", "c00b", "ffff"] {
            #expect(
                fault(hex(Self.oneQuestion + "\(pointer) 0001 0001")) == .wrongPointer,
                "\(pointer)")
        }
        // Two names that point to one another.
        let loop = "0001 0000 0002 0000 0000 0000 0161 c012 0001 0001 0162 c00c 0001 0001"
        #expect(fault(hex(loop)) == .wrongPointer)
        // A label, then a pointer into the part that it ends.
        #expect(fault(hex(Self.oneQuestion + "0161 c00c 0001 0001")) == .wrongPointer)
    }

    @Test func labelsAndNamesHaveBounds() {
        #expect(fault(hex(Self.oneQuestion + "4061 00 0001 0001")) == .wrongLabel)
        #expect(fault(hex(Self.oneQuestion + "8061 00 0001 0001")) == .wrongLabel)
        let label = "3f" + String(repeating: "61", count: 63)
        let four = label + label + label + label
        #expect(fault(hex(Self.oneQuestion + four + "00 0001 0001")) == .nameTooLong)
        // The name is too long through its pointers.
        let chain = "0001 0000 0002 0000 0000 0000 " + label + label + "00 0001 0001"
        #expect(fault(hex(chain + label + label + "c00c 0001 0001")) == .nameTooLong)
    }

    @Test func dataFitTheirType() {
        let head = "0001 8000 0000 0001 0000 0000 00 "
        for (wrong, error) in [
            ("0001 0001 00000000 0003 010203", DNSWireError.wrongRecordLength),
            ("001c 0001 00000000 0004 01020304", .wrongRecordLength),
            ("0010 0001 00000000 0002 0261", .wrongRecordLength),
            ("0005 0001 00000000 0003 016100", nil),
            ("0005 0001 00000000 0004 016100ff", .wrongRecordLength),
            ("0005 0001 00000000 0002 016100", .wrongRecordLength),
            ("0001 0001 00000000 0005 01020304", .truncated),
            ("0029 0001 00000000 0000", .wrongOptions),
        ] as [(String, DNSWireError?)] {
            #expect(fault(hex(head + wrong)) == error, "\(wrong)")
        }
        let options = "0001 0000 0000 0000 0000 0002 "
        let one = "00 0029 1000 00 00 0000 0000 "
        #expect(fault(hex(options + one + one)) == .wrongOptions)
        let cut = "0001 0000 0000 0000 0000 0001 00 0029 1000 00 00 0000 "
        #expect(fault(hex(cut + "0003 000801")) == .wrongRecordLength)
        #expect(fault(hex(cut + "0004 00080001")) == .wrongRecordLength)
    }

    @Test func subnets() {
        #expect(ClientSubnet(hex("0001 18 00 0a0102"))?.address == [10, 1, 2])
        #expect(ClientSubnet(hex("0001 14 00 0a01ff"))?.address == [10, 1, 0xF0])
        #expect(ClientSubnet(hex("0002 00 00"))?.address == [])
        for wrong in ["", "0001 18", "0001 18 00 0a01", "0001 21 00 0a010203ff", "0003 08 00 0a"] {
            #expect(ClientSubnet(hex(wrong)) == nil, "\(wrong)")
        }
        for (option, isMalformed) in [
            ("", true), ("0001 18", true), ("0001 21 00 0a010203ff", true), ("0003 08 00 0a", true),
            ("0000 08 00 0a", true), ("0000 00 00", false), ("0001 18 00 0a0102", false),
            ("0002 81 00", true), ("0001 18 00 0a01", false),
        ] {
            var edns = EDNS(udpSize: 1232)
            edns.options = [EDNS.Option(code: 10, data: [1]), .init(code: 8, data: hex(option))]
            #expect(edns.hasMalformedSubnet == isMalformed, "\(option)")
        }
        let subnet = ClientSubnet(hex("0002 30 10 fd0000000001"))
        #expect(subnet?.option.data == hex("0002 30 10 fd0000000001"))
    }
}
