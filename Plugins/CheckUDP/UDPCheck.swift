public import ConsulModel
public import PluginAPI
import Primitives

/// `udp: host:port` with an interval. The check sends a datagram: an answer, or silence until the
/// timeout, passes; a refusal by the host (ICMP) is critical.
public struct UDPCheckType: CheckType {
    public let kind = "udp"
    public init() {}

    public func claims(_ definition: CheckDefinition) -> Bool {
        !definition.udp.isEmpty && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        CheckRules.intervalProblems(in: definition)
            + CheckRules.addressProblems("udp", definition.udp)
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .polled(UDPCheck(address: definition.udp, context: context))
    }
}

struct UDPCheck: PolledCheck {
    let address: String
    let context: CheckContext

    func probe(timeout: GoDuration) async -> CheckObservation {
        guard let (host, port) = CheckRules.hostAndPort(address) else {
            return CheckObservation(.critical, "\(address) is not host:port")
        }
        do throws(ProbeError) {
            _ = try await context.network.exchangeUDP(
                host: host, port: port, payload: Array("consul-udp-check".utf8),
                timeout: timeout)
            return CheckObservation(.passing, "UDP connect \(address): Success")
        } catch {
            return CheckObservation(.critical, error.message)
        }
    }
}
