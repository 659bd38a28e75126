import ConsulModel
import Primitives
import Testing
import Wire

/// Requests and replies in MessagePack, as HashiCorp's servers and agents write them.
@Suite struct RequestCodecTests {
    private func bytes(_ text: String) -> [UInt8] {
        let digits = text.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") }
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
    }

    /// The request of a client agent's anti-entropy. Its `MaxStaleDuration` affects the client
    /// alone, and is 0 in ours.
    @Test func nodeRequestBytesEqualAnAgents() throws {
        let sent = """
            8d aa416c6c6f775374616c65 c3 aa4461746163656e746572 a3646331 a646696c746572 a0
            a64d6178416765 00 ac4d6178517565727954696d65 00
            b04d61785374616c654475726174696f6e MAX ad4d696e5175657279496e646578 00
            ae4d757374526576616c6964617465 c2 a44e6f6465 a4636c6931
            b152657175697265436f6e73697374656e74 c2 ac5374616c6549664572726f72 00
            a5546f6b656e a0 a85573654361636865 c2
            """
        let theirs = bytes(sent.replacing("MAX", with: "ce77359400"))
        let request: NodeSpecificRequest = try MessagePackReader.decode(from: theirs)
        #expect(request.node == "cli1" && request.datacenter == "dc1")
        #expect(request.options.consistency == .stale)
        #expect(MessagePackWriter.encode(request) == bytes(sent.replacing("MAX", with: "00")))
    }

    @Test func replyWithoutANodeBytesEqualAServers() throws {
        let sent = bytes(
            """
            85 b0436f6e73697374656e63794c6576656c a0 a5496e646578 01
            ab4b6e6f776e4c6561646572 c3 ab4c617374436f6e74616374 00
            ac4e6f64655365727669636573 82 a44e6f6465 c0 a85365727669636573 c0
            """)
        let reply: IndexedNodeServiceList = try MessagePackReader.decode(from: sent)
        #expect(reply.value == NodeServiceList() && reply.meta.index == 1)
        #expect(MessagePackWriter.encode(reply) == sent)
    }

    @Test func keyWriteBytesEqualAnAgents() throws {
        let sent = bytes(
            """
            84 aa4461746163656e746572 a3646331
            a6446972456e74 87 ab437265617465496e646578 00 a5466c616773 2a a34b6579 a3666f6f
            a94c6f636b496e646578 00 ab4d6f64696679496e646578 00 a753657373696f6e a0
            a556616c7565 a568656c6c6f a24f70 a3736574 a5546f6b656e a0
            """)
        let request: KVSRequest = try MessagePackReader.decode(from: sent)
        #expect(request.entry.key == "foo" && request.entry.value.text == "hello")
        #expect(MessagePackWriter.encode(request) == sent)
    }

    /// The single tag of old clients, with and without the flag that enables it.
    @Test(arguments: [(true, ["v1"]), (false, [])])
    func aSingleTagCountsWithItsFlag(_ filters: Bool, _ expected: [String]) throws {
        struct Old: Record {
            var name = "web"
            var tag = "v1"
            var filters = false
            init() {}
            mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
                try visit.field("ServiceName", &name)
                try visit.field("ServiceTag", &tag)
                try visit.field("TagFilter", &filters)
            }
        }
        var old = Old()
        old.filters = filters
        let request: ServiceSpecificRequest = try MessagePackReader.decode(
            from: MessagePackWriter.encode(old))
        #expect(request.serviceName == "web" && request.tags == expected)
    }

    @Test func everyRequestSurvivesTheWire() throws {
        var options = QueryOptions()
        options.datacenter = "dc2"
        options.token = "secret"
        options.minQueryIndex = 7
        options.maxQueryTime = .seconds(3)
        options.consistency = .consistent
        options.filter = "a == b"
        try check(DatacentersRequest(options), without: \.datacenter)
        try check(NodeSpecificRequest("n", options))
        try check(SessionSpecificRequest("s", options))
        var list = KeyListRequest("p/", options)
        (list.separator, list.depth, list.limit, list.startAfter) = ("/", 2, 3, "p/a")
        try check(list)
        var key = KeyRequest("k", options)
        (key.limit, key.startAfter, key.wantsHash) = (3, "j", true)
        try check(key)
        options.nodeMeta = ["a": "b"]
        options.source.node = "n"
        options.source.ip = "127.0.0.1"
        try check(DCSpecificRequest(options))
        try check(ChecksInStateRequest("critical", options))
        var service = ServiceSpecificRequest("web", options)
        (service.tags, service.connect, service.passingOnly) = (["a", "b"], true, true)
        try check(service)
    }

    private func check<Request: ReadRequest>(
        _ request: Request, without absent: WritableKeyPath<Request, String>? = nil
    ) throws {
        var expected = request
        if let absent { expected[keyPath: absent] = "" }
        let read: Request = try MessagePackReader.decode(from: MessagePackWriter.encode(request))
        #expect(read == expected)
    }
}
