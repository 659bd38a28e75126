public import ConsulModel
import Primitives

/// Rules that several check types share.
public enum CheckRules {
    /// Every polled type needs an interval.
    public static func intervalProblems(in definition: CheckDefinition) -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if definition.interval <= .zero {
            problems.append(
                DefinitionProblem(
                    "interval", "Interval must be > 0 for Script, HTTP, or TCP checks"))
        }
        if definition.ttl > .zero {
            problems.append(DefinitionProblem("ttl", "a check with an interval has no TTL"))
        }
        return problems + thresholdProblems(in: definition)
    }

    public static func thresholdProblems(in definition: CheckDefinition) -> [DefinitionProblem] {
        let counts = [
            ("success_before_passing", definition.successBeforePassing),
            ("failures_before_warning", definition.failuresBeforeWarning),
            ("failures_before_critical", definition.failuresBeforeCritical),
            ("output_max_size", definition.outputMaxSize),
        ]
        var problems = counts.filter { $0.1 < 0 }.map {
            DefinitionProblem($0.0, "must not be negative")
        }
        if definition.timeout < .zero {
            problems.append(DefinitionProblem("timeout", "must not be negative"))
        }
        if !definition.status.isEmpty, CheckStatus(rawValue: definition.status) == nil {
            problems.append(
                DefinitionProblem(
                    "status",
                    "unknown status \"\(definition.status)\": use passing, warning or critical"))
        }
        return problems
    }

    /// `host:port`, `[v6]:port`; nil for anything else.
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

    public static func addressProblems(_ field: String, _ text: String) -> [DefinitionProblem] {
        hostAndPort(text) == nil
            ? [DefinitionProblem(field, "\"\(text)\" is not host:port (for example web.local:80)")]
            : []
    }
}
