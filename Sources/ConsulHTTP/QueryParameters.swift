import ConsulModel
import Primitives

/// The parameters behind the `?` of a request, and Consul's rules for the common ones.
package struct QueryParameters: Sendable {
    /// More are not looked at.
    private static let countMax = 256

    private let pairs: [(name: String, value: String)]

    /// Pairs with a broken escape are left out, as Go does.
    init(_ query: Substring) {
        guard !query.isEmpty else {
            pairs = []
            return
        }
        var pairs: [(name: String, value: String)] = []
        // By bytes: a combining mark behind a `&` would make one character with it.
        for part in query.utf8.split(separator: UInt8(ascii: "&"), maxSplits: Self.countMax) {
            let sides = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentDecoding.decode(Substring(sides[0]), plusIsSpace: true),
                let value = sides.count == 2
                    ? PercentDecoding.decode(Substring(sides[1]), plusIsSpace: true) : ""
            else { continue }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    func has(_ name: String) -> Bool { pairs.contains { $0.name == name } }

    /// The first value; empty when it is missing.
    subscript(_ name: String) -> String { pairs.first { $0.name == name }?.value ?? "" }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map { $0.value } }

    /// A number as Go's `strconv.ParseUint`; nil when the parameter is missing.
    func unsigned(_ name: String) throws(ConsulError) -> UInt64? {
        guard has(name) else { return nil }
        let text = self[name]
        if let value = UInt64(text), !text.hasPrefix("+") { return value }
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let reason = isNumber ? "value out of range" : "invalid syntax"
        throw ConsulError(.internal, "strconv.ParseUint: parsing \"\(text)\": \(reason)")
    }

    /// `?passing`, `?passing=1`, `?passing=false`: present without a value is true.
    func flag(_ name: String) throws(ConsulError) -> Bool {
        guard has(name) else { return false }
        switch self[name] {
        case "", "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw ConsulError(.badRequest, "Invalid value for ?\(name)")
        }
    }

    /// `?ns=`: without namespaces nobody may believe to be in one.
    func refuseNamespace() throws(ConsulError) {
        guard has("ns") else { return }
        throw ConsulError(
            .badRequest,
            "Bad request: Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise "
                + "feature")
    }

    /// What every read understands.
    func options(token: String) throws(ConsulError) -> QueryOptions {
        var options = QueryOptions()
        options.token = token
        guard !pairs.isEmpty else { return options }
        try refuseNamespace()
        options.datacenter = self["dc"]
        options.filter = self["filter"]
        options.near = self["near"]
        if has("index") {
            guard let index = UInt64(self["index"]) else {
                throw ConsulError(.badRequest, "Invalid index")
            }
            options.minQueryIndex = index
        }
        if has("wait") {
            guard let wait = GoDuration(self["wait"]) else {
                throw ConsulError(.badRequest, "Invalid wait time")
            }
            options.maxQueryTime = wait
        }
        if has("stale") { options.consistency = .stale }
        if has("consistent") {
            guard options.consistency != .stale else {
                throw ConsulError(
                    .badRequest,
                    "Cannot specify ?stale with ?consistent, conflicting semantics.")
            }
            options.consistency = .consistent
        }
        for pair in all("node-meta") {
            let sides = pair.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            options.nodeMeta[String(sides[0])] = sides.count == 2 ? String(sides[1]) : ""
        }
        return options
    }
}
