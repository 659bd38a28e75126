import HTTPTransport
import Primitives

/// The destination of a request's path, by the rules of Go's `ServeMux`: a path with `//`, `.` or
/// `..` in it, or a group's without its last `/`, is moved to its clean form. Go undoes escapes
/// first; here an escaped `/` or `.` belongs to the name, so that every name can be reached.
enum RequestPath {
    /// The route by its index in the table, and its subject.
    case route(Int, String)
    /// A redirection to this path, which is escaped.
    case moved(String)
    case unknown
    /// Invalid: not UTF-8, a broken escape, or an unprintable character. Consul refuses these too,
    /// because they could forge lines of logs and terminals.
    case broken
    /// `OPTIONS *`: the server instead of one path.
    case server

    init(_ request: HTTPRequest, _ table: RouteTable, allowsUnprintable: Bool) {
        self.init(
            request.path, table, method: request.method, allowsUnprintable: allowsUnprintable)
    }

    init(
        _ target: Substring, _ table: RouteTable, method: String = "GET",
        allowsUnprintable: Bool = false
    ) {
        // Nearly all paths need no change.
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
        guard raw.utf8.first == Self.slash, var path = PercentDecoding.decode(raw) else {
            self = .broken
            return
        }
        let route = path.withUTF8 { Self.route($0, table) }
        let takesAnyName = Self.takesAnyName(route, table)
        guard allowsUnprintable || takesAnyName || Self.isPrintable(path) else {
            self = .broken
            return
        }
        if !takesAnyName, let clean = Self.cleaned(raw) {
            self = .moved(clean)
        } else if let route {
            self = route
        } else if table.isGroup(path) {
            self = .moved(path + "/")
        } else {
            self = .unknown
        }
    }

    /// The agent's own services, checks and watches are registered in JSON, which accepts any ID:
    /// each must be reachable, to be removed; Go's client sends `..` unescaped.
    private static func takesAnyName(_ route: RequestPath?, _ table: RouteTable) -> Bool {
        guard case .route(let index, _)? = route else { return false }
        return table.routes[index].path.utf8.starts(with: "/v1/agent/".utf8)
    }

    private static func route(
        _ path: UnsafeBufferPointer<UInt8>, _ table: RouteTable
    ) -> RequestPath? {
        guard let match = table.find(path) else { return nil }
        let subject = UnsafeBufferPointer(rebasing: path[match.subject])
        return .route(match.route, String(decoding: subject, as: UTF8.self))
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

    /// Returns the clean form of an escaped path, nil for a clean path, which nearly all are.
    private static func cleaned(_ path: Substring) -> String? {
        let given = path.utf8.split(separator: slash, omittingEmptySubsequences: false).dropFirst()
        let isClean = given.enumerated().allSatisfy { place, part in
            if part.isEmpty { return place == given.count - 1 }
            return part.first != dot || part.count > 2 || part.last != dot
        }
        if isClean { return nil }
        var parts: [Substring.UTF8View] = []
        for part in given where !part.isEmpty && !part.elementsEqual([dot]) {
            if part.elementsEqual([dot, dot]) { _ = parts.popLast() } else { parts.append(part) }
        }
        let isFolder = path.utf8.last == slash && !parts.isEmpty
        let clean =
            "/" + parts.map { PercentDecoding.escape(Substring($0)) }.joined(separator: "/")
            + (isFolder ? "/" : "")
        return clean
    }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
}
