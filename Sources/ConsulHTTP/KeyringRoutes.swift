import ConsulModel
import HTTPTransport

/// `/v1/operator/keyring`.
enum KeyringRoutes {
    @Sendable static func list(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        exchange.json(try await run(.list, exchange))
    }

    @Sendable static func install(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        try await change(exchange) { .install($0) }
    }

    @Sendable static func use(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        try await change(exchange) { .use($0) }
    }

    @Sendable static func remove(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        try await change(exchange) { .remove($0) }
    }

    private static func change(
        _ exchange: Exchange, _ operation: (String) -> KeyringOperation
    ) async throws(ConsulError) -> HTTPResponse {
        let body: KeyringBody
        do throws(ConsulError) {
            body = try exchange.body(acceptsUnknown: true)
        } catch {
            throw ConsulError(.badRequest, "Bad request: \(error.message)")
        }
        _ = try await run(operation(body.key), exchange)
        return Exchange.empty
    }

    private static func run(
        _ operation: KeyringOperation, _ exchange: Exchange
    ) async throws(ConsulError) -> [KeyringReport] {
        let relayFactor = try relayFactor(exchange.query["relay-factor"])
        let isLocalOnly = try isLocalOnly(exchange.query["local-only"])
        if isLocalOnly, operation != .list {
            throw ConsulError(
                .badRequest,
                "Bad request: Invalid use of local-only: local-only can only be set for list "
                    + "requests")
        }
        let reports = try await exchange.agent.membership.keyring(
            operation, relayFactor: relayFactor, isLocalOnly: isLocalOnly)
        let faults = reports.flatMap { Self.faults(of: $0) }
        guard faults.isEmpty else { throw ConsulError(.internal, ErrorText.list(faults)) }
        return reports
    }

    /// Returns the fault of a pool, followed by its members' messages.
    private static func faults(of report: KeyringReport) -> [String] {
        guard !report.error.isEmpty else { return [] }
        let pool = report.isWAN ? "WAN" : "\(report.datacenter) (LAN)"
        return ["\(pool) error: \(report.error)"]
            + report.messages.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    }

    static func relayFactor(_ text: String) throws(ConsulError) -> Int {
        guard !text.isEmpty else { return 0 }
        guard let factor = Int(text) else {
            throw ConsulError(
                .badRequest,
                "Bad request: Error parsing relay factor: strconv.Atoi: parsing \"\(text)\": "
                    + "invalid syntax")
        }
        guard (0...5).contains(factor) else {
            throw ConsulError(
                .badRequest,
                "Bad request: Invalid relay-factor: Relay factor must be in range: [0, 5]")
        }
        return factor
    }

    private static func isLocalOnly(_ text: String) throws(ConsulError) -> Bool {
        switch text {
        case "": return false
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default:
            throw ConsulError(
                .badRequest,
                "Bad request: Error parsing local-only: strconv.ParseBool: parsing \"\(text)\": "
                    + "invalid syntax")
        }
    }
}
