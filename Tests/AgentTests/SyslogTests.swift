import Glibc
import Platform
import TestKit
import Testing

private let mayMount =
    getuid() == 0 && system("unshare -m mount --bind /tmp /tmp 2>/dev/null") == 0

/// The log where operators look for it. The agent sees a `/dev` of its own, in which the system's
/// log is the test's socket.
@Suite(.enabled(if: mayMount, "needs a mount namespace")) struct SyslogTests {
    private static func mounting(_ folder: String) -> [String] {
        let script = """
            for n in null zero urandom random full tty; do
              touch \(folder)/$n; mount --bind /dev/$n \(folder)/$n
            done; mount --rbind \(folder) /dev; exec "$@"
            """
        return ["unshare", "-m", "sh", "-c", script, "sh"]
    }

    @Test(.timeLimit(.minutes(2))) func systemLogGetsEachLineWithItsSeverity() async throws {
        let scratch = try Scratch()
        mkdir("\(scratch.path)/dev", 0o755)
        mkdir("\(scratch.path)/logs", 0o755)
        let daemon = try LogDaemon(at: "\(scratch.path)/dev/log")
        let agent = try await AgentProcess.start(
            ["log.json": #"{"enable_syslog": true}"#], in: scratch,
            prefix: Self.mounting("\(scratch.path)/dev"))
        try await agent.put("/v1/kv/a", "x")
        var lines: [String] = []
        try await eventually("a request is logged") {
            lines += daemon.received()
            return lines.contains { $0.contains("Request finished") && $0.contains("/v1/kv/a") }
        }
        // LOCAL0 is 16: 128 and the severity.
        let line = #/<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d consul\[(\d+)\]: (agent\S*): .+/#
        for text in lines {
            let parts = try #require(try line.wholeMatch(in: text), "\(text)").output
            #expect(parts.2 == "\(agent.pid)")
            let severity = try #require(Int(parts.1)) - 128
            #expect([7, 6, 4, 3].contains(severity), "\(text)")
            if text.contains("Request finished") { #expect(severity == 7) }
            if text.contains("Consul agent running!") { #expect(severity == 6) }
        }
        await agent.stop()
    }

    @Test(.timeLimit(.minutes(2))) func facilityAndFormFollowTheSettings() async throws {
        let scratch = try Scratch()
        mkdir("\(scratch.path)/dev", 0o755)
        mkdir("\(scratch.path)/logs", 0o755)
        let daemon = try LogDaemon(at: "\(scratch.path)/dev/log")
        let agent = try await AgentProcess.start(
            [
                "log.json": """
                {"enable_syslog": true, "syslog_facility": "DAEMON", "log_json": true,
                 "log_file": "$DIR/logs/consul.log", "log_rotate_bytes": 2000,
                 "log_rotate_max_files": 3}
                """
            ], in: scratch, prefix: Self.mounting("\(scratch.path)/dev"))
        for number in 0..<60 { try await agent.put("/v1/kv/\(number)", "x") }
        await agent.stop()
        let lines = daemon.received()
        #expect(lines.contains { $0.hasPrefix("<30>") }, "info of a daemon")
        #expect(lines.allSatisfy { $0.contains(#"]: {"@level":""#) && $0.hasSuffix("}") })
        let names = try Files.list("\(scratch.path)/logs")
        #expect(names.count == 4, "\(names)")
        for name in names {
            let text = scratch.read("logs/\(name)")
            #expect(text.utf8.count <= 2000 && text.hasSuffix("}\n"))
            #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix(#"{"@level":""#) })
        }
    }
}
