import ConsulModel
import Dispatch
import Glibc
import Platform
import TestKit
import Testing

/// Checks whose targets misbehave.
@Suite struct CheckTests {
    @Test func scriptThatIgnoresTerminationIsKilledWithItsGroup() async throws {
        let agent = try await AgentProcess.start([
            "checks.json": """
            {"checks": [
              {"id": "deaf", "name": "deaf", "interval": "1s", "timeout": "1s",
               "run_on_register": true, "args": ["sh", "-c",
                 "trap '' TERM INT HUP; sleep 1000 & echo $! >> $DIR/deaf; sleep 1000"]},
              {"id": "well", "name": "well", "interval": "1s", "run_on_register": true,
               "args": ["true"]}]}
            """
        ])
        try await eventually("the well one passes") {
            try await agent.check("well").status == "passing"
        }
        try await eventually("the time-out is reported") {
            try await agent.check("deaf").output.contains("Timed out (1s) running check")
        }
        #expect(try await agent.check("deaf").status == "critical")
        // A busy machine may not start it before the first timeout.
        try await eventually("it began") { !agent.scratch.lines("deaf").isEmpty }
        let pid = try #require(Int32(agent.scratch.lines("deaf")[0]))
        try await eventually("the grandchild is gone") { !Proc.isAlive(pid) }
        await agent.stop()
    }

    @Test func targetThatAcceptsAndNeverAnswersIsCritical() async throws {
        let silent = try Listener()
        let agent = try await AgentProcess.start([
            "checks.json": """
            {"checks": [
              {"id": "silent", "name": "silent", "interval": "1s", "timeout": "500ms",
               "run_on_register": true, "http": "http://127.0.0.1:\(silent.port)/"},
              {"id": "well", "name": "well", "interval": "1s", "run_on_register": true,
               "args": ["true"]}]}
            """
        ])
        try await eventually("the well one passes") {
            try await agent.check("well").status == "passing"
        }
        try await eventually("the silence is reported") {
            let check = try await agent.check("silent")
            return check.status == "critical" && !check.output.isEmpty
        }
        await agent.stop()
    }

    @Test func targetThatSendsAGigabytePassesAndCostsNoMemory() async throws {
        let flood = try Listener()
        flood.floodEach(bytes: 1 << 30)
        let agent = try await AgentProcess.start([
            "checks.json": """
            {"checks": [{"id": "flood", "name": "flood", "interval": "1s", "timeout": "20s",
              "run_on_register": true, "http": "http://127.0.0.1:\(flood.port)/"}]}
            """
        ])
        var highest = 0
        try await eventually("the check passes") {
            highest = max(highest, Proc.memory(agent.pid))
            return try await agent.check("flood").status == "passing"
        }
        #expect(try await agent.check("flood").output.contains("200 OK"))
        #expect(highest < 128 << 20)
        await agent.stop()
    }

    @Test func endOfALongOutputIsKeptAndMarked() async throws {
        let agent = try await AgentProcess.start([
            "checks.json": """
            {"checks": [{"id": "talks", "name": "talks", "interval": "1h",
              "run_on_register": true, "args": ["sh", "-c",
                "head -c 100000 /dev/zero | tr '\\\\0' x; echo the end"]}]}
            """
        ])
        try await eventually("the check passes") {
            try await agent.check("talks").status == "passing"
        }
        let output = try await agent.check("talks").output
        #expect(output.hasPrefix("Captured 4096 of 100008 bytes\n...\nxxx"))
        #expect(output.hasSuffix("xxxthe end\n"))
        await agent.stop()
    }
}

/// A listening socket on the loopback. The kernel alone accepts connections, unless `floodEach`
/// runs.
final class Listener: Sendable {
    struct Failed: Error {}
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listening = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listening, $0, length) == 0 && listen(listening, 16) == 0
                    && getsockname(listening, $0, &length) == 0
            }
        }
        guard isBound else { throw Failed() }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))  // wakes the accepting thread
        close(descriptor)
    }

    /// Answers each connection with a body of `bytes` bytes, on a thread of its own, until the
    /// listener is closed.
    func floodEach(bytes: Int) {
        let listening = descriptor
        DispatchQueue(label: "flood").async {
            while true {
                let connection = accept(listening, nil, nil)
                guard connection >= 0 else { return }
                DispatchQueue(label: "flood-one").async { Self.flood(connection, bytes) }
            }
        }
    }

    private static func flood(_ connection: Int32, _ bytes: Int) {
        defer { close(connection) }
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(bytes)\r\n\r\n"
        var left = bytes
        _ = send(connection, head, head.utf8.count, Int32(MSG_NOSIGNAL))
        let block = [UInt8](repeating: UInt8(ascii: "x"), count: 65536)
        while left > 0 {
            let count = send(
                connection, block, min(left, block.count), Int32(MSG_NOSIGNAL))
            guard count > 0 else { return }
            left -= count
        }
    }
}
