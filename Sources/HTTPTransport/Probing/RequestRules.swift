import NIOHTTP1
import Primitives

/// Judges the parts of a request as Go's client does, before a byte of it is sent.
enum RequestRules {
    /// Returns true for a method or the name of a field (RFC 9110, section 5.6.2).
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    static func isFieldValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    static func hasControl(_ text: String) -> Bool {
        text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }

    /// The client alone sets the length and the coding of the body: two contradicting ones would
    /// let the receiver find a second request in the body.
    static func isFraming(_ name: String) -> Bool {
        ["content-length", "transfer-encoding", "trailer"].contains(name.lowercased())
    }
}

extension HTTPCall {
    /// Adds configured fields, without fields of the framing.
    package mutating func add(_ fields: [(name: String, value: String)]) throws(HTTPCallError) {
        for (name, value) in fields {
            guard RequestRules.isToken(name) else {
                throw HTTPCallError(
                    self, reason: "net/http: invalid header field name \(GoText.quoted(name))")
            }
            guard RequestRules.isFieldValue(value) else {
                let shown = Redaction.isSecret(name) ? Redaction.mark : value
                throw HTTPCallError(
                    self,
                    reason: "net/http: invalid header field value \(GoText.quoted(shown)) "
                        + "for key \(name)")
            }
            if !RequestRules.isFraming(name) { headers.add(name: name, value: value) }
        }
    }
}
