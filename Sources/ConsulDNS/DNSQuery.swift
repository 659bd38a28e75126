import ConsulModel
import DNSWire
import NIOCore
import Primitives

/// A parsed question that is being answered.
final class DNSQuery: Sendable {
    /// The received octets, which recursors are sent.
    let octets: [UInt8]
    let message: DNSMessage
    let question: DNSMessage.Question
    let isTCP: Bool
    private let client: SocketAddress?
    let zone: Zone

    init(
        _ octets: [UInt8], _ message: DNSMessage, isTCP: Bool, from client: SocketAddress?,
        zone: Zone
    ) {
        self.octets = octets
        self.message = message
        question = message.questions[0]
        self.isTCP = isTCP
        self.client = client
        self.zone = zone
    }

    /// The sender, where it is known.
    var clientAddress: IPAddress? {
        guard let text = client?.ipAddress, let address = IPAddress(text) else { return nil }
        // The IPv4 address of a client on a socket for both families.
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        guard address.bytes.count == 16, address.bytes.starts(with: mapped) else { return address }
        return IPAddress(address.bytes.suffix(4).map { String($0) }.joined(separator: "."))
    }

    /// Returns whether the same host is the sender.
    func isFrom(_ other: SocketAddress?) -> Bool { client?.ipAddress == other?.ipAddress }

    /// The host to which the answer should be near: the one for which a resolver asks (EDNS client
    /// subnet), else the sender. Nil for the agent's own node.
    var nearAddress: String? {
        if let subnet = message.edns?.clientSubnet { return subnet.host?.description }
        guard let address = clientAddress, !address.isLoopback else { return nil }
        return address.description
    }

    /// The largest message in octets that the client accepts.
    var bytesMax: Int {
        if isTCP { return Limits.tcpBytesMax }
        let asked = Int(message.edns?.udpSize ?? 0)
        return min(
            max(asked, DNSWire.Limits.datagramBytesDefault), Limits.datagramBytesMax)
    }

    /// An answer without records.
    func reply(_ code: ResponseCode = .success, isAuthoritative: Bool = true) -> Reply {
        var flags: DNSMessage.Flags = [.response]
        if isAuthoritative { flags.insert(.authoritative) }
        if message.opcode == .query {
            flags.formUnion(message.flags.intersection([.recursionDesired, .checkingDisabled]))
        }
        if !zone.recursors.isEmpty { flags.insert(.recursionAvailable) }
        var answer = DNSMessage(
            id: message.id, flags: flags, opcode: message.opcode, code: code)
        answer.questions = [question]
        return Reply(message: answer)
    }
}

/// A question about the domain: of a client, or while following a CNAME.
struct Ask: Sendable {
    var name: DNSName
    var type: RecordType
    var hasEDNS: Bool
    let zone: Zone
    /// See `DNSQuery.nearAddress`.
    var nearAddress: String?
    /// The number of names that may still be followed.
    var chaseLeft = Limits.chaseDepthMax
}

/// An answer before it is truncated and encoded.
struct Reply: Sendable {
    var message: DNSMessage
    /// Consul limits answers about services; other answers are truncated only when they must be.
    var isOfService = false
    /// True for all networks, not only for the client's subnet.
    var isGlobal = true
    /// A recursor's answer, forwarded unchanged.
    var forwarded: [UInt8]?
    /// Whether the answer is valid while the catalog does not change.
    var keeping = Keeping.not
    /// The part of the catalog that it depends on.
    var part = CatalogPart.whole
    /// The whole zone instead of one message.
    var transfer: ZoneTransfer?
}

/// Whether an answer may be cached while the catalog and the rules are unchanged.
enum Keeping: Sendable {
    case not
    /// Cached, in a new order each time.
    case inAnyOrder
    case asItIs
}
