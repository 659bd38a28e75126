/// The bounds of this target, each with its reason.
package enum Limits {
    /// Octets of a name with its length octets and the root's (RFC 1035, section 2.3.4).
    package static let nameBytesMax = 255
    /// Octets of a label: its length has six bits (RFC 1035, section 2.3.4).
    package static let labelBytesMax = 63
    /// Labels of a name: each takes two octets at least, and the root one.
    package static let labelsMax = 127
    /// Octets of a message: TCP has a length of sixteen bits (RFC 1035, section 4.2.2).
    package static let messageBytesMax = 65_535
    /// The size that a client accepts over UDP without EDNS (RFC 1035, section 2.3.4).
    package static let datagramBytesDefault = 512
    /// The header's octets.
    package static let headerBytes = 12
    /// Offsets that a compression pointer can reach: fourteen bits (RFC 1035, section 4.1.4).
    static let pointerMax = 0x3FFF
    /// Names in the compression table of a message; a power of two. When it has no slot for a name,
    /// the message is a little longer.
    static let rememberedNames = 2048
    /// Names that are searched before the table is: those of a short answer.
    static let recentNames = 8
    /// Slots probed for one name: four suffice while the table is half empty.
    static let probesMax = 4
    /// Octets of one character string in a TXT record (RFC 1035, section 3.3).
    package static let characterStringMax = 255
}
