import Platform
import Primitives

/// Parses a URL as Go's client does: the credentials become a header, the fragment is dropped, the
/// rest of the path is sent as written.
struct ProbeURL: Hashable, Sendable {
    var isTLS: Bool
    /// `user:password`, unescaped; empty without credentials.
    var credentials: String
    /// The host without the brackets of an IPv6 address.
    var host: String
    var port: Int
    /// `host` or `host:port` as written, without credentials: the value of `Host`.
    var authority: String
    /// The rest from the first `/` or `?` on; begins with `/`.
    var target: String

    /// The URL without credentials, for messages.
    var text: String { "\(isTLS ? "https" : "http")://\(authority)\(target)" }

    /// - Throws: the reason, in Go's words.
    init(_ text: String) throws(ProbeURLError) {
        if RequestRules.hasControl(text) {
            throw ProbeURLError("net/url: invalid control character in URL")
        }
        guard let colon = text.firstRange(of: "://") else {
            throw ProbeURLError("unsupported protocol scheme \"\"")
        }
        let scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw ProbeURLError("unsupported protocol scheme \"\(scheme)\"")
        }
        isTLS = scheme == "https"
        let rest = text[colon.upperBound...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let path = rest[end...]
        try Self.checkEscapes(path.prefix { $0 != "?" })
        target = Self.escaped(path.hasPrefix("/") ? path : "/\(path)")
        var place = rest[..<end]
        credentials = ""
        if let at = place.lastIndex(of: "@") {
            credentials = Self.unescaped(place[..<at])
            place = place[place.index(after: at)...]
        }
        authority = String(place)
        (host, port) = try Self.hostAndPort(place, standard: isTLS ? 443 : 80)
    }

    private static func hostAndPort(
        _ text: Substring, standard: Int
    ) throws(ProbeURLError) -> (String, Int) {
        var host = text
        var digits: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw ProbeURLError("missing ']' in host")
            }
            host = text[text.index(after: text.startIndex)..<close]
            let behind = text[text.index(after: close)...]
            if behind.hasPrefix(":") { digits = behind.dropFirst() }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            digits = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { throw ProbeURLError("no Host in request URL") }
        if !text.hasPrefix("[") { try checkEscapes(host) }
        if let odd = host.unicodeScalars.first(where: { !mayBeInHost($0) }) {
            let shown = GoText.quoted(String(odd))
            throw ProbeURLError("invalid character \(shown) in host name")
        }
        guard let digits, !digits.isEmpty else { return (String(host), standard) }
        guard let port = Int(digits), digits.allSatisfy(\.isNumber) else {
            throw ProbeURLError("invalid port \":\(digits)\" after host")
        }
        guard port <= 65535 else {
            throw ProbeURLError("dial tcp: address \(port): invalid port")
        }
        return (String(host), port)
    }

    /// Returns whether `text` begins with a scheme: a relative path may contain a URL in its query.
    private static func hasScheme(_ text: String) -> Bool {
        guard let end = text.firstRange(of: "://")?.lowerBound else { return false }
        return text[..<end].utf8.allSatisfy {
            ASCII.lowered($0) &- 0x61 < 26 || $0 &- 0x30 < 10 || "+-.".utf8.contains($0)
        }
    }

    /// Resolves a `Location` against this URL.
    func resolve(_ location: String) throws(ProbeURLError) -> ProbeURL {
        let scheme = isTLS ? "https" : "http"
        if Self.hasScheme(location) { return try ProbeURL(location) }
        if location.hasPrefix("//") { return try ProbeURL("\(scheme):\(location)") }
        let path = target.prefix { $0 != "?" }
        if location.hasPrefix("/") {
            return try ProbeURL("\(scheme)://\(authority)\(location)")
        }
        if location.hasPrefix("?") {
            return try ProbeURL("\(scheme)://\(authority)\(path)\(location)")
        }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return try ProbeURL("\(scheme)://\(authority)\(folder)\(location)")
    }

    private static func mayBeInHost(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: !scalar.isASCII || "-._~!$&'()*+,;=:[]<>\"%".unicodeScalars.contains(scalar)
        }
    }

    /// Refuses a percent sign without two hexadecimal digits.
    private static func checkEscapes(_ text: Substring) throws(ProbeURLError) {
        var rest = text.utf8[...]
        while let percent = rest.firstIndex(of: UInt8(ascii: "%")) {
            let escape = rest[percent...].prefix(3)
            guard escape.count == 3, escape.dropFirst().allSatisfy(isHexDigit) else {
                throw ProbeURLError("invalid URL escape \"\(Substring(escape))\"")
            }
            rest = rest[escape.endIndex...]
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || ASCII.lowered(byte) &- 0x61 < 6
    }

    /// Escapes the characters that a request line may not contain; existing escapes stay.
    private static func escaped(_ text: Substring) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            if byte > 0x20, byte < 0x7F {
                out.append(byte)
            } else {
                out += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let pair = rest.prefix(2)
            if byte == UInt8(ascii: "%"), pair.count == 2,
                let value = UInt8(String(decoding: pair, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The reason why a URL cannot be requested, in Go's words.
struct ProbeURLError: Error, Hashable, Sendable {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}
