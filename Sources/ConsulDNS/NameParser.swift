import DNSWire

/// The subject of a name under the domain.
struct ParsedName: Hashable, Sendable {
    enum Subject: Hashable, Sendable {
        /// `[tag.]name.service`, `_name._tag`; the tag is empty for none.
        case service(String, tag: String)
        case connect(String)
        case ingress(String)
        case node(String)
        /// `name.query`: a prepared query, by name or ID.
        case query(String)
        /// `0a000001.addr`: the address itself.
        case address(RecordData)
        /// `.addr` after a label that is not an address of either length: exists, and has no
        /// records.
        case emptyAddress
    }

    var subject: Subject
    /// Empty for the agent's own datacenter.
    var datacenter: String
    /// `8080.port.web.service`: the instances at that port only.
    var port: Int?

    init(subject: Subject, datacenter: String, port: Int? = nil) {
        self.subject = subject
        self.datacenter = datacenter
        self.port = port
    }
}

/// Parses names under the domain as Consul does: from the right, the first label that is a kind of
/// name separates the subject from the location. The location is a datacenter, or explicit labels:
/// `default.ns.default.ap.dc1.dc`, in any order.
enum NameParser {
    /// Labels that separate a name.
    static let kinds: Set<String> = ["service", "connect", "ingress", "node", "query", "addr"]

    /// - Parameter length: octets of `name` before the domain.
    /// - Returns: nil for a name of no kind, or with more than a datacenter after its kind, or in a
    ///   location that does not exist: a namespace or partition other than `default`, a peer, a
    ///   sameness group.
    static func parse(_ name: DNSName, prefix length: Int, type: RecordType) -> ParsedName? {
        let labels = lowercasedLabels(name.bytes[..<length])
        if labels.count > 2, let place = Place(labels) {
            guard place.exists else { return nil }
            var parsed = parse(labels[..<place.start], type, allowsPlace: false)
            parsed?.datacenter = place.datacenter
            if parsed != nil { return parsed }
        }
        return parse(labels[...], type, allowsPlace: true)
    }

    private static func parse(
        _ labels: ArraySlice<String>, _ type: RecordType, allowsPlace: Bool
    ) -> ParsedName? {
        let most = allowsPlace ? 1 : 0
        for place in labels.indices.reversed() {
            let behind = labels[(place + 1)...]
            let before = labels[..<place]
            switch labels[place] {
            case "service", "connect", "ingress", "node", "query", "addr":
                guard behind.count <= most || labels[place] == "addr", !before.isEmpty,
                    let subject = subject(labels[place], before)
                else { return nil }
                return ParsedName(
                    subject: subject, datacenter: behind.first ?? "",
                    port: labels[place] == "service" ? port(before) : nil)
            case let label where type == .srv && label.hasPrefix("_"):
                // An SRV question in the form of RFC 2782 may omit `service`.
                guard behind.count <= most, let subject = subject("service", labels[...place])
                else { return nil }
                return ParsedName(subject: subject, datacenter: behind.first ?? "")
            default: continue
            }
        }
        return nil
    }

    /// The values of explicit labels, and their first index.
    private struct Place {
        private(set) var start: Int
        private(set) var datacenter = ""
        private(set) var exists = true

        /// Returns nil when the last labels are not explicit ones, each with its value before it.
        init?(_ labels: [String]) {
            start = labels.count
            var seen: Set<String> = []
            while start >= 3, ["dc", "ns", "ap", "peer", "sg"].contains(labels[start - 1]) {
                let value = labels[start - 2]
                // `web.service.dc` is a datacenter of that name.
                guard !NameParser.kinds.contains(value) || start >= 4,
                    seen.insert(labels[start - 1]).inserted
                else { break }
                switch labels[start - 1] {
                case "dc": datacenter = value
                case "ns", "ap": exists = exists && value == "default"
                default: exists = false
                }
                start -= 2
            }
            if seen.isEmpty { return nil }
            // The rest must be a name by itself.
            let isName = labels[..<start].contains {
                NameParser.kinds.contains($0) || $0.hasPrefix("_")
            }
            if !isName { return nil }
        }
    }

    // MARK: Names above others

