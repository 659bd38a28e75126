import ConsulModel
import HTTPTransport
import Primitives

/// The query parameters of a request, and Consul's rules for the common ones.
package struct QueryParameters: Sendable {
    private static let countMax = 256

    private let pairs: [(name: String, value: String)]
    /// The reason to refuse the request: ignoring a broken `cas` would make the write
    /// unconditional.
    let fault: String?

    init(_ query: Substring) {
        guard !query.isEmpty else {
            pairs = []
            fault = nil
            return
        }
        var fault: String?
        var pairs: [(name: String, value: String)] = []
        // Splits by bytes: a combining mark after `&` would form one character with it. `;`
        // separates too, as in the Go of Consul's time.
        let parts = query.utf8.split(maxSplits: Self.countMax) {
            $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";")
        }
        for part in parts {
            let sides = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentDecoding.decode(Substring(sides[0]), plusIsSpace: true),
                let value = sides.count == 2
                    ? PercentDecoding.decode(Substring(sides[1]), plusIsSpace: true) : ""
            else {
                let name = GoText.quoted(String(Substring(sides[0])))
                fault = "Invalid query: a percent escape in \(name) is broken, or not UTF-8"
                break
            }
            pairs.append((name, value))
        }
        if parts.count > Self.countMax {
            fault = "Invalid query: more than \(Self.countMax) parameters"
        }
        self.pairs = pairs
        self.fault = fault
    }

    func has(_ name: String) -> Bool { pairs.contains { $0.name == name } }

    /// The first value; empty when it is missing.
    subscript(_ name: String) -> String { pairs.first { $0.name == name }?.value ?? "" }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map { $0.value } }

    /// Parses a number as Go's `strconv.ParseUint`; nil when the parameter is missing.
    func unsigned(_ name: String) throws(ConsulError) -> UInt64? {
        guard has(name) else { return nil }
        let text = self[name]
        if let value = UInt64(text), !text.hasPrefix("+") { return value }
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let reason = isNumber ? "value out of range" : "invalid syntax"
        throw ConsulError(.internal, "strconv.ParseUint: parsing \(GoText.quoted(text)): \(reason)")
    }

    /// Parses `?passing`, `?passing=1`, `?passing=false`: present without a value is true.
    func flag(_ name: String) throws(ConsulError) -> Bool {
        guard has(name) else { return false }
        switch self[name] {
        case "", "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw ConsulError(.badRequest, "Invalid value for ?\(name)")
        }
    }

    /// Refuses `?ns=`: without namespaces no client may believe that it uses one.
    func refuseNamespace() throws(ConsulError) {
        guard !self["ns"].isEmpty else { return }
        throw ConsulError(
            .badRequest,
            "Bad request: Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise "
                + "feature")
    }

    /// Returns the options that every read has.
    func options(token: String) throws(ConsulError) -> QueryOptions {
        if pairs.isEmpty {
            var options = QueryOptions()
            options.token = token
            return options
        }
        try refuseNamespace()
        return try optionsIgnoringNamespace(token: token)
    }

    /// Returns the options of a read that ignores `?ns`.
    func optionsIgnoringNamespace(token: String) throws(ConsulError) -> QueryOptions {
        var options = QueryOptions()
        if !pairs.isEmpty {
            options = try waiting()
            try readConsistency(&options)
            options.datacenter = self["dc"]
            options.filter = self["filter"]
            options.source.node = self["near"]
            for pair in all("node-meta") {
                let sides = pair.split(
                    separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                options.nodeMeta[String(sides[0])] = sides.count == 2 ? String(sides[1]) : ""
            }
        }
        options.token = token
        return options
    }

    /// Returns `?index` and `?wait` only; empty ones count as missing.
    func waiting() throws(ConsulError) -> QueryOptions {
        var options = QueryOptions()
        let index = self["index"]
        if !index.isEmpty {
            guard !index.hasPrefix("+"), let index = UInt64(index) else {
                throw ConsulError(.badRequest, "Invalid index")
            }
            options.minQueryIndex = index
        }
        let wait = self["wait"]
        if !wait.isEmpty {
            guard let wait = GoDuration(wait) else {
                throw ConsulError(.badRequest, "Invalid wait time")
            }
            options.maxQueryTime = wait
        }
        return options
    }

    /// Reads `?stale`, `?consistent`, `?cached` and `?max_stale`. A single server is never behind
    /// its leader, so that no `max_stale` is too short.
    func readConsistency(_ options: inout QueryOptions) throws(ConsulError) {
        if has("stale") { options.consistency = .stale }
        let age = self["max_stale"]
        if !age.isEmpty {
            guard let limit = GoDuration(age) else {
                throw ConsulError(.badRequest, "Invalid max_stale value \(GoText.quoted(age))")
            }
            if limit > .zero { options.consistency = .stale }
        }
        guard has("consistent") else { return }
        for (name, isGiven) in [
            ("stale", options.consistency == .stale), ("cached", has("cached")),
        ] where isGiven {
            throw ConsulError(
                .badRequest,
                "Cannot specify ?\(name) with ?consistent, conflicting semantics.")
        }
        options.consistency = .consistent
    }
}

/// The header `Cache-Control` of a request. Answers are always fresh here: no `max-age` is too
/// short for them.
enum CacheControl {
    static func refuseWrong(_ headers: RequestFields) throws(ConsulError) {
        for value in headers.list(name: "Cache-Control") {
            let sides = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard ["max-age", "stale-if-error"].contains(sides[0]) else { continue }
            guard sides.count == 2, Int64(sides[1]) != nil else {
                throw ConsulError(.badRequest, "Invalid Cache-Control header.")
            }
        }
    }
}
