import Glibc

/// Finds the route of a path. All routes are here, one line each, in the files of their subjects.
/// The index of a route identifies it in tables of other data.
///
/// The paths are compiled at start into a radix tree in flat arrays: a search descends a few nodes,
/// compares each label once and allocates nothing. An exact path precedes all others; else the
/// longest head is chosen, and among equal heads the longest tail.
struct RouteTable: Sendable {
    /// An index of a route, and the bytes of the path that are its subject.
    struct Match: Equatable {
        var route: Int
        var subject: Range<Int>
    }

    private struct Node: Sendable {
        /// The bytes of the label in `text`.
        var label: Range<Int>
        /// The children in `nodes`, by rising first byte.
        var children = 0..<0
        /// The route of the path that ends here; -1 without one.
        var exact = -1
        /// The route of all paths below; -1 without one.
        var below = -1
        /// The routes with a parameter here, in `tails`.
        var tails = 0..<0
        var hasTails: Bool { !tails.isEmpty }
    }

    private struct Tail: Sendable {
        var bytes: Range<Int>
        var route: Int
    }

    let routes: [Route]
    private var text: [UInt8] = []
    /// The root is the first.
    private var nodes: [Node] = []
    /// The first byte of each node's label.
    private var firstBytes: [UInt8] = []
    private var tails: [Tail] = []

    init(_ routes: [Route]) {
        if let fault = Self.fault(in: routes) { preconditionFailure(fault) }
        self.routes = routes
        let entries = routes.enumerated().map { Entry(head: Array($1.head.utf8), route: $0) }
            .sorted { $0.head.lexicographicallyPrecedes($1.head) }
        append(label: [])
        fill(0, entries[...], from: 0)
    }

    /// Describes two routes that match the same paths, or a method that a route has twice; nil for
    /// a table without such a fault.
    static func fault(in routes: [Route]) -> String? {
        var known: [[String]: Route] = [:]
        for route in routes {
            let isParameter = route.hasSubject && !route.tail.isEmpty
            let form = isParameter ? [route.head, route.tail] : [route.path]
            if let other = known.updateValue(route, forKey: form) {
                return "the routes \(other.path) and \(route.path) match the same paths"
            }
            for (index, method) in route.methods.enumerated()
            where route.methods[..<index].contains(where: { $0.name == method.name }) {
                return "the route \(route.path) has \(method.name) twice"
            }
        }
        return nil
    }

    // MARK: Searching

    func find(_ path: UnsafeBufferPointer<UInt8>) -> Match? {
        guard let start = path.baseAddress else { return nil }
        return text.withUnsafeBufferPointer { text in
            firstBytes.withUnsafeBufferPointer { firstBytes in
                nodes.withUnsafeBufferPointer { nodes in
                    var best: Match?
                    var node = 0
                    var offset = 0
                    while true {
                        let label = nodes[node].label
                        guard label.count <= path.count - offset,
                            memcmp(
                                start + offset, text.baseAddress! + label.lowerBound,
                                label.count) == 0
                        else { return best }
                        offset += label.count
                        if nodes[node].below >= 0 {
                            best = Match(route: nodes[node].below, subject: offset..<path.count)
                        }
                        if nodes[node].hasTails, let found = tail(of: node, path, offset, text) {
                            best = found
                        }
                        guard offset < path.count else {
                            let exact = nodes[node].exact
                            return exact >= 0
                                ? Match(route: exact, subject: offset..<offset) : best
                        }
                        let (byte, children) = (path[offset], nodes[node].children)
                        var child = children.lowerBound
                        while child < children.upperBound, firstBytes[child] != byte { child += 1 }
                        guard child < children.upperBound else { return best }
                        node = child
                    }
                }
            }
        }
    }

    private func tail(
        of node: Int, _ path: UnsafeBufferPointer<UInt8>, _ offset: Int,
        _ text: UnsafeBufferPointer<UInt8>
    ) -> Match? {
        for tail in tails[nodes[node].tails] {
            let end = path.count - tail.bytes.count
            // The parameter has at least one byte.
            guard end > offset else { continue }
            let isSame = memcmp(
                path.baseAddress! + end, text.baseAddress! + tail.bytes.lowerBound,
                tail.bytes.count)
            if isSame == 0 { return Match(route: tail.route, subject: offset..<end) }
        }
        return nil
    }

    /// True for a prefix without its `/`.
    func isGroup(_ path: String) -> Bool {
        let group = path + "/"
        return routes.contains { $0.path == group }
    }

    // MARK: Building

    private struct Entry {
        let head: [UInt8]
        let route: Int
    }

    private mutating func append(label: ArraySlice<UInt8>) {
        nodes.append(Node(label: text.count..<text.count + label.count))
        firstBytes.append(label.first ?? 0)
        text += label
    }

    /// Enters the routes whose heads share the first `depth` bytes below a node.
    private mutating func fill(_ node: Int, _ entries: ArraySlice<Entry>, from depth: Int) {
        let ending = entries.prefix { $0.head.count == depth }
        enter(ending.map { $0.route }, at: node)
        var groups: [(entries: ArraySlice<Entry>, depth: Int)] = []
        var rest = entries.dropFirst(ending.count)
        while let first = rest.first {
            let group = rest.prefix { $0.head[depth] == first.head[depth] }
            rest = rest.dropFirst(group.count)
            groups.append((group, Self.commonCount(group)))
        }
        // Siblings come one after the other, before their own children.
        let children = nodes.count..<nodes.count + groups.count
        nodes[node].children = children
        for group in groups {
            append(label: group.entries.first?.head[depth..<group.depth] ?? [])
        }
        for (child, group) in zip(children, groups) {
            fill(child, group.entries, from: group.depth)
        }
    }

    private mutating func enter(_ ending: [Int], at node: Int) {
        var found: [(bytes: [UInt8], route: Int)] = []
        for index in ending {
            let route = routes[index]
            if !route.hasSubject {
                nodes[node].exact = index
            } else if route.tail.isEmpty {
                nodes[node].below = index
            } else {
                found.append((Array(route.tail.utf8), index))
            }
        }
        let first = tails.count
        for (bytes, route) in found.sorted(by: { $0.bytes.count > $1.bytes.count }) {
            tails.append(Tail(bytes: text.count..<text.count + bytes.count, route: route))
            text += bytes
        }
        nodes[node].tails = first..<tails.count
    }

    /// Returns the number of bytes that the heads of a sorted group share.
    private static func commonCount(_ group: ArraySlice<Entry>) -> Int {
        guard let first = group.first, let last = group.last else { return 0 }
        return zip(first.head, last.head).prefix { $0 == $1 }.count
    }
}

extension RouteTable {
    static let standardRoutes =
        kvRoutes + txnRoutes + snapshotRoutes + sessionRoutes + catalogRoutes + healthRoutes
        + coordinateRoutes + statusRoutes + operatorRoutes + eventRoutes + agentRoutes
        + agentServiceRoutes + agentCheckRoutes + watchRoutes + aclRoutes + metricsRoutes
        + debugRoutes

    static let standard = RouteTable(standardRoutes)
}
