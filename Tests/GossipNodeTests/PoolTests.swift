import GossipNode
import Logging
import Memberlist
import NIOCore
import NIOPosix
import Platform
import Primitives
import Serf
import Synchronization
import TestKit
import Testing

/// Collects the events of one node.
final class EventLog: Sendable {
    private let events = Mutex<[SerfEvent]>([])
    func add(_ event: SerfEvent) { events.withLock { $0.append(event) } }
    var all: [SerfEvent] { events.withLock { $0 } }
    var userNames: [String] {
        all.compactMap { if case .user(let message) = $0 { message.name } else { nil } }
    }
}

/// Nodes on 127.0.0.1 with ports that the system chooses. `stop` must be called.
final class TestPool {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    private(set) var nodes: [GossipNode] = []
    private(set) var logs: [EventLog] = []

    /// Short times, so that a death is known within a second.
    static var quick: MemberlistOptions {
        var options = MemberlistOptions.lan
        options.probeInterval = .milliseconds(100)
        options.probeTimeout = .milliseconds(50)
        options.gossipInterval = .milliseconds(20)
        options.suspicionMultiplier = 3
        return options
    }

    @discardableResult
    func add(
        _ name: String, tags: [String: String] = [:],
        _ change: (inout GossipSetup) -> Void = { _ in }
    ) async throws -> GossipNode {
        let loopback = try #require(TransportAddress("127.0.0.1:0"))
        var options = SerfOptions(memberlist: Self.quick)
        options.leavePropagateDelay = .milliseconds(50)
        options.matches = { $0 == $1 }
        let log = EventLog()
        var setup = GossipSetup(
            name: name, bind: loopback, advertise: loopback, tags: tags, options: options,
            seed: UInt64(nodes.count) + 1,
            logger: Logger(label: name) { _ in
                SwiftLogNoOpLogHandler()
            })
        setup.onEvent = { log.add($0) }
        change(&setup)
        let node = try await GossipNode.start(setup, on: group.next())
        nodes.append(node)
        logs.append(log)
        return node
    }

    func join(_ node: GossipNode, to other: GossipNode) async -> Int {
        await node.join([other.localMember.address]).joined
    }

    func stop() async {
        for node in nodes { await node.stop() }
        try? await group.shutdownGracefully()
    }
}

extension GossipNode {
    /// The members by name, with their status: `a=alive b=failed`.
    var summary: String {
        members.map { "\($0.name)=\($0.status.name)" }.joined(separator: " ")
    }
}

/// Real sockets on the loopback.
@Suite(.serialized) struct PoolTests {
    private func withPool(_ body: (TestPool) async throws -> Void) async throws {
        let pool = TestPool()
        do {
            try await body(pool)
        } catch {
            await pool.stop()
            throw error
        }
        await pool.stop()
    }

    @Test func membersJoinAndLearnOfEachOther() async throws {
        try await withPool { pool in
            let (a, b, c) = (
                try await pool.add("a", tags: ["dc": "x"]), try await pool.add("b"),
                try await pool.add("c")
            )
            #expect(await pool.join(b, to: a) == 1)
            #expect(await pool.join(c, to: b) == 1)
            for node in [a, b, c] {
                try await eventually("\(node.localMember.name) knows all") {
                    node.summary == "a=alive b=alive c=alive"
                }
            }
            #expect(c.members[0].tags == ["dc": "x"])
        }
    }

    @Test func aDeadMemberFailsAndOneThatLeavesHasLeft() async throws {
        try await withPool { pool in
            let (a, b, c) = (
                try await pool.add("a"), try await pool.add("b"), try await pool.add("c")
            )
            #expect(await pool.join(b, to: a) == 1)
            #expect(await pool.join(c, to: a) == 1)
            try await eventually("a knows all") { a.summary == "a=alive b=alive c=alive" }
            await b.stop()
            await c.leave()
            try await eventually("a knows of both ends") {
                a.summary == "a=alive b=failed c=left"
            }
            let changes = pool.logs[0].all.compactMap { event -> String? in
                guard case .member(let change, let member) = event else { return nil }
                return "\(change.rawValue) \(member.name)"
            }
            #expect(changes.contains("EventMemberFailed b"), "\(changes)")
            #expect(changes.contains("EventMemberLeave c"), "\(changes)")
        }
    }

