import ConsulModel
import DNSWire
import Logging
import NIOPosix
import Platform
import Primitives
import Synchronization

@testable import ConsulDNS

/// Runs the commands of a script: catalog, rules, questions.
final class ScriptRunner {
    struct Unknown: Error { let command: String }

    let catalog = ScriptedCatalog()
    private var rules = DNSRules()
    private var core: DNSCore?

    func run(_ command: String) throws -> [String] {
        let words = command.split(separator: " ").map(String.init)
        let options = Dictionary(
            words.dropFirst().compactMap { word -> (String, String)? in
                guard let sign = word.firstIndex(of: "=") else { return nil }
                return (String(word[..<sign]), String(word[word.index(after: sign)...]))
            }
        ) { _, last in last }
        let plain = words.dropFirst().filter { !$0.contains("=") }
        switch words.first ?? "" {
        case "node": addNode(plain, options)
        case "service": addService(plain, options)
        case "check": addCheck(plain)
        case "coordinate":
            catalog.contents.withLock { $0.coordinates[plain[0]] = Double(plain[1]) }
        case "fail":
            let text = plain.joined(separator: " ")
            catalog.contents.withLock {
                $0.failure = text.isEmpty ? nil : ConsulError(.internal, text)
            }
        case "lag":
            let lag = GoDuration(plain.first ?? "") ?? .zero
            catalog.contents.withLock { $0.lag = lag }
        case "queries":
            return [
                catalog.contents.withLock { contents in
                    defer { contents.queries = [] }
                    return contents.queries.map { $0.rawValue }.joined(separator: " ")
                }
            ]
        case "record": addRecord(plain, options)
        case "rules":
            for (name, value) in options { try setRule(name, value) }
            core = nil
        case "dig": return try dig(plain, options)
        default: throw Unknown(command: command)
        }
        return []
    }

    // MARK: The catalog

    private func addNode(_ words: [String], _ options: [String: String]) {
        var node = Node()
        node.node = words[0]
        node.address = words[1]
        node.datacenter = "dc1"
        for (key, value) in options {
            if key.hasPrefix("lan_") {
                node.taggedAddresses[key] = value
            } else {
                node.meta[key] = value
            }
        }
        let made = node
        catalog.contents.withLock { $0.nodes.append(made) }
    }

    /// `service NODE NAME PORT`
    private func addService(_ words: [String], _ options: [String: String]) {
        var service = NodeService()
        service.service = words[1]
        service.port = Int(words[2]) ?? 0
        service.id = options["id"] ?? words[1]
        service.address = options["address"] ?? ""
        service.kind = options["kind"] ?? ""
        service.proxy.destinationServiceName = options["for"] ?? ""
        service.connect.native = options["native"] == "true"
        service.meta = options.filter { $0.key.hasPrefix("meta-") }
        service.tags = (options["tags"] ?? "").split(separator: ",").map(String.init)
        let weights = (options["weights"] ?? "1,1").split(separator: ",").compactMap { Int($0) }
        (service.weights.passing, service.weights.warning) = (weights[0], weights[1])
        for kind in ["lan_ipv4", "lan_ipv6"] {
            guard let text = options[kind] else { continue }
            var address = ServiceAddress()
            address.address = text
            service.taggedAddresses[kind] = address
        }
        let made = service
        catalog.contents.withLock {
            $0.services.append(made)
            $0.serviceNodes.append(words[0])
        }
    }

    /// `check NODE STATUS [SERVICE-ID]`: replaces the previous one.
    private func addCheck(_ words: [String]) {
        var check = HealthCheck()
        check.node = words[0]
        check.status = words[1]
        check.serviceID = words.count > 2 ? words[2] : ""
        let made = check
        catalog.contents.withLock { contents in
            contents.checks.removeAll {
                $0.node == made.node && $0.serviceID == made.serviceID
            }
            contents.checks.append(made)
        }
    }

