package import HTTPTransport

/// Bounds the bodies of requests, by their paths.
package struct BodyLimits: Sendable {
    /// Bytes of an archive to be restored, which is read into memory as a whole.
    private static let archiveBytesMax = 1 << 30

    private let valueBytesMax: Int
    private let transactionBytesMax: Int
    private let archiveFolder: String

    /// - Parameters:
    ///   - valueBytesMax: `kv_max_value_size`.
    ///   - transactionBytesMax: `txn_max_req_len`; `kv_max_value_size` where that is larger, for
    ///     configurations from before it existed.
    ///   - archiveFolder: holds an archive while it is received.
    package init(valueBytesMax: Int, transactionBytesMax: Int, archiveFolder: String) {
        self.valueBytesMax = valueBytesMax
        self.transactionBytesMax = max(valueBytesMax, transactionBytesMax)
        self.archiveFolder = archiveFolder
    }

    package func apply(to limits: inout HTTPServerLimits) {
        limits.bodyBytes = { [self] _, path in bytesMax(path) }
        limits.bodyFile = { [self] path in file(path) }
        limits.bodyTooLarge = { Self.tooLarge(path: $0, limit: $1, declared: $2) }
    }

    func bytesMax(_ path: Substring) -> Int {
        if Self.isArchive(path) { return Self.archiveBytesMax }
        return Self.isTransaction(path) ? transactionBytesMax : valueBytesMax
    }

    /// Returns the rules of a body that is received into a file; nil for one that stays in memory.
    private func file(_ path: Substring) -> BodyFileRules? {
        guard Self.isArchive(path) else { return nil }
        return BodyFileRules(
            folder: archiveFolder, firstBytes: [0x1F, 0x8B],
            refusal: .text(
                500,
                "failed to read snapshot file: failed to decompress snapshot: "
                    + "gzip: invalid header"))
    }

    /// Returns Consul's answer to a body that is too large.
    static func tooLarge(path: Substring, limit: Int, declared: Int?) -> HTTPResponse {
        let body = declared.map { "body(\($0) bytes)" } ?? "body"
        let setting = isTransaction(path) ? "txn_max_req_len" : "kv_max_value_size"
        return .text(
            413,
            "Request \(body) too large, max size: \(limit) bytes. See "
                + "https://www.consul.io/docs/agent/options.html#\(setting).")
    }

    private static func isArchive(_ path: Substring) -> Bool { path == "/v1/snapshot" }
    private static func isTransaction(_ path: Substring) -> Bool { path == "/v1/txn" }
}
