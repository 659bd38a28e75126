import Foundation
import Logging
import NIOCore
import NIOPosix
import Platform
import Primitives
import Raft
import RaftKit
import Synchronization
import TestKit
import Testing

@testable import RaftNode

/// A context that receives the text of its entry.
final class TextContext: Sendable {
    private let texts = Mutex<[String]>([])
    var results: [String] { texts.withLock { $0 } }
    func receive(_ text: String) { texts.withLock { $0.append(text) } }
}

/// The list of all commands, in order. The command `poison` cannot be carried out.
final class ListMachine: StateMachine {
    struct Poisoned: Error {}
    struct Item: Hashable, Sendable {
        var index: LogIndex
        var text: String
    }
    private struct State {
        var items: [Item] = []
        var restores = 0
        var contexts = 0
        var isOutOfOrder = false
    }
    private let state = Mutex(State())

    var items: [Item] { state.withLock { $0.items } }
    var texts: [String] { items.map(\.text) }
    var restores: Int { state.withLock { $0.restores } }
    /// The number of entries that had a context.
    var contexts: Int { state.withLock { $0.contexts } }
    var isOutOfOrder: Bool { state.withLock { $0.isOutOfOrder } }

    func apply(_ batch: CommittedBatch) throws {
        try state.withLock { state in
            for (slot, entry) in batch.entries.enumerated() {
                let text = String(decoding: entry.data, as: UTF8.self)
                if text == "poison" { throw Poisoned() }
                if let context = batch.context(at: slot) as? TextContext {
                    context.receive(text)
                    state.contexts += 1
                }
                if entry.index <= state.items.last?.index ?? 0 { state.isOutOfOrder = true }
                state.items.append(Item(index: entry.index, text: text))
            }
        }
    }

    func image(lastIndex: LogIndex) -> any StateImage { Image(items: items[...]) }

    func restore(_ next: () throws -> [UInt8]?) throws {
        var text = ""
        while let piece = try next() { text += String(decoding: piece, as: UTF8.self) }
        let items = text.split(separator: "\n").map { line in
            let sides = line.split(separator: " ", maxSplits: 1)
            return Item(index: UInt64(sides[0]) ?? 0, text: String(sides[1]))
        }
        state.withLock { state in
            state.items = items
            state.restores += 1
        }
    }

    /// The state of a machine that took these commands with its last entry.
    static func image(of texts: [String], at index: LogIndex) -> any StateImage {
        Image(items: texts.map { Item(index: index, text: $0) }[...])
    }

    private struct Image: StateImage {
        var items: ArraySlice<Item>
        mutating func next() -> [UInt8]? {
            if items.isEmpty { return nil }
            defer { items = items.dropFirst(100) }
            return Array(items.prefix(100).map { "\($0.index) \($0.text)\n" }.joined().utf8)
        }
    }
}

/// A server of the tests: a node with all its parts. On the disk where a folder is given.
final class Member: Sendable {
    /// The reasons why the node stopped permanently.
    final class Stops: Sendable {
        let texts = Mutex<[String]>([])
        var count: Int { texts.withLock { $0.count } }
    }

    private static let threads = MultiThreadedEventLoopGroup(numberOfThreads: 6)

    let id: ServerID
    let machine = ListMachine()
    let node: RaftNode
    let stops = Stops()
    private let close: @Sendable () -> Void
    private let network: Network?

    static func options(_ change: (inout RaftOptions) -> Void = { _ in }) -> RaftOptions {
        var options = RaftOptions()
        options.heartbeatTimeout = .milliseconds(200)
        options.electionTimeout = .milliseconds(200)
        options.leaseTimeout = .milliseconds(100)
        options.commitTimeout = .milliseconds(5)
        options.exchangeTimeout = .seconds(1)
        change(&options)
        return options
    }

