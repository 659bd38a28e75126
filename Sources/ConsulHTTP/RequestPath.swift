/// What the path of a request leads to, by the rules of Go's `ServeMux`: escapes are undone
/// first, and a path with `//`, `.` or `..` in it, or a group's without its last `/`, is moved to
/// its clean form.
enum RequestPath {
    /// The route, and what stands behind its prefix.
    case route(Route, String)
    case moved(String)
    case unknown
    /// Not UTF-8, or an escape that is none.
    case broken

    init(_ raw: Substring, _ table: RouteTable) {
        guard let path = PercentDecoding.decode(raw) else {
            self = .broken
            return
        }
        if let clean = Self.cleaned(path) {
            self = .moved(clean)
        } else if let (route, rest) = table.find(path[...]) {
            self = .route(route, String(rest))
        } else if table.isGroup(path) {
            self = .moved(path + "/")
        } else {
            self = .unknown
        }
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
