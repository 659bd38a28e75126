import ConsulModel
import Glibc
import HTTPTransport
import LocalAgent
import NIOHTTP1
import Platform
import TestKit
import Testing

/// The start and the end of an agent, seen by the system around it.
@Suite struct EndTests {
    /// All work at once: a handler and a check that run and ignore signals, a waiting read, a load.
    private static let busy = [
        "busy.json": """
        {"watches": [{"id": "w", "type": "key", "key": "a", "args": ["sh", "-c",
           "trap '' TERM INT HUP; sleep 1000 & echo $! >> $DIR/pids; echo $$ >> $DIR/pids; wait"
         ]}],
         "services": [{"name": "web", "check": {"id": "c", "interval": "1s",
           "run_on_register": true, "timeout": "1h", "args": ["sh", "-c",
           "trap '' TERM INT HUP; sleep 1000 & echo $! >> $DIR/pids; echo $$ >> $DIR/pids; wait"
         ]}}]}
        """
    ]

    private static func startBusy(
        _ fragments: [String: String] = [:], flags: [String] = []
    ) async throws -> (agent: AgentProcess, pids: [Int32]) {
        let agent = try await AgentProcess.start(
            busy.merging(fragments) { $1 }, flags: flags)
        try await eventually("both run") { agent.scratch.lines("pids").count == 4 }
        let pids = agent.scratch.lines("pids").compactMap { Int32($0) }
        #expect(pids.allSatisfy { Proc.isAlive($0) })
        return (agent, pids)
    }

    private func expectGone(_ pids: [Int32]) async throws {
        try await eventually("no child is left") { !pids.contains { Proc.isAlive($0) } }
    }

    @Test func terminationUnderLoadLeavesNothing() async throws {
        let scratch = try Scratch()
        let (agent, pids) = try await Self.startBusy(
            flags: ["-pid-file", "\(scratch.path)/agent.pid"])
        #expect(scratch.read("agent.pid") == "\(agent.pid)\n")
        let index = try await agent.get("/v1/kv/a").headers.first(name: "X-Consul-Index") ?? "1"
        let parked = Task { try await agent.get("/v1/kv/a?index=\(index)&wait=10m") }
        let load = Task {
            while !Task.isCancelled { try await agent.put("/v1/kv/load", "x") }
        }
        let reloads = Task {
            while !Task.isCancelled { try await agent.put("/v1/agent/reload") }
        }
        try await eventually("the load is on") {
            try await agent.get("/v1/kv/load").status == 200
        }
        agent.signal(SIGTERM)
        // A server stays in the cluster by default, and such a stop is not graceful.
        #expect(await agent.exit() == .exited(1))
        for task in [load, reloads] { task.cancel() }
        _ = await parked.result
        try await expectGone(pids)
        #expect(!scratch.exists("agent.pid"))
        #expect(!agent.scratch.exists("http.sock"))
        #expect(agent.log.contains("shutdown complete"))
    }

    @Test func gracefulLeaveEndsWithZero() async throws {
        let (agent, pids) = try await Self.startBusy([
            "leave.json": #"{"leave_on_terminate": true}"#
        ])
        agent.signal(SIGTERM)
        #expect(await agent.exit() == .exited(0))
        try await expectGone(pids)
    }

    @Test func interruptLeavesByPolicy() async throws {
        let staying = try await AgentProcess.start()
        staying.signal(SIGINT)
        #expect(await staying.exit() == .exited(1))
        let leaving = try await AgentProcess.start([
            "leave.json": #"{"skip_leave_on_interrupt": false}"#
        ])
        leaving.signal(SIGINT)
        #expect(await leaving.exit() == .exited(0))
    }

    @Test func leavingByTheAPIEndsWithZero() async throws {
        let (agent, pids) = try await Self.startBusy()
        #expect(try await agent.put("/v1/agent/leave").status == 200)
        #expect(await agent.exit() == .exited(0))
        try await expectGone(pids)
    }