    @Test func eventsAndQueriesReachEveryMember() async throws {
        try await withPool { pool in
            let (a, b) = (try await pool.add("a"), try await pool.add("b"))
            #expect(await pool.join(b, to: a) == 1)
            try await eventually("both know both") { a.members.count == 2 && b.members.count == 2 }
            a.fire(name: "deploy", payload: [1], coalesces: false) { #expect($0 == nil) }
            for log in pool.logs {
                try await eventually("the event arrives") { log.userNames == ["deploy"] }
            }
            let acks = Mutex<Set<String>>([])
            let isOver = Atomic(false)
            var request = QueryRequest(name: "_serf_ping")
            request.wantsAcks = true
            request.timeout = .seconds(5)
            _ = try await b.query(request) { progress in
                switch progress {
                case .ack(let member): _ = acks.withLock { $0.insert(member) }
                case .response: break
                case .ended: isOver.store(true, ordering: .relaxed)
                }
            }
            try await eventually("both confirm") { acks.withLock { $0 } == ["a", "b"] }
            let hasEnded = isOver.load(ordering: .relaxed)
            #expect(!hasEnded)
        }
    }

    @Test func keysAreWrittenToAPrivateFileAndRead() async throws {
        let folder = try TestFolder("gossip")
        defer { withExtendedLifetime(folder) {} }
        let path = "\(folder.path)/local.keyring"
        let key = [UInt8](repeating: 7, count: 32)
        let keyring = try #require(Keyring(keys: [key], primary: key))
        try KeyringFile.write(keyring, to: path)
        #expect(try KeyringFile.read(path) == keyring)
        #expect(try KeyringFile.read("\(folder.path)/none") == nil)
        try AtomicFile.write(path, Array(#"["AAAA"]"#.utf8))
        #expect(throws: GossipError.self) { try KeyringFile.read(path) }
    }

    @Test func anEncryptedPoolRefusesOthers() async throws {
        try await withPool { pool in
            let key = [UInt8](repeating: 1, count: 16)
            let keyring = try #require(Keyring(keys: [key], primary: key))
            let a = try await pool.add("a") { $0.codec.keyring = keyring }
            let b = try await pool.add("b") { $0.codec.keyring = keyring }
            let stranger = try await pool.add("s")
            #expect(await pool.join(b, to: a) == 1)
            #expect(await pool.join(stranger, to: a) == 0)
            try await eventually("both know both") { a.members.count == 2 && b.members.count == 2 }
            #expect(a.summary == "a=alive b=alive")
        }
    }

    @Test func aRestartedNodeFindsItsPool() async throws {
        let folder = try TestFolder("gossip")
        defer { withExtendedLifetime(folder) {} }
        let path = "\(folder.path)/local.snapshot"
        try await withPool { pool in
            let (a, b) = (
                try await pool.add("a"), try await pool.add("b") { $0.snapshotPath = path }
            )
            #expect(await pool.join(b, to: a) == 1)
            try await eventually("both know both") { b.members.count == 2 }
            await b.stop()
            let again = try await pool.add("b") { $0.snapshotPath = path }
            #expect(again.formerMembers.contains(a.localMember.address))
        }
    }

    @Test func addressesOfOperatorsAreParsed() {
        let texts: [(String, String?, Int)] = [
            ("10.0.0.1", "10.0.0.1", 8301), ("10.0.0.1:99", "10.0.0.1", 99),
            ("[::1]:99", "::1", 99), ("::1", "::1", 8301), ("[::1]", "::1", 8301),
            ("host", "host", 8301), ("name/host:7", "host", 7), ("host:x", nil, 0),
            ("host:0", nil, 0), ("host:70000", nil, 0), ("", nil, 0),
        ]
        for (text, host, port) in texts {
            let target = JoinTarget(text, defaultPort: 8301)
            #expect(target?.host == host, "\(text)")
            if host != nil { #expect(target?.port == port, "\(text)") }
        }
    }
}
