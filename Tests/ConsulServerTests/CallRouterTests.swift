import ConsulModel
import Primitives
import Raft
import RaftKit
import RaftNode
import Synchronization
import Testing
import Wire

@testable import ConsulServer

/// The one step that decides where a call is answered and whether its token allows it.
@Suite(.timeLimit(.minutes(2))) struct CallRouterTests {
    /// Forwards calls, as bytes, to the servers that it has.
    private final class Relay: CallForwarder {
        struct State {
            var targets: [CallDestination: ServerBackend] = [:]
            var forwarded: [String] = []
        }
        let state = Mutex(State())

        func reaches(_ destination: CallDestination) -> Bool {
            state.withLock { $0.targets[destination] != nil }
        }

        func forward(
            _ method: RPCMethod, _ body: [UInt8], to destination: CallDestination,
            reply: @escaping @Sendable (Result<[UInt8], ConsulError>) -> Void
        ) -> (any PendingCall)? {
            let target = state.withLock { state in
                state.forwarded.append("\(method.name) to \(destination)")
                return state.targets[destination]
            }
            return target?.call(method, body, reply: reply)
        }

        func connect(_ destination: CallDestination, _ backend: ServerBackend) {
            state.withLock { $0.targets[destination] = backend }
        }
        var forwarded: [String] { state.withLock { $0.forwarded } }
    }

    /// Refuses the permissions that it names.
    private struct Refusing: AccessJudge {
        let permissions: [Permission]
        func refusal(of permission: Permission, token: String) -> ConsulError? {
            permissions.contains(permission) && token != "master" ? .permissionDenied : nil
        }
    }

    /// Two servers of one group: writes and default reads on the follower are the leader's.
    @Test func aFollowerForwardsToTheLeader() async throws {
        let network = Network()
        let relays = ["a": Relay(), "b": Relay()]
        func server(_ id: String, bootstraps: Bool) throws -> Server {
            var links = ServerLinks()
            links.raft = NetworkTransport(network, id)
            links.calls = try #require(relays[id])
            return try Server(links: links) {
                $0.nodeID = id
                $0.rpcAddress = "127.0.0.1:\(id)"
                $0.bootstraps = bootstraps
            }
        }
        let leader = try server("a", bootstraps: true)
        let follower = try server("b", bootstraps: false)
        network.connect("a", leader.backend.log.node)
        network.connect("b", follower.backend.log.node)
        try await leader.put("a", "1")
        await withCheckedContinuation { continuation in
            leader.backend.log.node.change(.addVoter(id: "b", address: "127.0.0.1:b")) { _ in
                continuation.resume()
            }
        }
        let relay = try #require(relays["b"])
        await #expect(throws: ConsulError.noLeader) { try await follower.put("a", "2") }
        relay.connect(.leader, leader.backend)

        #expect(try await follower.put("a", "2"))
        #expect(try await follower.get("a").value.map(\.value.text) == ["2"])
        #expect(relay.forwarded == ["KVS.Apply to leader", "KVS.Get to leader"])
        // A stale read is answered by the follower, whose log follows without a request.
        var own: KeyRequest = follower.query("a", wait: .seconds(30))
        own.options.consistency = .stale
        var answer = try await follower.backend.call(.kvsGet, own)
        while answer.value.first?.value.text != "2" {
            own.options.minQueryIndex = answer.meta.index
            answer = try await follower.backend.call(.kvsGet, own)
        }
        #expect(answer.meta.consistency == .stale && answer.meta.knownLeader)
        #expect(relay.forwarded.count == 2)
        // Errors of the leader come back unchanged, and consistent reads are the leader's.
        await #expect(throws: ConsulError(.internal, "Must provide key")) {
            try await follower.put("", "")
        }
        own.options.consistency = .consistent
        own.options.minQueryIndex = 0
        #expect(try await follower.backend.call(.kvsGet, own).value.count == 1)
        #expect(relay.forwarded.suffix(2) == ["KVS.Apply to leader", "KVS.Get to leader"])
        await follower.backend.stop()
        await leader.backend.stop()
    }

    @Test func aBlockingReadWakesThroughTheLeader() async throws {
        let leader = try Server()
        let relay = Relay()
        var links = ServerLinks()
        links.calls = relay
        relay.connect(.leader, leader.backend)
        let other = try Server(links: links) { $0.bootstraps = false }
        try await leader.put("a", "1")
        let box = try await other.park(.kvsGet, "a")
        let parked = try await other.park(.kvsGet, "a")
        #expect(leader.backend.hub.waiting == 2 && other.backend.hub.waiting == 0)
        parked.pending?.cancel()
        #expect(leader.backend.hub.waiting == 1)
        try await leader.put("a", "2")
        #expect(try await box.answer().value.map(\.value.text) == ["2"])
        await other.backend.stop()
        await leader.backend.stop()
    }

    @Test func anotherDatacenterAnswersForItself() async throws {
        let east = try Server { $0.datacenter = "east" }
        let relay = Relay()
        var links = ServerLinks()
        links.calls = relay
        let west = try Server(links: links) { $0.datacenter = "west" }
        var entry = KVEntry()
        entry.key = "a"
        var request = KVSRequest(.set, entry)
        request.datacenter = "east"
        await #expect(throws: ConsulError.noPathToDatacenter) {
            try await west.backend.call(.kvsApply, request)
        }
        relay.connect(.datacenter("east"), east.backend)
        #expect(try await west.backend.call(.kvsApply, request))
        #expect(try await west.get("a").value.isEmpty)
        #expect(try await east.get("a").value.count == 1)
        var status = DCSpecificRequest()
        status.datacenter = "nowhere"
        await #expect(throws: ConsulError.noPathToDatacenter) {
            try await west.backend.call(.statusLeader, status)
        }
        await east.backend.stop()
        await west.backend.stop()
    }

    @Test func theTokenIsJudgedBeforeTheHandler() async throws {
        var links = ServerLinks()
        links.judge = Refusing(permissions: [
            Permission(.key, .write, "secret"), Permission(.key, .read, "secret"),
            Permission(.operator, .read),
        ])
        let server = try Server(links: links)
        try await server.put("open", "1")
        await #expect(throws: ConsulError.permissionDenied) { try await server.put("secret", "1") }
        await #expect(throws: ConsulError.permissionDenied) { try await server.get("secret") }
        await #expect(throws: ConsulError.permissionDenied) {
            try await server.backend.call(.operatorRaftConfiguration, DCSpecificRequest())
        }
        var entry = KVEntry()
        entry.key = "secret"
        var request = KVSRequest(.set, entry)
        request.token = "master"
        #expect(try await server.backend.call(.kvsApply, request))
        // Bytes from another server take the same step.
        request.token = ""
        let box = Box<[UInt8]>()
        server.backend.call(.kvsApply, MessagePackWriter.encode(request)) { box.fill($0) }
        await #expect(throws: ConsulError.permissionDenied) { try await box.answer() }
        await server.backend.stop()
    }

    @Test func everyMethodWithRecordsAnswersBytes() async throws {
        let server = try Server()
        let streams: Set<RPCMethod> = [.snapshotSave, .snapshotRestore]
        for method in RPCMethod.allCases {
            let box = Box<[UInt8]>()
            // A body that no request has: the handler's codec refuses it.
            server.backend.call(method, [0xC1]) { box.fill($0) }
            let error = await #expect(throws: ConsulError.self) { try await box.answer() }
            let isMissing = error?.message == "rpc: can't find method \(method.name)"
            #expect(isMissing == streams.contains(method), "\(method.name): \(error as Any)")
        }
        await server.backend.stop()
    }

    @Test func slotsFollowTheOrderOfTheMethods() {
        #expect(RPCMethod.allCases.map(\.slot) == Array(0..<RPCMethod.allCases.count))
    }
}
