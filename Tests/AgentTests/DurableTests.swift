import Foundation
import Glibc
import HTTPTransport
import NIOHTTP1
import Platform
import TestKit
import Testing

/// A server with a data directory, seen by its operator.
@Suite(.serialized) struct DurableTests {
    private static let alone = [
        "20-alone.json": #"{"bootstrap": false, "server": true, "performance": {}}"#
    ]

    private func leads(_ agent: AgentProcess) async throws {
        try await eventually("it leads") {
            (try? await agent.get("/v1/kv/none"))?.status == 404
        }
    }

    private func inspect(_ scratch: Scratch, _ flags: String...) async -> (Int32?, String) {
        let run = await ProcessRun.run(
            ProcessSpec(
                [AgentProcess.program, "operator", "raft", "inspect"] + flags
                    + ["\(scratch.path)/data"]))
        guard case .exited(let code) = run.ending else { return (nil, "") }
        return (code, run.output)
    }

    @Test func serverWithoutAGroupLogsItAndDoesNotLead() async throws {
        let agent = try await AgentProcess.start(Self.alone, leads: false)
        try await eventually("it says so") {
            agent.log.contains("no known peers, aborting election")
        }
        let answer = try await agent.get("/v1/kv/none")
        #expect(answer.status == 500 && answer.text == "No cluster leader")
        #expect(try await agent.put("/v1/kv/a", "1").text == "No cluster leader")
        #expect(try await agent.get("/v1/status/leader").text.hasPrefix(#""""#))
        #expect(try await agent.get("/v1/kv/none?stale").status == 404)
        await agent.stop()
    }

    @Test func startedGroupNeedsNoBootstrap() async throws {
        let scratch = try Scratch()
        let first = try await AgentProcess.start(in: scratch)
        try await leads(first)
        try await first.put("/v1/kv/a", "kept")
        let leader = try await first.get("/v1/status/leader").text
        await first.stop()
        let second = try await AgentProcess.start(Self.alone, in: scratch)
        try await leads(second)
        #expect(try await second.get("/v1/kv/a?raw").text == "kept")
        #expect(try await second.get("/v1/status/leader").text == leader)
        #expect(second.log.components(of: "no known peers") == 0)
        await second.stop()
    }

    @Test func storeIsReadableByItsOwnerOnly() async throws {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        try await leads(agent)
        for name in ["lock", "log.sqlite", "log.sqlite-wal", "peers.info", "snapshots", ""] {
            var info = stat()
            #expect(stat("\(scratch.path)/data/raft/\(name)", &info) == 0)
            let mode: UInt32 = info.st_mode & S_IFMT == S_IFDIR ? 0o700 : 0o600
            #expect(info.st_mode & 0o777 == mode, "\(name)")
        }
        await agent.stop()
    }

    @Test func truncatedJournalPreventsTheStart() async throws {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        try await leads(agent)
        for number in 0..<40 { try await agent.put("/v1/kv/key\(number)", "kept") }
        agent.signal(SIGKILL)
        _ = await agent.exit()
        let raft = "\(scratch.path)/data/raft"
        let size = try #require(Files.size("\(raft)/log.sqlite-wal"))
        #expect(truncate("\(raft)/log.sqlite-wal", size * 98 / 100) == 0)
        let (code, text) = await inspect(scratch)
        #expect(code == 1 && text.contains("log.sqlite-wal is damaged at its end"), "\(text)")
        let refused = try AgentProcess.launch([:], in: scratch)
        guard case .exited(1) = await refused.exit() else {
            Issue.record("it did not refuse")
            return
        }
        let lines = refused.log
        let refusal = "Failed to start Raft: \(raft)/log.sqlite-wal is damaged at its end"
        #expect(lines.contains(refusal), "\(lines)")
        #expect(lines.contains("to continue without them, remove \(raft)/lock"), "\(lines)")
        try Files.remove("\(raft)/lock")
        let again = try await AgentProcess.start(in: scratch)
        try await leads(again)
        #expect(again.log.contains("the file lock is missing"))
        #expect(try await again.get("/v1/kv/key0?raw").text == "kept")
        await again.stop()
    }