    /// Returns true for a name that has names below it and no records of its own: the domain, its
    /// kinds of names, its datacenter, and combinations of them. Resolvers that query label by
    /// label would conclude from a missing name that nothing exists below it (RFC 8020).
    static func isAboveNames(_ name: DNSName, prefix length: Int, datacenter: String) -> Bool {
        var labels = lowercasedLabels(name.bytes[..<length])[...]
        var explicit: Set<String> = []
        while let last = labels.last, placeKinds.contains(last), explicit.insert(last).inserted {
            labels.removeLast()
            guard let value = labels.popLast() else { return true }
            if value != (last == "dc" ? datacenter : "default") { return false }
        }
        if explicit.isEmpty, labels.last == datacenter { labels.removeLast() }
        guard let kind = labels.popLast() else { return true }
        if kinds.contains(kind) { return labels.isEmpty || isTransport(labels) }
        return labels.isEmpty && isTransport([kind])
    }

    /// `_tcp` and similar labels: above the names of RFC 2782.
    private static func isTransport(_ labels: ArraySlice<String>) -> Bool {
        labels.count == 1 && labels.first?.hasPrefix("_") == true
    }

    private static let placeKinds: Set<String> = ["dc", "ns", "ap"]

    /// Parses `8080.port.web`; a port's name is for services that name their ports, and remains a
    /// tag.
    private static func port(_ parts: ArraySlice<String>) -> Int? {
        guard parts.count == 3, parts[parts.startIndex + 1] == "port",
            let number = UInt16(parts[parts.startIndex])
        else { return nil }
        return Int(number)
    }

    private static func subject(
        _ kind: String, _ parts: ArraySlice<String>
    ) -> ParsedName.Subject? {
        guard let last = parts.last, let first = parts.first else { return nil }
        switch kind {
        case "service":
            if parts.count == 2, last.hasPrefix("_"), first.hasPrefix("_") {
                let tag = String(last.dropFirst())
                return .service(String(first.dropFirst()), tag: tag == "tcp" ? "" : tag)
            }
            // A tag may contain dots.
            return .service(last, tag: parts.dropLast().joined(separator: "."))
        case "connect": return .connect(last)
        case "ingress": return .ingress(last)
        case "node": return .node(parts.joined(separator: "."))
        case "query": return .query(parts.joined(separator: "."))
        default: return parts.count == 1 ? address(last) : nil
        }
    }

    /// Parses eight or thirty-two hexadecimal digits; one more is an error, other lengths mean
    /// nothing.
    private static func address(_ text: String) -> ParsedName.Subject? {
        let count = text.utf8.count
        guard count / 2 == 4 || count / 2 == 16 else { return .emptyAddress }
        guard count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        var digits = text.utf8.makeIterator()
        while let upper = digits.next(), let lower = digits.next() {
            guard let high = nibble(upper), let low = nibble(lower) else { return nil }
            bytes.append(high << 4 | low)
        }
        return .address(AddressText.data(bytes))
    }

    static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x57
        case 0x41...0x46: digit - 0x37
        default: nil
        }
    }

    static func lowercasedLabels(_ bytes: ArraySlice<UInt8>) -> [String] {
        var labels: [String] = []
        labels.reserveCapacity(4)
        var place = bytes.startIndex
        while place < bytes.endIndex, bytes[place] != 0 {
            let end = place + 1 + Int(bytes[place])
            labels.append(
                String(unsafeUninitializedCapacity: end - place - 1) { buffer in
                    for (index, octet) in bytes[(place + 1)..<end].enumerated() {
                        buffer[index] = (0x41...0x5A).contains(octet) ? octet | 0x20 : octet
                    }
                    return end - place - 1
                })
            place = end
        }
        return labels
    }

    // MARK: Reverse names

    /// Returns the address of a name under `in-addr.arpa` or `ip6.arpa`; nil for a part of one, or
    /// another name.
    static func reverse(_ name: DNSName) -> RecordData? {
        let labels = lowercasedLabels(name.bytes[...])
        guard labels.count > 2, labels.last == "arpa" else { return nil }
        let parts = labels.dropLast(2)
        switch labels[labels.count - 2] {
        case "in-addr":
            guard parts.count == 4 else { return nil }
            return AddressText.data(parts.reversed().joined(separator: "."))
        case "ip6":
            guard parts.count == 32 else { return nil }
            var nibbles: [UInt8] = []
            for part in parts.reversed() {
                guard part.utf8.count == 1, let digit = part.utf8.first.flatMap(nibble) else {
                    return nil
                }
                nibbles.append(digit)
            }
            return AddressText.data(
                stride(from: 0, to: 32, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] })
        default: return nil
        }
    }
}
