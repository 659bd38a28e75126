package import ConsulModel
import DNSWire
import Primitives

/// The records of the domain in fragments (`dns_records`). Their names are next to those of the
/// catalog and never the same.
package struct StaticRecords: Sendable {
    /// Keyed by the octets before the domain, in lower case; owners are whole names.
    private var records: [[UInt8]: [ResourceRecord]] = [:]
    /// Names above those, which exist and have no records of their own.
    private var parents: Set<[UInt8]> = []

    init(
        _ definitions: [DNSRecordDefinition], domain: DNSName, ttl: UInt32
    ) throws(ConsulDNSError) {
        for definition in definitions {
            let made: [ResourceRecord]
            do throws(DefinitionProblem) {
                made = try Self.read(definition, domain, ttl: ttl)
            } catch {
                throw .record(name: definition.name, "\(error.path): \(error.message)")
            }
            guard let owner = made.first?.name.bytes else { continue }
            let key = Array(owner.dropLast(domain.bytes.count))
            records[key, default: []] += made
            var place = 0
            while place < key.count {
                place += 1 + Int(key[place])
                parents.insert(Array(key[place...]))
            }
        }
    }

    var isEmpty: Bool { records.isEmpty }

    /// All of them, by name.
    var all: [ResourceRecord] {
        records.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { $0.value }
    }

    /// Returns the records of a name given by its octets before the domain; none for a name above
    /// others; nil for an unknown name.
    func find(_ prefix: ArraySlice<UInt8>) -> [ResourceRecord]? {
        let key = prefix.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        if let found = records[key] { return found }
        return !key.isEmpty && parents.contains(key) ? [] : nil
    }

    // MARK: Reading

    /// Returns the faults of a definition; the domain is the configuration's.
    package static func problems(
        in definition: DNSRecordDefinition, domain: String
    ) -> [DefinitionProblem] {
        guard let domain = DNSName(domain.lowercased()) else { return [] }
        do throws(DefinitionProblem) {
            _ = try read(definition, domain, ttl: 0)
            return []
        } catch {
            return [error]
        }
    }

    private static let types = ["A", "AAAA", "CNAME", "TXT", "SRV"]

    private static func read(
        _ definition: DNSRecordDefinition, _ domain: DNSName, ttl: UInt32
    ) throws(DefinitionProblem) -> [ResourceRecord] {
        let type = definition.type.uppercased()
        guard types.contains(type) else {
            throw DefinitionProblem(
                "type", "\"\(definition.type)\" is none of \(types.joined(separator: ", "))")
        }
        let owner = try owner(definition.name, domain)
        if let ttl = definition.ttl, ttl < .zero {
            throw DefinitionProblem("ttl", "\(ttl) must not be negative")
        }
        let seconds = definition.ttl.map { Zone.seconds($0) } ?? ttl
        var places: [(path: String, text: String)] = definition.values.enumerated().map {
            ("values[\($0)]", $1)
        }
        if !definition.value.isEmpty { places.insert(("value", definition.value), at: 0) }
        if places.isEmpty { throw DefinitionProblem("value", "a record needs a value") }
        if type == "CNAME", places.count > 1 {
            throw DefinitionProblem(places[1].path, "a name is an alias of one other name alone")
        }
        var made: [ResourceRecord] = []
        for (path, text) in places {
            guard let data = data(type, text, domain) else {
                throw DefinitionProblem(path, "\"\(text)\" is not \(wanted(type))")
            }
            made.append(ResourceRecord(owner, ttl: seconds, data))
        }
        return made
    }

    private static func wanted(_ type: String) -> String {
        switch type {
        case "A": "an IPv4 address"
        case "AAAA": "an IPv6 address"
        case "CNAME": "a name: printer (under the domain) or www.example.com. (with a closing dot)"
        default: "priority, weight, port and target, such as 10 5 631 printer"
        }
    }

    private static func data(_ type: String, _ text: String, _ domain: DNSName) -> RecordData? {
        switch type {
        case "A", "AAAA":
            guard let data = AddressText.data(text) else { return nil }
            return data.type == (type == "A" ? .a : .aaaa) ? data : nil
        case "CNAME": return name(text, domain).map { .cname($0) }
        case "TXT": return .txt(MetaText.strings(Array(text.utf8)))
        default:
            let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count == 4, let priority = UInt16(words[0]), let weight = UInt16(words[1]),
                let port = UInt16(words[2]), let target = name(String(words[3]), domain)
            else { return nil }
            return .srv(
                SRVData(priority: priority, weight: weight, port: port, target: target))
        }
    }

    /// Parses a name as zone files have it: complete with a final dot, else under the domain.
    private static func name(_ text: String, _ domain: DNSName) -> DNSName? {
        if text == "@" { return domain }
        guard let name = DNSName(text), !name.isRoot else { return nil }
        if text.hasSuffix("."), !text.hasSuffix("\\.") { return name.lowercased }
        return DNSName(name.lowercased, under: domain)
    }

    private static func owner(
        _ text: String, _ domain: DNSName
    ) throws(DefinitionProblem) -> DNSName {
        guard let owner = name(text, domain) else {
            throw DefinitionProblem(
                "name", text.isEmpty ? "a record needs a name" : "\"\(text)\" is no domain name")
        }
        guard owner.isUnder(domain) else {
            throw DefinitionProblem(
                "name",
                "\(owner) is not under \(domain): this agent answers for no other domain")
        }
        let own = owner.labels.dropLast(domain.labels.count)
        for label in own where NameParser.kinds.contains(String(decoding: label, as: UTF8.self)) {
            let kind = String(decoding: label, as: UTF8.self)
            throw DefinitionProblem(
                "name", "names with the label \"\(kind)\" are the catalog's: register it there")
        }
        return owner
    }
}

extension Resolver {
    /// Answers from the records of fragments.
    /// - Parameter length: octets of the name before the domain.
    /// - Returns: false when the name is not among them.
    func staticRecords(
        _ ask: Ask, prefix length: Int, _ done: @escaping @Sendable (Found) -> Void
    ) -> Bool {
        let zone = ask.zone
        guard let known = zone.records.find(ask.name.bytes[..<length]) else { return false }
        var found = Found()
        let owned = known.map { ResourceRecord(ask.name, ttl: $0.ttl, $0.data) }
        found.answers = owned.filter { $0.type == ask.type || ask.type == .any }
        if found.answers.isEmpty, let alias = owned.first, case .cname(let target) = alias.data {
            found.answers = [alias]
            let first = found
            chase([target], ask, [:]) { chased in
                var found = first
                found.answers += (chased[target] ?? []).filter {
                    $0.type == ask.type || $0.type == .cname
                }
                done(found)
            }
            return true
        }
        for case .srv(let srv) in found.answers.map(\.data) {
            guard let length = zone.prefixLength(of: srv.target) else { continue }
            found.additionals += (zone.records.find(srv.target.bytes[..<length]) ?? []).filter {
                [.a, .aaaa].contains($0.type)
            }
        }
        if found.answers.isEmpty { found.authorities = [soa(zone)] }
        found.keeping = .asItIs
        done(found)
        return true
    }
}