    @Test func serverWithoutItsIDIsRefusedWithTheOldID() async throws {
        let scratch = try Scratch()
        let first = try await AgentProcess.start(in: scratch)
        try await leads(first)
        let file = "\(scratch.path)/data/node-id"
        let id = String(decoding: try Files.read(file, limit: 100), as: UTF8.self)
        await first.stop()
        try scratch.write("data/node-id", "damaged")
        let refused = try AgentProcess.launch([:], in: scratch)
        _ = await refused.exit()
        #expect(refused.log.contains("node-id: not a UUID; put this server's own ID back"))
        #expect(refused.log.contains("raft: \(id) (127.0.0.1:8300)"), "\(refused.log)")
        // As one that removed the file.
        try Files.remove(file)
        let stranger = try await AgentProcess.start(in: scratch, leads: false)
        try await eventually("it logs why there is no leader") {
            stranger.log.contains("not part of stable configuration, aborting election")
        }
        #expect(stranger.log.contains("\(id) (127.0.0.1:8300)"), "\(stranger.log)")
        await stranger.stop()
        try scratch.write("data/node-id", id)
        let again = try await AgentProcess.start(in: scratch)
        try await leads(again)
        await again.stop()
    }

    @Test func serverWithLostStateLogsIt() async throws {
        let scratch = try Scratch()
        let first = try await AgentProcess.start(in: scratch)
        try await leads(first)
        #expect(!first.log.contains("it starts with an empty state"))
        await first.stop()
        try FileManager.default.removeItem(atPath: "\(scratch.path)/data/raft")
        try scratch.write("data/services/0123.tmp-abc", "{")
        let second = try await AgentProcess.start(in: scratch)
        try await leads(second)
        #expect(second.log.contains("[WARN]  agent: this node has an ID and no raft folder"))
        #expect(!Files.exists("\(scratch.path)/data/services/0123.tmp-abc"))
        await second.stop()
    }

    /// Only regular files are read: nothing waits for the other end of a FIFO.
    @Test(.timeLimit(.minutes(2)))
    func specialFilesAreSkippedWithAWarning() async throws {
        let scratch = try Scratch()
        for name in ["services/fifo", "checks/fifo"] {
            let folder = "\(scratch.path)/data/\(name.dropLast(5))"
            try Files.makeDirectory(folder, mode: 0o700)
            #expect(mkfifo("\(scratch.path)/data/\(name)", 0o600) == 0)
        }
        try scratch.write("config.d/99-last.json", "{}")
        #expect(mkfifo("\(scratch.path)/config.d/50-fifo.json", 0o600) == 0)
        let agent = try await AgentProcess.start(in: scratch)
        #expect(agent.log.contains("is skipped: it is a FIFO"), "\(agent.log)")
        #expect(agent.log.contains("services/fifo"), "\(agent.log)")
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        await agent.stop()
        for name in ["node-id", "raft/peers.json"] {
            let file = "\(scratch.path)/data/\(name)"
            let kept = try? Files.read(file, limit: 100)
            try Files.remove(file)
            #expect(mkfifo(file, 0o600) == 0)
            let refused = try AgentProcess.launch([:], in: scratch)
            _ = await refused.exit()
            #expect(refused.log.contains("\(file): it is a FIFO"), "\(refused.log)")
            try Files.remove(file)
            if let kept { try scratch.write("data/\(name)", String(decoding: kept, as: UTF8.self)) }
        }
    }

    @Test func inspectReadsTheStoreOfAStoppedServer() async throws {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        try await leads(agent)
        for number in 0..<5 { try await agent.put("/v1/kv/key\(number)", "a value of its own") }
        let running = await inspect(scratch)
        #expect(running.0 == 1 && running.1.contains("An agent runs on"))
        agent.signal(SIGKILL)
        _ = await agent.exit()
        let (code, text) = await inspect(scratch)
        #expect(code == 0)
        for part in ["Problems", "none", "kvs", "(configuration)", "voter", "Snapshots"] {
            #expect(text.contains(part), "\(text)")
        }
        let json = await inspect(scratch, "-format=json")
        #expect(json.0 == 0 && json.1.contains(#""kvs": 5"#))

        // A changed byte: a start and a look both name the file and the entry.
        let path = "\(scratch.path)/data/raft/log.sqlite-wal"
        var bytes = try Files.read(path, limit: 64 << 20)
        let place = try #require(bytes.firstRange(of: Array("a value of its own".utf8)))
        bytes[place.lowerBound] ^= 1
        try AtomicFile.write(path, bytes, mode: 0o600)
        let damaged = await inspect(scratch)
        #expect(damaged.0 == 1 && damaged.1.contains("log.sqlite-wal is damaged at byte"))
        let again = try AgentProcess.launch([:], in: scratch)
        #expect(await again.exit() == .exited(1))
        #expect(again.log.contains("log.sqlite-wal is damaged at byte"), "\(again.log)")
    }

