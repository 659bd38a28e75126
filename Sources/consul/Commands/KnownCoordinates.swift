import ConsulModel
import Primitives
import Vivaldi

/// The coordinates of nodes, and the estimated round trip between two of them.
protocol KnownCoordinates: Sendable {
    /// `LAN` or `WAN`.
    var area: String { get }
    /// The nodes with coordinates, sorted.
    var names: [String] { get }
    func roundTrip(_ first: String, _ second: String) -> RoundTripEstimate
}

enum RoundTripEstimate: Hashable, Sendable {
    case estimated(GoDuration)
    /// The node that has no coordinates, or none that can be compared.
    case unknown(String)
}

/// The coordinates of the nodes of one datacenter.
struct LANCoordinates: KnownCoordinates {
    let area = "LAN"
    let names: [String]
    private let sets: [String: CoordinateSet]

    init(_ rows: [NodeCoordinate]) {
        var sets: [String: CoordinateSet] = [:]
        for row in rows { sets[row.node, default: .init()].bySegment[row.segment] = row.coordinate }
        self.sets = sets
        names = sets.keys.sorted()
    }

    func roundTrip(_ first: String, _ second: String) -> RoundTripEstimate {
        let (one, two) = (sets[first] ?? CoordinateSet(), sets[second] ?? CoordinateSet())
        let (mine, theirs) = one.common(with: two)
        guard let mine, mine.isValid else { return .unknown(first) }
        guard let theirs, let time = mine.roundTrip(to: theirs) else { return .unknown(second) }
        return .estimated(time)
    }
}

/// The coordinates of the servers of all datacenters: `server.dc1`.
struct WANCoordinates: KnownCoordinates {
    let area = "WAN"
    let names: [String]
    /// The coordinates by area and name.
    private let rows: [String: [String: NodeCoordinate]]

    init(_ datacenters: [DatacenterCoordinates]) {
        var rows: [String: [String: NodeCoordinate]] = [:]
        for datacenter in datacenters {
            for row in datacenter.coordinates {
                rows[datacenter.area, default: [:]]["\(row.node).\(datacenter.datacenter)"] = row
            }
        }
        self.rows = rows
        names = Set(rows.values.flatMap { $0.keys }).sorted()
    }

    /// Splits a name into node and datacenter; nil if it does not have two parts.
    static func parts(of name: String) -> (node: Substring, datacenter: Substring)? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 ? (parts[0], parts[1]) : nil
    }

    func roundTrip(_ first: String, _ second: String) -> RoundTripEstimate {
        for known in rows.sorted(by: { $0.key < $1.key }).map({ $0.value }) {
            guard let one = known[first], let two = known[second] else { continue }
            if let time = one.coordinate.roundTrip(to: two.coordinate) { return .estimated(time) }
        }
        return .unknown(first)
    }
}
