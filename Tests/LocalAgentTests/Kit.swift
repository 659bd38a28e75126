import ConsulModel
import Glibc
import LocalAgent
import Logging
import Platform
import PluginAPI
import Primitives
import Synchronization
import TestKit
import Testing
import Watch
import Wire

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A clock that the test advances.
final class ManualClock: WaitingClock {
    private struct State {
        var now = Instant.zero
        var sleepers: [UInt64: (until: Instant, wake: CheckedContinuation<Bool, Never>)] = [:]
        var cancelled: Set<UInt64> = []
        var next: UInt64 = 0
    }
    private let state = Mutex(State())

    func now() -> Instant { state.withLock { $0.now } }

    func sleep(until deadline: Instant) async -> Bool {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.cancelled.remove(id) != nil { return false }
                    if deadline <= state.now { return true }
                    state.sleepers[id] = (deadline, continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelled.insert(id) }
                return sleeper
            }
            sleeper?.wake.resume(returning: false)
        }
    }

    func advance(_ length: GoDuration) {
        let due = state.withLock { state in
            state.now = state.now + length
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map { $0.wake }
        }
        for continuation in due { continuation.resume(returning: true) }
    }

    /// Returns the number of sleepers whose deadline is at most `length` ahead.
    func sleepers(within length: GoDuration) -> Int {
        state.withLock { state in
            state.sleepers.values.filter { $0.until <= state.now + length }.count
        }
    }
}

/// A cluster of one node's catalog and one key, with failures on request.
final class ScriptedBackend: Backend {
    struct Parked: PendingCall {
        let backend: ScriptedBackend
        let id: UInt64
        func cancel() {
            let parked = backend.state.withLock { $0.parked.removeValue(forKey: id) }
            parked?(.failure(ConsulError(.cancelled, "given up")))
        }
    }

    struct State {
        var log: [String] = []
        var failures = 0
        /// Registrations of this service are refused.
        var refusedService: String?
        var refusals = 0
        var node: Node?
        var services: [String: NodeService] = [:]
        var checks: [String: HealthCheck] = [:]
        var value = ""
        var index: UInt64 = 1
        var parked: [UInt64: @Sendable (Result<Void, ConsulError>) -> Void] = [:]
        var next: UInt64 = 0
    }
    let state = Mutex(State())

    /// Returns the writes in order, and forgets them.
    func takeLog() -> [String] {
        state.withLock { state in
            defer { state.log = [] }
            return state.log
        }
    }

    var parkedCount: Int { state.withLock { $0.parked.count } }

    func set(_ value: String) {
        let woken = state.withLock { state in
            state.value = value
            state.index += 1
            defer { state.parked = [:] }
            return Array(state.parked.values)
        }
        for wake in woken { wake(.success(())) }
    }

    func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        reply: @escaping @Sendable (Result<Response, ConsulError>) -> Void
    ) -> (any PendingCall)? {
        let fails = state.withLock { state in
            guard state.failures > 0 else { return false }
            state.failures -= 1
            return true
        }
        if fails {
            reply(.failure(.noLeader))
            return nil
        }
        let isRefused = state.withLock { state in
            let service = (request as? RegisterRequest)?.service
            guard let service, service.id == state.refusedService else { return false }
            state.refusals += 1
            return true
        }
        if isRefused {
            reply(.failure(ConsulError(.internal, "Invalid service address")))
            return nil
        }
        if let query = request as? any ReadRequest {
            let parked = state.withLock { state -> UInt64? in
                guard endpoint.name == "KVS.Get", query.options.minQueryIndex == state.index
                else { return nil }
                state.next += 1
                state.parked[state.next] = { [self] result in
                    reply(result.flatMap { read(endpoint) })
                }
                return state.next
            }
            if let parked { return Parked(backend: self, id: parked) }
            reply(read(endpoint))
        } else {
            write(request)
            if let done = true as? Response { reply(.success(done)) }
            if let done = EmptyReply() as? Response { reply(.success(done)) }
        }
        return nil
    }

    private func read<Request: ClusterRequest, Response>(_ endpoint: Endpoint<Request, Response>)
        -> Result<Response, ConsulError>
    {
        let (state, meta) = state.withLock { ($0, QueryMeta(index: $0.index)) }
        let answer: Any
        switch endpoint.name {
        case "KVS.Get":
            var entry = KVEntry()
            entry.key = "a"
            entry.value = Bytes(state.value)
            answer = IndexedDirEntries([entry], meta)
        case "Catalog.NodeServiceList":
            let services = state.services.values.sorted { $0.id < $1.id }
            let list = state.node.map { NodeServiceList(node: $0, services: services) }
            answer = IndexedNodeServiceList(list ?? NodeServiceList(), meta)
        default:
            let checks = state.checks.values.sorted { $0.checkID < $1.checkID }
            answer = IndexedHealthChecks(checks, meta)
        }
        guard let typed = answer as? Response else {
            return .failure(ConsulError(.internal, "no answer to \(endpoint.name)"))
        }
        return .success(typed)
    }

    private func write(_ request: Any) {
        state.withLock { state in
            if let request = request as? RegisterRequest {
                if !request.skipNodeUpdate {
                    state.log.append("node \(request.node)")
                    var node = Node()
                    node.node = request.node
                    node.address = request.address
                    state.node = node
                }
                if let service = request.service, request.check == nil {
                    state.log.append("service \(service.id)")
                    state.services[service.id] = service
                }
                for check in request.checks + (request.check.map { [$0] } ?? []) {
                    state.log.append("check \(check.checkID) \(check.status) \(check.output)")
                    state.checks[check.checkID] = check
                }
            } else if let request = request as? DeregisterRequest {
                state.log.append("remove \(request.serviceID)\(request.checkID)")
                state.services[request.serviceID] = nil
                state.checks[request.checkID] = nil
            }
        }
    }
}
