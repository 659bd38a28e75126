import ConsulModel
import HTTPTransport

/// Maps errors to HTTP statuses, for all routes.
enum ErrorMapping {
    static func status(of kind: ConsulError.Kind) -> Int {
        switch kind {
        case .badRequest: 400
        case .permissionDenied: 403
        case .notFound: 404
        case .tooLarge: 413
        case .tooManyRequests: 429
        case .noLeader, .noPathToDatacenter, .cancelled, .internal: 500
        }
    }

    static func response(for error: ConsulError) -> HTTPResponse {
        .text(status(of: error.kind), error.message)
    }

    // MARK: Refusals before a route runs

    static let blocked = HTTPResponse.text(403, "Endpoint is blocked by agent configuration")
    static let restricted = HTTPResponse.text(403, "Access is restricted")
    static let withoutPermissions = HTTPResponse.text(401, "ACL support disabled")
    static let withoutLeader = HTTPResponse.text(503, "No cluster leader")
}
