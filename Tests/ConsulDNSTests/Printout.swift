import DNSWire
import Primitives

/// Formats a message as lines, much as dig prints it.
enum Printout {
    /// - Parameters:
    ///   - counts: prints the number of records instead of them.
    ///   - sorts: sorts each section.
    static func lines(
        _ message: DNSMessage, _ size: Int, counts: Bool, sorts: Bool = true
    ) -> [String] {
        var flags: [String] = []
        for (flag, name) in [
            (DNSMessage.Flags.authoritative, "aa"), (.truncated, "tc"), (.recursionDesired, "rd"),
            (.recursionAvailable, "ra"),
        ] where message.flags.contains(flag) { flags.append(name) }
        var lines = ["\(message.code) \(flags.joined(separator: " "))"]
        let sections = [
            ("", message.answers), ("authority ", message.authorities),
            ("additional ", message.additionals),
        ]
        if counts {
            let numbers = sections.map { "\($0.1.count)" }.joined(separator: " ")
            lines[0] += ": \(numbers), \(size) octets"
        } else {
            for (title, records) in sections {
                let texts = records.map { title + text($0) }
                lines += sorts ? texts.sorted() : texts
            }
        }
        if let edns = message.edns {
            var line = "edns \(edns.udpSize)"
            if let subnet = edns.clientSubnet {
                line += " subnet \(subnet.address) \(subnet.sourcePrefix) \(subnet.scopePrefix)"
            }
            lines.append(line)
        }
        return lines
    }

    static func text(_ record: ResourceRecord) -> String {
        "\(record.name) \(record.ttl) \(record.type) \(text(record.data))"
    }

    private static func text(_ data: RecordData) -> String {
        switch data {
        case .a(let address):
            return (0..<4).map { "\(address >> (24 - 8 * UInt32($0)) & 255)" }
                .joined(separator: ".")
        case .aaaa(let upper, let lower):
            let words = (0..<8).map { index in
                String(
                    (index < 4 ? upper : lower) >> (48 - 16 * UInt64(index % 4)) & 0xFFFF, radix: 16
                )
            }
            return IPAddress(words.joined(separator: ":")).map { "\($0)" } ?? ""
        case .ns(let name), .cname(let name), .ptr(let name): return "\(name)"
        case .mx(let preference, let name): return "\(preference) \(name)"
        case .txt(let strings):
            return strings.map { "\"\(String(decoding: $0, as: UTF8.self))\"" }
                .joined(separator: " ")
        case .srv(let srv):
            return "\(srv.priority) \(srv.weight) \(srv.port) \(srv.target)"
        case .soa(let soa):
            return "\(soa.server) \(soa.mailbox) \(soa.serial) \(soa.refresh) \(soa.retry) "
                + "\(soa.expire) \(soa.minimumTTL)"
        case .opaque(_, let octets): return "\(octets)"
        }
    }
}
