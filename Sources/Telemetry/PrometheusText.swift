/// Formats Prometheus' text format 0.0.4.
package enum PrometheusText {
    package enum Form: Sendable {
        /// Consul's names, the host in those of gauges: `?format=prometheus`.
        case consul
        /// Names in Prometheus' own style: snake case, counters that end in `_total`, help, and no
        /// host, which Prometheus adds as `instance`.
        case native
    }

    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package static func text(_ totals: [(Series, RunningTotals.Total)], _ form: Form) -> String {
        var families: [(name: String, text: String)] = []
        var indices: [String: Int] = [:]
        for (series, total) in totals {
            let name = familyName(series, total.value, form)
            let index = indices[name] ?? families.count
            if index == families.count {
                indices[name] = index
                let help = form == .native && !total.help.isEmpty ? total.help : name
                let type = kind(total.value)
                families.append((name, "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"))
            }
            families[index].text += lines(name, labels(series), total.value)
        }
        return families.sorted { $0.name < $1.name }.map { $0.text }.joined()
    }

    private static func kind(_ value: RunningTotals.Value) -> String {
        switch value {
        case .gauge: "gauge"
        case .counter: "counter"
        case .summary: "summary"
        }
    }

    private static func lines(
        _ name: String, _ labels: [String], _ value: RunningTotals.Value
    ) -> String {
        let own = braces(labels)
        switch value {
        case .gauge(let value): return "\(name)\(own) \(number(value))\n"
        case .counter(let count): return "\(name)\(own) \(number(Double(count)))\n"
        case .summary(let count, let sum, let recent):
            var text = ""
            for share in [0.5, 0.9, 0.99] {
                let value = recent.map { $0.quantile(share) / 1e6 } ?? .nan
                let all = braces(labels + ["quantile=\"\(share)\""])
                text += "\(name)\(all) \(number(value))\n"
            }
            text += "\(name)_sum\(own) \(number(Double(sum) / 1e6))\n"
            return text + "\(name)_count\(own) \(count)\n"
        }
    }

    private static func labels(_ series: Series) -> [String] {
        series.labels.map { label in
            var value = ""
            for character in label.value {
                switch character {
                case "\\": value += "\\\\"
                case "\"": value += "\\\""
                case "\n": value += "\\n"
                default: value.append(character)
                }
            }
            return "\(plain(label.name))=\"\(value)\""
        }
    }

    private static func braces(_ labels: [String]) -> String {
        labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
    }

    private static func familyName(
        _ series: Series, _ value: RunningTotals.Value, _ form: Form
    ) -> String {
        guard form == .native else { return plain(series.name) }
        let name = snake(plain(series.hostless))
        if case .counter = value, !name.hasSuffix("_total") { return name + "_total" }
        return name
    }

    /// Returns a name of letters, digits, `_` and `:`, without a digit first.
    static func plain(_ name: String) -> String {
        var text = ""
        for byte in name.utf8 {
            let isLetter = (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte == 0x3A
            let isDigit = byte &- 0x30 < 10
            if isDigit && text.isEmpty { text.append("_") }
            text.unicodeScalars.append(isLetter || isDigit ? Unicode.Scalar(byte) : "_")
        }
        return text
    }

    /// Converts `raft_commitTime` to `raft_commit_time`, `http_GET_v1` to `http_get_v1`.
    static func snake(_ name: String) -> String {
        var text = ""
        var last: UInt8 = 0
        for byte in name.utf8 {
            let isUpper = byte &- 0x41 < 26
            if isUpper, last &- 0x61 < 26 || last &- 0x30 < 10 { text.append("_") }
            let lowered = Unicode.Scalar(isUpper ? byte | 0x20 : byte)
            // Adds at most one `_` between words.
            if !(byte == 0x5F && last == 0x5F) { text.unicodeScalars.append(lowered) }
            last = byte
        }
        while text.hasSuffix("_") { text.removeLast() }
        return text
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), value.magnitude < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }
}
