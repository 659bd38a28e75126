/// The reason to refuse a request before its handler runs. It ends the connection.
enum RequestFault: Error, Hashable {
    /// The explanation that Go's server appends to `400 Bad Request`.
    case malformed(String)
    case headTooLarge
    case unsupportedEncoding
    case unsupportedVersion

    var response: HTTPResponse {
        switch self {
        case .malformed(let reason):
            .text(400, reason.isEmpty ? "400 Bad Request" : "400 Bad Request: \(reason)")
        case .headTooLarge: .text(431, "431 Request Header Fields Too Large")
        case .unsupportedEncoding: .text(501, "Unsupported transfer encoding")
        case .unsupportedVersion:
            .text(505, "505 HTTP Version Not Supported: unsupported protocol version")
        }
    }
}
