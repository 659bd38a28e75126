/// The name of a metric: `kvs.apply`, or `fsm.kvs` with the label `op=set`. Without the prefix and
/// the host, which `MetricNaming` adds.
package struct MetricName: Hashable, Sendable {
    package struct Label: Hashable, Sendable {
        package var name: String
        package var value: String
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }
    /// The parts between the dots.
    package var parts: [String]
    package var labels: [Label]

    /// Splits a dotted name.
    /// - Parameter dotted: the parts, with dots between them.
    package init(_ dotted: String, labels: [(String, String)] = []) {
        parts = dotted.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        self.labels = labels.map { Label($0.0, $0.1) }
    }

    package init(parts: [String]) {
        self.parts = parts
        labels = []
    }
}

/// The full name of a metric, with its labels.
package struct Series: Hashable, Sendable {
    /// With prefix and host, dots between the parts: `consul.web1.runtime.alloc_bytes`.
    package var name: String
    package var labels: [MetricName.Label]
    /// The name without the host, for DogStatsD and the native page, which have the host elsewhere.
    package var hostless: String

    package init(_ name: String, labels: [MetricName.Label] = [], hostless: String? = nil) {
        self.name = name
        self.labels = labels
        self.hostless = hostless ?? name
    }

    /// Orders series for output: by name, then by the labels' values.
    package static func precedes(_ a: Series, _ b: Series) -> Bool {
        if a.name != b.name { return a.name < b.name }
        for (one, other) in zip(a.labels, b.labels) where one.value != other.value {
            return one.value < other.value
        }
        return a.labels.count < b.labels.count
    }
}

/// The rules of `telemetry` for names: `metrics_prefix`, `disable_hostname`, `prefix_filter`,
/// `filter_default`.
package struct MetricNaming: Hashable, Sendable {
    package var prefix = "consul"
    /// Inserted into the names of gauges; empty for none.
    package var host = ""
    /// Prefixes of full names that are reported, or blocked.
    package var allowed: [String] = []
    package var blocked: [String] = []
    /// True when names that match no rule are reported.
    package var filterDefault = true

    package init() {}

    /// Parses `prefix_filter`.
    /// - Returns: a sentence for each faulty rule; such rules are omitted, as in Consul.
    package mutating func setFilter(_ rules: [String]) -> [String] {
        var problems: [String] = []
        (allowed, blocked) = ([], [])
        for rule in rules {
            switch rule.first {
            case "+": allowed.append(String(rule.dropFirst()))
            case "-": blocked.append(String(rule.dropFirst()))
            case nil: problems.append("Cannot have empty filter rule in prefix_filter")
            default:
                problems.append("Filter rule must begin with either '+' or '-': \"\(rule)\"")
            }
        }
        return problems
    }

    /// Returns the full name; nil for one that the filter blocks.
    package func series(_ name: MetricName, isGauge: Bool) -> Series? {
        let first = prefix.isEmpty ? [] : [prefix]
        let full = (first + (isGauge && !host.isEmpty ? [host] : []) + name.parts)
            .joined(separator: ".")
        guard passesFilter(full) else { return nil }
        return Series(
            full, labels: name.labels, hostless: (first + name.parts).joined(separator: "."))
    }

    /// Applies the longest matching rule; of two equal ones, the blocking one.
    func passesFilter(_ full: String) -> Bool {
        let longest = { (rules: [String]) in
            rules.filter { full.hasPrefix($0) }.map { $0.utf8.count }.max() ?? -1
        }
        let (yes, no) = (longest(allowed), longest(blocked))
        return yes < 0 && no < 0 ? filterDefault : yes > no
    }
}
