import ConsulModel
import DNSWire
import NIOCore
import Primitives

/// A question that was read, on its way to an answer.
final class DNSQuery: Sendable {
    /// As it came: what recursors are sent.
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

    /// Who asks, where that is known.
    var clientAddress: IPAddress? {
        guard let text = client?.ipAddress, let address = IPAddress(text) else { return nil }
        // Of a socket for both families.
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        guard address.bytes.count == 16, address.bytes.starts(with: mapped) else { return address }
        return IPAddress(address.bytes.suffix(4).map { String($0) }.joined(separator: "."))
    }

    /// Whether the same host asks.
    func isFrom(_ other: SocketAddress?) -> Bool { client?.ipAddress == other?.ipAddress }

    /// To whom the answer is to be near: the host for which a resolver asks (EDNS client subnet),
    /// else who asks. Nil for the agent's own node.
    var nearAddress: String? {
        if let subnet = message.edns?.clientSubnet { return subnet.host?.description }
        guard let address = clientAddress, !address.isLoopback else { return nil }
        return address.description
    }

    /// Octets that the client takes in one message.
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

/// What is asked of the domain: by a client, or on the way along a CNAME.
struct Ask: Sendable {
    var name: DNSName
    var type: RecordType
    var hasEDNS: Bool
    let zone: Zone
    /// See `DNSQuery.nearAddress`.
    var nearAddress: String?
    /// Steps that may still be made from name to name.
    var chaseLeft = Limits.chaseDepthMax
}

/// An answer before it is cut to the client's measure and written.
struct Reply: Sendable {
    var message: DNSMessage
    /// Consul shortens what it says of services; other answers are cut only where they must.
    var isOfService = false
    /// True for all networks, not only for the one that the client named.
    var isGlobal = true
    /// A recursor's answer, sent as it came.
    var forwarded: [UInt8]?
    /// Whether the answer holds for as long as the catalog does not change.
    var keeping = Keeping.not
    /// What of the catalog it depends on.
    var part = CatalogPart.whole
    /// The whole zone instead of one message.
    var transfer: ZoneTransfer?
}

/// Whether an answer may be given again while the catalog and the rules stay as they are.
enum Keeping: Sendable {
    case not
    /// In a fresh order each time.
    case inAnyOrder
    case asItIs
}
