import ConsulModel
import ConsulServer
import ConsulState
import Logging
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Wire

/// A single server, and short forms of its calls.
struct Server {
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let backend: ServerBackend

    /// - Parameter clock: the time of the leader's duties; nil for the system's.
    init(
        clock: ManualDutyClock? = nil, links: ServerLinks = ServerLinks(),
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = ServerConfiguration()
        configuration.rpcAddress = "127.0.0.1:8300"
        change(&configuration)
        backend = try ServerBackend(
            configuration: configuration, group: Self.group, links: links,
            dutyClock: clock?.clock, logger: Logger(label: "test"))
        backend.start()
    }

    @discardableResult
    func put(_ key: String, _ value: String, _ operation: KVOperation = .set) async throws -> Bool {
        var entry = KVEntry()
        entry.key = key
        entry.value = Bytes(value)
        return try await backend.call(.kvsApply, KVSRequest(operation, entry))
    }

    func get(
        _ key: String, after index: UInt64 = 0, wait: GoDuration = .zero
    ) async throws -> IndexedDirEntries {
        try await backend.call(.kvsGet, query(key, after: index, wait: wait))
    }

    func query<Request: NamedRequest>(
        _ name: String = "", after index: UInt64 = 0, wait: GoDuration = .zero
    ) -> Request {
        var options = QueryOptions()
        options.minQueryIndex = index
        options.maxQueryTime = wait
        return Request(name, options)
    }

    func register(
        _ node: String, service: String? = nil, check: String? = nil, on serviceID: String = "",
        status: String = "passing", meta: [String: String] = [:]
    ) async throws {
        var request = RegisterRequest()
        request.node = node
        request.address = "1.1.1.1"
        request.nodeMeta = meta
        if let name = service {
            var service = NodeService()
            service.service = name
            request.service = service
        }
        if let name = check {
            var check = HealthCheck()
            check.name = name
            check.serviceID = serviceID
            check.status = status
            request.check = check
        }
        _ = try await backend.call(.catalogRegister, request)
    }

    /// Blocks on a read from its present index. The box counts the answers.
    func park<Request: NamedRequest, Answer: IndexedReply>(
        _ endpoint: Endpoint<Request, Answer>, _ name: String = "",
        _ change: (inout Request) -> Void = { _ in }
    ) async throws -> Box<Answer> {
        var query: Request = query(name)
        change(&query)
        query.options.minQueryIndex = try await backend.call(endpoint, query).meta.index
        let box = Box<Answer>()
        box.pending = backend.call(endpoint, query) { box.fill($0) }
        return box
    }

    /// Returns when every event loop has done its pending work.
    func settle() async throws {
        for loop in Self.group.makeIterator() {
            try await loop.submit {}.get()
            try await loop.submit {}.get()
        }
    }
}

/// A read about one name, or about none.
protocol NamedRequest: ReadRequest {
    init(_ name: String, _ options: QueryOptions)
}

extension KeyRequest: NamedRequest {}
extension KeyListRequest: NamedRequest {}
extension NodeSpecificRequest: NamedRequest {}
extension ServiceSpecificRequest: NamedRequest {}
extension ChecksInStateRequest: NamedRequest {}
extension SessionSpecificRequest: NamedRequest {}
extension DCSpecificRequest: NamedRequest {
    init(_ name: String, _ options: QueryOptions) { self.init(options) }
}
extension DatacentersRequest: NamedRequest {
    init(_ name: String, _ options: QueryOptions) { self.init(options) }
}

/// Keeps the answer of a call.
final class Box<Value: Sendable>: Sendable {
    private struct State {
        var answers: [Result<Value, ConsulError>] = []
        var pending: (any PendingCall)?
        var waiter: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    var answers: [Result<Value, ConsulError>] { state.withLock { $0.answers } }
    var isAnswered: Bool { !answers.isEmpty }
    var pending: (any PendingCall)? {
        get { state.withLock { $0.pending } }
        set { state.withLock { $0.pending = newValue } }
    }

    func fill(_ answer: Result<Value, ConsulError>) {
        let waiter = state.withLock { state in
            state.answers.append(answer)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    func answer() async throws -> Value {
        await withCheckedContinuation { continuation in
            let isHere = state.withLock { state in
                if state.answers.isEmpty { state.waiter = continuation }
                return !state.answers.isEmpty
            }
            if isHere { continuation.resume() }
        }
        return try answers[0].get()
    }
}
