/// The bounds of this target, each with its reason.
package enum Limits {
    /// Octets of a name with its length octets and the root's (RFC 1035, section 2.3.4).
    package static let nameBytesMax = 255
    /// Octets of a label: its length has six bits (RFC 1035, section 2.3.4).
    package static let labelBytesMax = 63
    /// Labels of a name: each takes two octets at least, and the root one.
    package static let labelsMax = 127
    /// Octets of a message: TCP puts sixteen bits before it (RFC 1035, section 4.2.2).
    package static let messageBytesMax = 65_535
    /// What a client takes over UDP when it does not say (RFC 1035, section 2.3.4).
    package static let datagramBytesDefault = 512
    /// The header's octets.
    package static let headerBytes = 12
    /// Places a compression pointer can reach: fourteen bits (RFC 1035, section 4.1.4).
    static let pointerMax = 0x3FFF
    /// Names remembered for compression while a message is written; a power of two. Where no place
    /// is left for a name, a message of many is a little longer for it.
    static let rememberedNames = 2048
    /// Names that are looked for before the table is: those of a short answer.
    static let recentNames = 8
    /// Places looked at for one name: four suffice while the table is half empty.
    static let probesMax = 4
    /// Octets of one character string in a TXT record (RFC 1035, section 3.3).
    package static let characterStringMax = 255
}