    @Test func secondSignalStopsAtOnceAndLeavesNothing() async throws {
        let scratch = try Scratch()
        let (agent, pids) = try await Self.startBusy(
            ["leave.json": #"{"leave_on_terminate": true}"#],
            flags: ["-pid-file", "\(scratch.path)/agent.pid"])
        // Both signals are pending before the first is handled.
        agent.signal(SIGSTOP)
        agent.signal(SIGTERM)
        agent.signal(SIGINT)
        agent.signal(SIGCONT)
        #expect(await agent.exit() == .exited(1))
        try await expectGone(pids)
        #expect(!scratch.exists("agent.pid"))
    }

    @Test func failedStartLeavesNothing() async throws {
        let scratch = try Scratch()
        let agent = try AgentProcess.launch(
            ["socket.json": #"{"addresses": {"http": "unix://$DIR/no/such/folder.sock"}}"#],
            flags: ["-pid-file", "\(scratch.path)/agent.pid"])
        #expect(await agent.exit() == .exited(1))
        #expect(agent.log.contains("no/such/folder.sock"))
        #expect(!scratch.exists("agent.pid"))
    }

    @Test func signalRightAfterTheStartIsHandled() async throws {
        for signal in [SIGHUP, SIGTERM] {
            let scratch = try Scratch()
            let agent = try AgentProcess.launch(
                ["late.json": "{}"], flags: ["-pid-file", "\(scratch.path)/agent.pid"])
            // The PID file is the first file that an agent writes.
            try await eventually("it begins") { scratch.exists("agent.pid") }
            agent.signal(signal)
            if signal == SIGHUP {
                try await eventually("it reloads") { agent.log.contains("Reloading") }
                agent.signal(SIGTERM)
            }
            #expect(await agent.exit() == .exited(1))
            #expect(!scratch.exists("agent.pid"))
        }
    }

    /// A child that inherited the socket could report the service as ready, or stopped.
    @Test func childrenHaveNoNotifySocket() async throws {
        let scratch = try Scratch()
        let socket = try NotifyListener("\(scratch.path)/notify")
        let agent = try await AgentProcess.start(
            [
                "check.json": """
                    {"check": {"id": "env", "name": "env", "args": ["env"], "interval": "1h",
                               "run_on_register": true}}
                    """
            ],
            environment: [
                "NOTIFY_SOCKET": "\(scratch.path)/notify", "WATCHDOG_USEC": "60000000",
                "LISTEN_FDS": "1", "OWN": "kept",
            ])
        try await eventually("READY") { socket.received().contains("READY=1") }
        try await eventually("the check has run") {
            try await agent.check("env").output.contains("OWN=kept")
        }
        let seen = try await agent.check("env").output
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS"] {
            #expect(!seen.contains("\(name)="))
        }
        await agent.stop()
    }

    @Test func systemdIsNotifiedOfTheState() async throws {
        let scratch = try Scratch()
        let socket = try NotifyListener("\(scratch.path)/notify")
        let agent = try await AgentProcess.start(
            environment: ["NOTIFY_SOCKET": "\(scratch.path)/notify"])
        try await eventually("READY") { socket.received().contains("READY=1") }
        try await eventually("STATUS") {
            socket.received().contains {
                $0.hasPrefix("STATUS=Server here in datacenter dc1, HTTP API on ")
            }
        }
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        try await eventually("RELOADING, then READY") {
            let received = socket.received()
            guard let start = received.firstIndex(where: { $0.hasPrefix("RELOADING=1\n") }) else {
                return false
            }
            return received[start...].contains("READY=1")
        }
        await agent.stop()
        try await eventually("STOPPING") { socket.received().contains("STOPPING=1") }
    }
}

/// Receives the messages sent to `NOTIFY_SOCKET`.
final class NotifyListener {
    struct Failed: Error {}
    private let descriptor: Int32
    private var all: [String] = []

    init(_ path: String) throws {
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, kind, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let listening = descriptor
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listening, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound else { throw Failed() }
    }

    deinit { close(descriptor) }

    /// Returns all messages so far.
    func received() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return all }
            all.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