    /// `record NAME TYPE VALUE…`; `_` in a value is a blank.
    private func addRecord(_ words: [String], _ options: [String: String]) {
        var record = DNSRecordDefinition()
        record.name = words[0]
        record.type = words[1]
        record.values = words.dropFirst(2).map { $0.replacing("_", with: " ") }
        record.ttl = options["ttl"].flatMap { GoDuration($0) }
        rules.records.append(record)
        core = nil
    }

    private func setRule(_ name: String, _ value: String) throws {
        let number = Int(value) ?? 0
        let duration = GoDuration(value) ?? .zero
        switch name {
        case "domain": rules.domain = value
        case "alt_domain": rules.altDomain = value
        case "udp_answer_limit": rules.udpAnswerLimit = number
        case "a_record_limit": rules.aRecordLimit = number
        case "enable_truncate": rules.enableTruncate = value == "true"
        case "disable_compression": rules.disableCompression = value == "true"
        case "only_passing": rules.onlyPassing = value == "true"
        case "node_meta_txt": rules.nodeMetaTXT = value == "true"
        case "node_ttl": rules.nodeTTL = duration
        case "max_stale": rules.maxStale = duration
        case "allow_stale": rules.allowStale = value == "true"
        case "soa_min_ttl": rules.soaMinTTL = number
        case "soa_refresh": rules.soaRefresh = number
        case "answer_order":
            rules.answerOrder = DNSRules.AnswerOrder(rawValue: value) ?? .random
        case "node": rules.nodeName = value
        case "srv_priority_meta": rules.srvPriorityMeta = value
        case "transfer_allow": rules.transferAllow = value.isEmpty ? [] : [value]
        case let name where name.hasPrefix("ttl."):
            rules.serviceTTL[String(name.dropFirst(4))] = duration
        default: throw Unknown(command: name)
        }
    }

    // MARK: Questions

    private func currentCore() throws -> DNSCore {
        if let core { return core }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let setup = DNSServer.Setup(
            listeners: [], rules: rules, backend: catalog, seed: 2,
            unixSeconds: { 1_700_000_000 })
        let made = try DNSCore(setup, on: MultiThreadedEventLoopGroup.singleton, logger: logger)
        core = made
        return made
    }

    /// `dig NAME [TYPE] [tcp] [edns=SIZE] [subnet=OCTETS/BITS] [client=ADDRESS] [count]`. Records
    /// of a section are sorted, because their order is random except with `order`.
    private func dig(_ words: [String], _ options: [String: String]) throws -> [String] {
        var message = DNSMessage(id: 0x1234, flags: [.recursionDesired])
        let type = words.dropFirst().first.flatMap(Self.type) ?? .a
        message.questions = [DNSMessage.Question(DNSName(words[0]) ?? .root, type)]
        if let size = options["edns"] {
            var edns = EDNS(udpSize: UInt16(size) ?? 512)
            if let subnet = options["subnet"].flatMap(CIDRBlock.init) {
                let bits = subnet.prefixLength
                let octets = Array(subnet.address.bytes.prefix((bits + 7) / 8))
                edns.options = [
                    EDNS.Option(
                        code: ClientSubnet.code, data: [0, 1, UInt8(bits), 0] + octets)
                ]
            }
            message.edns = edns
        }
        var writer = MessageWriter()
        writer.write(message)
        let answer = Mutex<[UInt8]?>(nil)
        let client = try options["client"].map { try CacheTests.host($0) }
        try currentCore().answer(
            writer.bytes, isTCP: words.contains("tcp"), from: client
        ) { query, reply in
            var writer = MessageWriter()
            let octets = reply.octets(to: query, with: &writer)
            answer.withLock { $0 = octets }
        }
        guard let octets = answer.withLock({ $0 }) else { return ["no answer"] }
        return Printout.lines(
            try DNSMessage(octets), octets.count, counts: words.contains("count"),
            sorts: !words.contains("order"))
    }

    private static func type(_ word: String) -> RecordType? {
        let known: [RecordType] = [.a, .aaaa, .srv, .txt, .any, .ns, .soa, .ptr, .mx, .axfr]
        return known.first { $0.description == word }
    }
}