    init(
        _ id: ServerID = "a", in folder: Folder? = nil, network: Network? = nil,
        options: RaftOptions = Member.options(), vfs: String? = nil, disk: Disk = Disk()
    ) throws {
        self.id = id
        self.network = network
        var logger = Logger(label: id)
        logger.logLevel = ProcessInfo.processInfo.environment["LOUD"] == nil ? .critical : .debug
        if logger.logLevel == .critical { logger.handler = SwiftLogNoOpLogHandler() }
        let machine = machine
        let durable = try folder.map { [logger] in
            try DurableRaft.open(
                directory: $0.path, machine: machine, logger: logger, vfs: vfs, disk: disk)
        }
        let log: any LogStore = durable?.log ?? MemoryLogStore()
        // Used by no other thread after the node's end.
        nonisolated(unsafe) let store = durable?.log
        close = { try? store?.close() }
        let setup = RaftNode.Setup(
            id: id, address: "\(id):8300", options: options,
            seed: id.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) }, drivesOnCallers: durable == nil)
        let transport: any RaftTransport = network.map { NetworkTransport($0, id) } ?? NoTransport()
        node = RaftNode(
            setup, stored: durable?.stored ?? StoredState(), log: log,
            snapshots: durable?.snapshots ?? SnapshotKeeper(), machine: machine,
            transport: transport, loop: Self.threads.next(), background: Self.threads.next(),
            clock: SystemClock.now, logger: logger)
        node.onStop { [stops] reason in stops.texts.withLock { $0.append(reason) } }
        network?.connect(id, node)
    }

    /// Begins a group of these servers, and takes part.
    func start(bootstrap ids: [ServerID]? = nil) {
        if let ids {
            let servers = ids.map { Server(id: $0, address: "\($0):8300") }
            node.bootstrap(Configuration(servers: servers)) { _ in }
        }
        node.start()
    }

    /// Returns a single server that has become the leader.
    static func alone(
        in folder: Folder? = nil, options: RaftOptions = Member.options()
    ) async throws -> Member {
        let member = try Member(in: folder, options: options)
        member.start(bootstrap: ["a"])
        try await member.leads()
        return member
    }

    /// Waits until it may be read: it leads, and knows all that was committed.
    func leads() async throws {
        try await eventually("\(id) leads") {
            if case .success = await read(.quorum) { return true }
            return false
        }
    }

    func stop() async {
        network?.disconnect(id)
        await node.stop()
        close()
    }

    typealias Answer = Result<LogIndex, RaftRefusal>

    private func asked(_ body: (@escaping RaftNode.Reply) -> Void) async -> Answer {
        await withCheckedContinuation { continuation in
            body { continuation.resume(returning: $0) }
        }
    }

    func propose(_ text: String, context: TextContext? = nil) async -> Answer {
        await asked { node.propose([.init(Array(text.utf8))], context: context, reply: $0) }
    }
    func barrier() async -> Answer { await asked { node.barrier(reply: $0) } }
    func read(_ mode: ReadMode) async -> Answer { await asked { node.read(mode, reply: $0) } }
    func change(_ change: ConfigurationChange) async -> Answer {
        await asked { node.change(change, reply: $0) }
    }
    func transfer(to id: ServerID) async -> Answer {
        await asked { node.transferLeadership(to: id, reply: $0) }
    }
    /// Replaces the whole state by these commands.
    func restore(_ texts: [String], beyond index: LogIndex = 0) async -> Answer {
        await asked { reply in
            node.restore(beyond: index) { last in
                ListMachine.image(of: texts, at: last)
            } reply: {
                reply($0)
            }
        }
    }
    func bootstrap(_ ids: [ServerID]) async -> Answer {
        let servers = ids.map { Server(id: $0, address: "\($0):8300") }
        return await asked { node.bootstrap(Configuration(servers: servers), reply: $0) }
    }

    /// Writes one after the other until the last is acknowledged, by any leader.
    func writeAll(_ texts: [String]) async throws {
        for text in texts {
            let answer = await propose(text)
            guard case .success = answer else {
                throw NeverHappened(description: "\(text): \(answer)")
            }
        }
    }
}
