package import ConsulModel
package import PluginAPI
package import Primitives
import Synchronization

/// Records values in order.
package final class Recorder<Value: Sendable>: Sendable {
    private let kept = Mutex<[Value]>([])
    package init() {}
    package func add(_ value: Value) { kept.withLock { $0.append(value) } }
    package var values: [Value] { kept.withLock { $0 } }
}

/// Scripted capabilities. Each returns the test's answer and records its requests.
package struct Scripted: Sendable {
    package var processes = ScriptedProcesses()
    package var http = ScriptedHTTP()
    package var network = ScriptedNetwork()
    package var checks = ScriptedChecks()
    package var clock: any WaitingClock = FakeClock()
    package var outputMax = 4096

    package init() {}

    package func context(id: String = "check") -> CheckContext {
        CheckContext(
            checkID: id, nodeName: "node1", outputMax: outputMax, processes: processes, http: http,
            network: network, clock: clock, checks: checks)
    }

    package var handlerContext: HandlerContext {
        HandlerContext(processes: processes, http: http)
    }
}

package struct ScriptedProcesses: ProcessRunner {
    package var answer: @Sendable (ProcessRequest) async -> ProcessOutcome = { _ in
        ProcessOutcome(.exited(0))
    }
    package let asked = Recorder<ProcessRequest>()
    package init() {}

    package func run(_ request: ProcessRequest) async -> ProcessOutcome {
        asked.add(request)
        return await answer(request)
    }

    package func start(_ arguments: [String], lineMax: Int) async throws(ProbeError)
        -> any LineProcess
    {
        throw ProbeError("there are no programs in this script")
    }
}

package struct ScriptedHTTP: HTTPProber {
    package var answer: @Sendable (HTTPProbe) async -> Result<HTTPProbeAnswer, ProbeError> = { _ in
        .success(HTTPProbeAnswer(status: 200, reason: "OK", body: []))
    }
    package let asked = Recorder<HTTPProbe>()
    package init() {}

    package func request(_ probe: HTTPProbe) async throws(ProbeError) -> HTTPProbeAnswer {
        asked.add(probe)
        return try await answer(probe).get()
    }
}

package struct ScriptedNetwork: NetworkProber {
    package struct Dial: Hashable, Sendable {
        package var host: String
        package var port: Int
        package var tls = false
        package var serverName = ""
        package var skipsVerification = false
        package init(_ host: String, _ port: Int) {
            self.host = host
            self.port = port
        }
    }
    package var tcp: ProbeError?
    package var udp: Result<[UInt8]?, ProbeError> = .success([])
    package let asked = Recorder<Dial>()
    package init() {}

    package func dialTCP(
        host: String, port: Int, tls: Bool, tlsServerName: String, tlsSkipVerify: Bool,
        timeout: GoDuration
    ) async throws(ProbeError) {
        var dial = Dial(host, port)
        dial.tls = tls
        dial.serverName = tlsServerName
        dial.skipsVerification = tlsSkipVerify
        asked.add(dial)
        if let tcp { throw tcp }
    }

    package func exchangeUDP(host: String, port: Int, payload: [UInt8], timeout: GoDuration)
        async throws(ProbeError) -> [UInt8]?
    {
        asked.add(Dial(host, port))
        return try udp.get()
    }
}

/// Reports the script's states of other checks, one after another.
package struct ScriptedChecks: CheckObserver {
    package var states: [[HealthCheck]?] = []
    package let asked = Recorder<[String]>()
    package init() {}

    package func observe(
        node: String, serviceID: String, for checkID: String,
        onChange notify: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {
        asked.add([node, serviceID])
        for state in states { notify(state) }
    }
}

extension CheckType {
    /// Returns the polled check of a definition.
    package func polled(_ definition: CheckDefinition, _ script: Scripted) throws
        -> any PolledCheck
    {
        guard case .polled(let check) = try make(definition, in: script.context()) else {
            throw ProbeError("\(kind) is not polled")
        }
        return check
    }

    package func pushed(_ definition: CheckDefinition, _ script: Scripted) throws
        -> any PushedCheck
    {
        guard case .pushed(let check) = try make(definition, in: script.context()) else {
            throw ProbeError("\(kind) is not pushed")
        }
        return check
    }
}