    @Test func logSettingsTakeEffect() async throws {
        let settings = [
            "20-raft.json": """
            {"raft_snapshot_threshold": 20, "raft_snapshot_interval": "20ms",
             "raft_trailing_logs": 5, "performance": {"raft_multiplier": 2}}
            """
        ]
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(settings, in: scratch)
        try await leads(agent)
        #expect(!agent.log.contains("setting=raft"), "\(agent.log)")
        #expect(!agent.log.contains("setting=performance"), "\(agent.log)")
        for number in 0..<60 { try await agent.put("/v1/kv/\(number)", "x") }
        try await eventually("two snapshots are kept") {
            let names = (try? Files.list("\(scratch.path)/data/raft/snapshots")) ?? []
            return names.filter { !$0.hasSuffix(".tmp") }.count == 2
        }
        await agent.stop()
        let (code, text) = await inspect(scratch)
        #expect(code == 0 && !text.contains(" 1 to "), "\(text)")
        let wrong = try AgentProcess.launch(
            ["20-raft.json": #"{"performance": {"raft_multiplier": 11}}"#])
        #expect(await wrong.exit() == .exited(1))
        #expect(wrong.log.contains("11 is not from 1 to 10"), "\(wrong.log)")
    }

    /// Saved, changed, restored, killed, started: what was saved is there, and nothing else.
    @Test func restoredArchiveSurvivesARestart() async throws {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        try await leads(agent)
        try await agent.put("/v1/kv/a", "saved")
        let archive = try await agent.get("/v1/snapshot")
        #expect(archive.status == 200)
        #expect(archive.headers.first(name: "Content-Type") == "application/x-gzip")
        try await agent.put("/v1/kv/a", "changed")
        try await agent.put("/v1/kv/b", "new")
        var damaged = archive.body
        damaged[damaged.count / 2] ^= 0x40
        let refused = try await agent.call("PUT", "/v1/snapshot", bytes: damaged)
        #expect(refused.status == 500 && refused.text.hasPrefix("failed to read snapshot file: "))
        #expect(try await agent.get("/v1/kv/a?raw").text == "changed")
        #expect(try await agent.call("PUT", "/v1/snapshot", bytes: archive.body).status == 200)
        #expect(try await agent.get("/v1/kv/a?raw").text == "saved")
        #expect(try await agent.get("/v1/kv/b").status == 404)
        try await agent.put("/v1/kv/c", "after")
        agent.signal(SIGKILL)
        _ = await agent.exit()
        let next = try await AgentProcess.start(in: scratch)
        try await leads(next)
        #expect(try await next.get("/v1/kv/?keys").text == #"["a","c"]"#)
        await next.stop()
        let (code, text) = await inspect(scratch)
        #expect(code == 0, "\(text)")
    }

    /// Its end stands with the key: a restart neither forgets nor postpones it.
    @Test func keyExpiryContinuesWhileTheServerIsDown() async throws {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        try await leads(agent)
        #expect(try await agent.put("/v1/kv/short?ttl=1s", "x").text == "true")
        #expect(try await agent.put("/v1/kv/long?ttl=1h", "x").text == "true")
        let refused = try await agent.put("/v1/kv/k?ttl=soon", "x")
        #expect(refused.status == 400 && refused.text.contains("Invalid ttl"))
        agent.signal(SIGKILL)
        _ = await agent.exit()
        let next = try await AgentProcess.start(in: scratch)
        try await leads(next)
        try await eventually("it is gone") {
            (try? await next.get("/v1/kv/?keys"))?.text == #"["long"]"#
        }
        #expect(try await next.get("/v1/kv/long").text.contains(#""Expires":"20"#))
        await next.stop()
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        split(separator: part, omittingEmptySubsequences: false).count - 1
    }
}
