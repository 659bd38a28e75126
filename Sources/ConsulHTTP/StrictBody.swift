import ConsulConfig
import ConsulModel
import Primitives
import Wire

/// Reads JSON bodies as Consul does: an unknown field is an error, so that a misspelled one does
/// not silently change nothing.
enum StrictBody {
    /// Fields that are accepted and have no effect: those of newer versions of Consul and of its
    /// Enterprise edition, which programs send to any version, and those that Go's client library
    /// adds.
    private static let accepted = [
        "Namespace", "Partition", "Peer", "PeerName", "Locality", "SocketPath", "Ports",
        "ContentHash", "Token", "ExposedPort", "H2PING", "H2PingUseTLS", "ProxyHTTP", "ProxyGRPC",
        "Mode", "TransparentProxy", "EnvoyExtensions", "MutualTLSMode", "AccessLogs",
        "DestinationPartition", "DestinationPeer", "LocalBindSocketPath", "LocalBindSocketMode",
        "CentrallyConfigured", "PeerMeta",
        "LocalServiceSocketPath", "Datacenter",
    ].map { FoldedKey($0) }

    /// - Parameter obsolete: fields that Consul still accepts in this body only.
    static func reader(_ body: [UInt8], obsolete: [String] = []) -> JSONReader {
        var reader = JSONReader(body)
        reader.refusesUnknownKeys = true
        reader.toleratedKeys = accepted + obsolete.map { FoldedKey($0) }
        return reader
    }

    /// Refuses unknown fields in a part of a body that is stored unchanged.
    static func check<Body: WireValue>(_ part: JSONValue, as type: Body.Type)
        throws(ConsulError)
    {
        guard case .object = part else { return }
        do {
            var reader = reader(JSONWriter.encode(part))
            var value = Body()
            try value.decode(from: &reader)
        } catch {
            throw ConsulError(.badRequest, "Request decode failed: \(reason(error))")
        }
    }

    /// Returns the reason in Consul's words, and for an unknown field the nearest known one.
    static func reason(_ error: any Error) -> String {
        guard let unknown = (error as? JSONError)?.unknownField else { return "\(error)" }
        let text = "json: unknown field \(GoText.quoted(unknown.name))"
        guard let near = Suggestion.nearest(unknown.name, in: unknown.known) else { return text }
        return "\(text) (did you mean \"\(near)\"?)"
    }

    static func isBlank(_ body: [UInt8]) -> Bool {
        body.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    }
}
