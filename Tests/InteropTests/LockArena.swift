import Glibc
import Platform
import Primitives
import Synchronization
import Testing
import Wire

/// Runs one lock with ten contenders: the first one holds it and is struck, so are three of the
/// waiters, and the others hold it in turn.
final class LockArena: Sendable {
    enum Kind: String, CaseIterable {
        case mutex, pair, fair, shared, semaphore
    }

    /// The fate of the struck holder.
    enum Fate: CaseIterable { case killed, stopped, cutOff }

    private static let limit = 3
    private static let count = 10

    private struct Contender: Sendable {
        var name: String
        var program = Program.ours
        var words: [String]
        var ticks: Int
    }

    private let kind: Kind
    private let fate: Fate
    private let agent: PeerAgent
    private let file: String
    private let prefix: String
    private let endsSessions: Bool
    private let pids = Mutex<[String: Int32]>([:])
    private let endings = Mutex<[String: ChildEnding]>([:])

    init(kind: Kind, fate: Fate, agent: PeerAgent, folder: String, endsSessions: Bool) {
        self.kind = kind
        self.fate = fate
        self.agent = agent
        self.endsSessions = endsSessions
        file = "\(folder)/\(kind)"
        prefix = "torture/\(kind)"
    }

    // MARK: Contenders

    /// Returns a contender. Ours are the struck ones: HashiCorp's leaves its child behind when it
    /// is killed.
    private func contender(_ number: Int) -> Contender {
        var words: [String] = []
        var name = "\(kind)-\(number)"
        var program = Program.ours
        let mayBeTheirs = number > 3 && number % 2 == 0 && Program.isPeerThere
        switch kind {
        case .mutex, .pair: if mayBeTheirs { program = .theirs }
        case .semaphore:
            words = ["-n=\(Self.limit)"]
            if mayBeTheirs { program = .theirs }
        case .fair:
            words = ["-fair"]
            if mayBeTheirs { (program, words) = (.theirs, []) }
        case .shared:
            if number % 3 == 0 {
                words = ["-fair"]
            } else if mayBeTheirs {
                program = .theirs
            } else {
                words = ["-shared"]
                name = "shared-\(number)"
            }
        }
        return Contender(
            name: name, program: program, words: words, ticks: number == 0 ? 4000 : 2 + number % 3)
    }

    private func run(_ contender: Contender, port: Int) async {
        let child = LockRecords.child(contender.name, ticks: contender.ticks, file: file)
        var spec = ProcessSpec(
            [contender.program.path, "lock"] + contender.words + [prefix, child])
        spec.environment = .inherited(adding: [
            "CONSUL_HTTP_ADDR": "127.0.0.1:\(port)", "SHELL": "/bin/sh",
        ])
        spec.timeout = .minutes(4)
        let handle = ProcessHandle { [self] pid in pids.withLock { $0[contender.name] = pid } }
        let outcome = await ProcessRun.run(spec, handle: handle)
        endings.withLock { $0[contender.name] = outcome.ending }
    }

    // MARK: The course of events

    func run() async throws {
        let all = (0..<Self.count).map { contender($0) }
        let relays = [
            try await TCPRelay(to: agent.httpPort), try await TCPRelay(to: agent.httpPort),
        ]
        let isHolderCut = fate == .cutOff
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let holderPort = isHolderCut ? relays[0].port : agent.httpPort
            tasks.addTask { await self.run(all[0], port: holderPort) }
            try await eventually("the first one holds it") { records.children.count == 1 }
            for (number, contender) in all.enumerated().dropFirst() {
                let port = number == 3 ? relays[1].port : agent.httpPort
                tasks.addTask { await self.run(contender, port: port) }
            }
            try await eventually("all others want it, or had it") {
                try sessions().count + endings.withLock { $0.count } >= Self.count
            }
            // Three of the waiters are struck: one is killed, one stopped for a time, one cut off.
            try strike(all[1], SIGKILL)
            try strike(all[2], SIGSTOP)
            await relays[1].cut()
            switch fate {
            case .killed: try strike(all[0], SIGKILL)
            case .stopped: try strike(all[0], SIGSTOP)
            case .cutOff: await relays[0].cut()
            }
            // No lock-delay guards a semaphore's slot: it must expire with its session.
            if endsSessions, kind != .semaphore {
                try endSessions(of: [all[0], all[1], all[3]])
            }
            try await Task.sleep(nanoseconds: 1_000_000_000)
            try strike(all[2], SIGCONT)
            try await eventually("all who may have had it") { records.children.count > 4 }
            if fate == .stopped {
                let child = records.children[0].pid
                try await eventually("its child is dead") { !LockRecords.isAlive(child) }
                try strike(all[0], SIGCONT)
            }
            try await tasks.waitForAll()
        }
        for relay in relays { await relay.cut() }
    }

    private var records: LockRecords { LockRecords(file: file) }

    private func strike(_ contender: Contender, _ signal: Int32) throws {
        let pid = try #require(pids.withLock { $0[contender.name] })
        kill(pid, signal)
    }

    private func eventually(_ what: String, _ holds: () throws -> Bool) async throws {
        for _ in 0..<4000 {
            if try holds() { return }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        throw PeerError(description: "\(prefix): never: \(what)")
    }

    /// Returns the sessions of contenders for this lock, by ID.
    private func sessions() throws -> [(id: String, name: String)] {
        let answer = try RawHTTP.ask(HTTPLine("GET", "/v1/session/list"), port: agent.httpPort)
        let list = try JSONReader.decode(JSONValue.self, from: Array(answer.body.utf8))
        return (list.arrayValue ?? []).compactMap { session in
            guard let id = session["ID"]?.stringValue, let name = session["Name"]?.stringValue,
                name.hasSuffix("' at '\(prefix)'")
            else { return nil }
            return (id, name)
        }
    }

    private func endSessions(of struck: [Contender]) throws {
        let all = try sessions()
        for contender in struck {
            for session in all where session.name.contains("begin \(contender.name) ") {
                _ = try RawHTTP.ask(
                    HTTPLine("PUT", "/v1/session/destroy/\(session.id)"), port: agent.httpPort)
            }
        }
    }

    // MARK: The invariants

    /// - Returns: the number of children that had the lock.
    func check() -> Int {
        let records = records
        let endings = endings.withLock { $0 }
        let crowds = records.crowds(limit: kind == .semaphore ? Self.limit : 1)
        #expect(crowds.isEmpty, "\(prefix)")
        if kind == .mutex || kind == .fair || kind == .pair {
            #expect(records.fallingTokens.isEmpty, "\(prefix)")
        }
        let all = (0..<Self.count).map { contender($0) }
        for contender in [all[2]] + all.dropFirst(4) {
            let runs = records.children.filter { $0.name == contender.name }
            #expect(runs.map { $0.hasEnded } == [true], "\(contender.name)")
            #expect(endings[contender.name] == .exited(0), "\(contender.name)")
        }
        // A semaphore has several holders, and these may have been among them.
        if kind != .semaphore {
            let struck = [all[1].name, all[3].name]
            #expect(!records.children.contains { struck.contains($0.name) }, "\(prefix)")
            #expect(endings[all[3].name] == .exited(1), "cut off: ends by itself")
        }
        for child in records.children {
            #expect(kill(child.pid, 0) != 0, "\(child.name) has left its child behind")
        }
        return records.children.count
    }
}
