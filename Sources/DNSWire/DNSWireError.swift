/// The reason why bytes are not a DNS message, or why a message cannot be encoded.
package enum DNSWireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes end inside a part.
    case truncated
    /// A label begins with undefined bits, or is longer than 63 octets.
    case wrongLabel
    /// A name is longer than 255 octets.
    case nameTooLong
    /// A compression pointer does not point backwards.
    case wrongPointer
    /// A record's data has another length than its type needs.
    case wrongRecordLength
    /// More than one OPT record, or one that is not in the additional section.
    case wrongOptions
    /// Bytes follow the last record.
    case trailingBytes

    package var description: String {
        switch self {
        case .truncated: "the message ends too early"
        case .wrongLabel: "a label is malformed"
        case .nameTooLong: "a name is longer than \(Limits.nameBytesMax) octets"
        case .wrongPointer: "a compression pointer does not point backwards"
        case .wrongRecordLength: "the data of a record do not fit its type"
        case .wrongOptions: "the EDNS options are not where they belong"
        case .trailingBytes: "bytes follow the last record"
        }
    }
}
