import ConsulModel
import DNSWire

/// The location of an instance: an address or another name.
enum Place: Sendable {
    /// - isOwn: the address is the service's own, or not the node's main one: an SRV record then
    ///   points to the address itself.
    case address(RecordData, isOwn: Bool)
    case name(DNSName)
}

/// Makes the records of a service's instances.
struct RecordMaker: Sendable {
    private let service: ServiceAsk
    private let ttl: UInt32
    private var ask: Ask { service.ask }
    private var zone: Zone { service.ask.zone }

    init(_ service: ServiceAsk) {
        self.service = service
        ttl = service.ask.zone.ttl(ofService: service.service)
    }

    /// Returns whether an address answers the question. A question for text or for other names
    /// returns addresses as well, as in Consul.
    func suits(_ data: RecordData) -> Bool {
        switch ask.type {
        case .srv, .any, .txt: true
        default: data.type == ask.type
        }
    }

    // MARK: Locations

    /// Returns nil for an instance without an address of the requested family.
    func place(_ instance: CheckServiceNode) -> Place? {
        let tagged = instance.service.taggedAddresses
        let own = choose(
            instance.service.address, four: tagged["lan_ipv4"]?.address ?? "",
            six: tagged["lan_ipv6"]?.address ?? "")
        if own.isEmpty { return nodePlace(instance) }
        if let data = AddressText.data(own) { return .address(data, isOwn: true) }
        guard let name = DNSName(own) else { return nil }
        // A service whose address is its own name is located at its node.
        if name.isSame(as: ask.name), case .address(let data, _)? = nodePlace(instance) {
            return .address(data, isOwn: false)
        }
        return .name(name)
    }

    private func nodePlace(_ instance: CheckServiceNode) -> Place? {
        let node = instance.node
        let address = choose(
            node.address, four: node.taggedAddresses["lan_ipv4"] ?? "",
            six: node.taggedAddresses["lan_ipv6"] ?? "")
        if address.isEmpty { return nil }
        if let data = AddressText.data(address) {
            return .address(data, isOwn: address != node.address)
        }
        return DNSName(address).map { .name($0) }
    }

    /// Returns the tagged address of the requested family.
    private func choose(_ address: String, four: String, six: String) -> String {
        if four.isEmpty, six.isEmpty { return address }
        if ask.type != .a, !six.isEmpty { return six }
        if ask.type != .aaaa, !four.isEmpty { return four }
        return address
    }

    // MARK: Answers

    /// Adds the addresses, each once; without any, the first instance's other name.
    func addressRecords(
        _ places: [Place?], _ chased: [DNSName: [ResourceRecord]], into found: inout Found
    ) {
        let most = zone.rules.aRecordLimit
        var count = 0
        var seen: Set<RecordData> = []
        var alias: DNSName?
        for place in places {
            switch place {
            case .address(let data, _) where suits(data):
                if seen.insert(data).inserted {
                    found.answers.append(ResourceRecord(ask.name, ttl: ttl, data))
                }
                count += 1
                if count == most { return }
            case .name(let name): alias = alias ?? name
            default: break
            }
        }
        guard found.answers.isEmpty, let alias else { return }
        found.answers.append(ResourceRecord(ask.name, ttl: ttl, .cname(alias)))
        found.answers += behind(alias, chased)
    }

    /// Adds SRV records, and the locations of their targets.
    func serviceRecords(
        _ instances: [CheckServiceNode], _ places: [Place?],
        _ chased: [DNSName: [ResourceRecord]], into found: inout Found
    ) {
        struct Listener: Hashable {
            let node: String
            let address: String
            let port: Int
        }
        var seen: Set<Listener> = []
        for (instance, place) in zip(instances, places) {
            let listener = Listener(
                node: instance.node.node, address: instance.service.address,
                port: instance.service.port)
            guard seen.insert(listener).inserted else { continue }
            let node = instance.node.node
            let labels = node.contains(".") ? node.split(separator: ".").map(String.init) : [node]
            let nodeName = zone.name(labels + ["node", service.targetDatacenter])
            switch place {
            case .address(let data, let isOwn):
                let target =
                    isOwn
                    ? zone.name([AddressText.label(data), "addr", service.targetDatacenter])
                    : nodeName
                // A node whose name is not a DNS name can only be named by its address.
                guard let target else { continue }
                found.answers.append(record(instance, target))
                found.additionals.append(ResourceRecord(target, ttl: ttl, data))
            case .name(let name):
                found.answers.append(record(instance, name))
                found.additionals += behind(name, chased)
            case nil: continue
            }
            if zone.rules.nodeMetaTXT, let nodeName {
                found.additionals += MetaText.records(instance.node, nodeName, ttl: ttl)
            }
        }
    }

    private func record(_ instance: CheckServiceNode, _ target: DNSName) -> ResourceRecord {
        let data = SRVData(
            priority: AnswerOrder.priority(of: instance, zone),
            weight: UInt16(truncatingIfNeeded: AnswerOrder.weight(of: instance)),
            port: UInt16(truncatingIfNeeded: instance.service.port), target: target)
        return ResourceRecord(ask.name, ttl: ttl, .srv(data))
    }

    private func behind(
        _ name: DNSName, _ chased: [DNSName: [ResourceRecord]]
    ) -> [ResourceRecord] {
        let records = (chased[name] ?? []).filter { [.a, .aaaa, .cname].contains($0.type) }
        return (ask.hasEDNS ? records[...] : records.prefix(Limits.chasedRecordsMax)).map {
            ResourceRecord($0.name, ttl: ttl, $0.data)
        }
    }
}

/// Makes TXT records from a node's metadata.
enum MetaText {
    static func records(_ node: Node, _ name: DNSName, ttl: UInt32) -> [ResourceRecord] {
        if node.meta.isEmpty { return [] }
        return node.meta.map { key, value in
            // RFC 1035 text is verbatim; other pairs have the form of RFC 1464.
            let text =
                key.lowercased().hasPrefix("rfc1035-") ? Array(value.utf8) : pair(key, value)
            return ResourceRecord(name, ttl: ttl, .txt(strings(text)))
        }
    }

    /// Encodes `key=value`. In the key, a backquote precedes `=`, a backquote, and blanks at its
    /// ends (RFC 1464, section 2); in the value, a backquote.
    private static func pair(_ key: String, _ value: String) -> [UInt8] {
        let units = Array(key.utf8)
        let isBlank = { (unit: UInt8) in unit == 0x20 || unit == 0x09 }
        let leading = units.prefix(while: isBlank).count
        let trailing = units.count - units.reversed().prefix(while: isBlank).count
        var text: [UInt8] = []
        for (place, unit) in units.enumerated() {
            let isAtEnd = place < leading || place >= trailing
            if unit == 0x60 || unit == 0x3D || (isBlank(unit) && isAtEnd) { text.append(0x60) }
            text.append(unit)
        }
        text.append(0x3D)
        for unit in value.utf8 {
            if unit == 0x60 { text.append(0x60) }
            text.append(unit)
        }
        return text
    }

    /// Splits the text into character strings.
    static func strings(_ text: [UInt8]) -> [[UInt8]] {
        let size = DNSWire.Limits.characterStringMax
        guard text.count > size else { return [text] }
        return stride(from: 0, to: text.count, by: size).map {
            Array(text[$0..<min($0 + size, text.count)])
        }
    }
}
