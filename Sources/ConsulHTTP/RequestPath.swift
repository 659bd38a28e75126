import HTTPTransport

/// What the path of a request leads to, by the rules of Go's `ServeMux`: escapes are undone
/// first, and a path with `//`, `.` or `..` in it, or a group's without its last `/`, is moved to
/// its clean form.
enum RequestPath {
    /// The route by its place in the table, and what stands behind its prefix.
    case route(Int, String)
    case moved(String)
    case unknown
    /// Not UTF-8, an escape that is none, or a character that cannot be printed: Consul refuses
    /// these too, lest they forge lines of logs and terminals.
    case broken
    /// `OPTIONS *`: not one path, but the server.
    case server

    init(_ request: HTTPRequest, _ table: RouteTable, allowsUnprintable: Bool) {
        self.init(
            request.path, table, method: request.method, allowsUnprintable: allowsUnprintable)
    }

    init(
        _ target: Substring, _ table: RouteTable, method: String = "GET",
        allowsUnprintable: Bool = false
    ) {
        // Nearly all paths stand for themselves.
        let plain = target.utf8.withContiguousStorageIfAvailable { path in
            Self.isPlain(path) ? Self.route(path, table) : nil
        }
        if let plain, let plain {
            self = plain
            return
        }
        let raw = target.utf8.first == Self.slash ? target : Self.behindHost(target)
        if raw == "*", method == "OPTIONS" {
            self = .server
            return
        }
        guard raw.utf8.first == Self.slash, var path = PercentDecoding.decode(raw),
            allowsUnprintable || Self.isPrintable(path)
        else {
            self = .broken
            return
        }
        if let clean = Self.cleaned(path) {
            self = .moved(clean)
        } else if let route = path.withUTF8({ Self.route($0, table) }) {
            self = route
        } else if table.isGroup(path) {
            self = .moved(path + "/")
        } else {
            self = .unknown
        }
    }

    private static func route(
        _ path: UnsafeBufferPointer<UInt8>, _ table: RouteTable
    ) -> RequestPath? {
        guard let (place, rest) = table.find(path) else { return nil }
        let subject = UnsafeBufferPointer(rebasing: path[rest...])
        return .route(place, String(decoding: subject, as: UTF8.self))
    }

    /// True for a path of printable ASCII without escapes that is clean.
    private static func isPlain(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        var last: UInt8 = 0
        for byte in path {
            guard byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "%") else { return false }
            if last == slash && (byte == slash || byte == dot) { return false }
            last = byte
        }
        return path.first == slash
    }

    /// A proxy's client names the host too: `http://host/path`.
    private static func behindHost(_ target: Substring) -> Substring {
        for scheme in ["http://", "https://"]
        where target.prefix(scheme.count).lowercased() == scheme {
            let rest = target.dropFirst(scheme.count)
            return rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        return target
    }

    private static func isPrintable(_ path: String) -> Bool {
        if path.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return true }
        return path.unicodeScalars.allSatisfy { GoText.isPrintable($0) }
    }

    /// Nil for a clean path, which nearly all are.
    private static func cleaned(_ path: String) -> String? {
        var isClean = path.utf8.first == slash
        var last: UInt8 = 0
        for byte in path.utf8 where isClean {
            if last == slash && (byte == slash || byte == dot) { isClean = false }
            last = byte
        }
        if isClean { return nil }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        let isFolder = path.hasSuffix("/") && !parts.isEmpty
        let clean = "/" + parts.joined(separator: "/") + (isFolder ? "/" : "")
        return clean == path ? nil : clean
    }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
}
