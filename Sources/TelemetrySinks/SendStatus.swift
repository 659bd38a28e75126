import Logging
import Platform
import Primitives

/// A sender's dropped lines, its next attempt, and its next warning.
struct SendStatus {
    private var dropped = 0
    private var nextWarning = Instant.zero
    private var wait = Limits.retryFirst
    private(set) var retryAt = Instant.zero

    mutating func drop(_ count: Int) { dropped += count }

    /// Records a failed attempt to reach the address.
    mutating func failed(at now: Instant) {
        retryAt = now + wait
        wait = min(wait * 2, Limits.retryMax)
    }

    mutating func succeeded() { wait = Limits.retryFirst }

    /// Returns a warning for the log, when one is due.
    mutating func warning(_ reason: String, at now: Instant) -> Logger.Message? {
        guard now >= nextWarning else { return nil }
        nextWarning = now + Limits.warningInterval
        defer { dropped = 0 }
        return "telemetry: \(reason)\(dropped > 0 ? "; \(dropped) lines were dropped" : "")"
    }
}

/// Splits `host:port` or `[v6]:port`; the port is required.
func hostAndPort(_ address: String) -> (host: String, port: Int)? {
    guard let colon = address.lastIndex(of: ":"),
        let port = Int(address[address.index(after: colon)...]), (1...65_535).contains(port)
    else { return nil }
    var host = String(address[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    return (host.isEmpty ? "127.0.0.1" : host, port)
}
