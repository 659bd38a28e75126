/// The reasons why Serf refuses a request or ends, one sentence each, in Serf's words.
package enum SerfError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Name and payload are longer than `Limits.userEventBytesMax`.
    case eventTooLong(limit: Int)
    /// Name and payload are longer than the options allow.
    case eventExceedsOption(limit: Int)
    case encodedEventTooLong(limit: Int)
    case encodedEventExceedsOption(limit: Int)
    case queryTooLong(limit: Int)
    case responseTooLong(limit: Int)
    case queryExpired
    case alreadyAnswered
    case unknownQuery
    case tagsTooLong(limit: Int)
    case noSuchMember(String)
    /// This node lost the vote about its name.
    case nameConflict
    case hasLeft
    case tooManyQueries
    case tooManyJoins

    package var description: String {
        switch self {
        case .eventTooLong(let limit):
            "user event exceeds sane limit of \(limit) bytes before encoding"
        case .eventExceedsOption(let limit):
            "user event exceeds configured limit of \(limit) bytes before encoding"
        case .encodedEventTooLong(let limit):
            "encoded user event exceeds reasonable limit of \(limit) bytes after encoding"
        case .encodedEventExceedsOption(let limit):
            "encoded user event exceeds configured limit of \(limit) bytes after encoding"
        case .queryTooLong(let limit): "query exceeds limit of \(limit) bytes"
        case .responseTooLong(let limit): "response exceeds limit of \(limit) bytes"
        case .queryExpired: "response is past the deadline"
        case .alreadyAnswered: "response already sent"
        case .unknownQuery: "no such query is open"
        case .tagsTooLong(let limit): "Encoded length of tags exceeds limit of \(limit) bytes"
        case .noSuchMember(let name): "No such member: \(name)"
        case .nameConflict: "another node has this node's name"
        case .hasLeft: "this node has left the pool"
        case .tooManyQueries: "too many queries are open"
        case .tooManyJoins: "too many joins are open"
        }
    }
}
