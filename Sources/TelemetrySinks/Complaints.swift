import Logging
import Platform
import Primitives

/// How a sender fares: what it dropped, when it tries again, when it last complained.
struct Complaints {
    private var dropped = 0
    private var nextComplaint = Instant.zero
    private var wait = Limits.retryFirst
    private(set) var retryAt = Instant.zero

    mutating func drop(_ count: Int) { dropped += count }

    /// The address could not be reached.
    mutating func failed(at now: Instant) {
        retryAt = now + wait
        wait = min(wait * 2, Limits.retryMax)
    }

    mutating func succeeded() { wait = Limits.retryFirst }

    /// A sentence for the log, when one is due.
    mutating func sentence(_ reason: String, at now: Instant) -> Logger.Message? {
        guard now >= nextComplaint else { return nil }
        nextComplaint = now + Limits.complainEvery
        defer { dropped = 0 }
        return "telemetry: \(reason)\(dropped > 0 ? "; \(dropped) lines were dropped" : "")"
    }
}

/// `host:port`, or `[v6]:port`; a port is needed.
func hostAndPort(_ address: String) -> (host: String, port: Int)? {
    guard let colon = address.lastIndex(of: ":"),
        let port = Int(address[address.index(after: colon)...]), (1...65_535).contains(port)
    else { return nil }
    var host = String(address[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    return (host.isEmpty ? "127.0.0.1" : host, port)
}
