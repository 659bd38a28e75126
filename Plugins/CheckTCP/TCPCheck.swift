public import ConsulModel
public import PluginAPI
import Primitives

/// `tcp: host:port` with an interval: an accepted connection passes.
public struct TCPCheckType: CheckType {
    public let kind = "tcp"
    public init() {}

    public func claims(_ definition: CheckDefinition) -> Bool {
        !definition.tcp.isEmpty && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        CheckRules.intervalProblems(in: definition)
            + CheckRules.addressProblems("tcp", definition.tcp)
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .polled(TCPCheck(definition: definition, context: context))
    }
}

struct TCPCheck: PolledCheck {
    let definition: CheckDefinition
    let context: CheckContext

    func probe(timeout: GoDuration) async -> CheckObservation {
        guard let (host, port) = CheckRules.hostAndPort(definition.tcp) else {
            return CheckObservation(.critical, "\(definition.tcp) is not host:port")
        }
        do throws(ProbeError) {
            try await context.network.dialTCP(
                host: host, port: port, tls: definition.tcpUseTLS,
                tlsServerName: definition.tlsServerName,
                tlsSkipVerify: definition.tlsSkipVerify, timeout: timeout)
            return CheckObservation(.passing, "TCP connect \(definition.tcp): Success")
        } catch {
            return CheckObservation(.critical, error.message)
        }
    }
}
