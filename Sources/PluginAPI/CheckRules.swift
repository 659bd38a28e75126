public import ConsulModel
import Primitives

/// Rules that several check types share.
public enum CheckRules {
    /// Returns a fault when a polled type has no interval.
    public static func intervalProblems(in definition: CheckDefinition) -> [DefinitionProblem] {
        let problems = definition.commonFaults
        let needsInterval =
            definition.interval <= .zero && !problems.contains { $0.effect == .refuses }
        return needsInterval ? [CheckDefinition.intervalFault] + problems : problems
    }

    /// Returns the faults that checks of every type can have: thresholds, times, the initial
    /// status.
    public static func thresholdProblems(in definition: CheckDefinition) -> [DefinitionProblem] {
        definition.commonFaults
    }

    /// Returns the fault of a URL that has neither of HTTP's schemes, in any case of letters.
    public static func urlProblems(_ field: String, _ url: String) -> [DefinitionProblem] {
        let scheme = url.prefix(8).lowercased()
        if scheme.hasPrefix("http://") || scheme.hasPrefix("https://") { return [] }
        return [
            DefinitionProblem(
                field,
                "\"\(Redaction.url(url))\" is not a URL: begin with http:// or https://")
        ]
    }

    /// Splits `host:port` or `[v6]:port`; returns nil for any other text.
    public static func hostAndPort(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), port > 0, port < 65536
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        return (String(host.isEmpty ? "127.0.0.1" : host), port)
    }

    /// Returns the fault of an invalid address. HashiCorp's agent accepts any text, and the check
    /// then fails for ever.
    public static func addressProblems(_ field: String, _ text: String) -> [DefinitionProblem] {
        if hostAndPort(text) != nil { return [] }
        let hasPort = text.contains(":")
        return [
            DefinitionProblem(
                field,
                hasPort
                    ? "\"\(text)\" is not host:port (for example web.local:80)"
                    : "address \(text): missing port in address (write host:port)")
        ]
    }
}
