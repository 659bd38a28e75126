import ConsulModel
import Primitives
import Synchronization

extension ConsulClient {
    /// Returns Consul's archive of the servers' whole state.
    package func saveSnapshot() async throws(ConsulClientError) -> [UInt8] {
        let archive = Mutex<[UInt8]>([])
        try await stream("/v1/snapshot", []) { part in
            archive.withLock { if $0.count <= Limits.archiveBytesMax { $0 += part } }
        }
        let bytes = archive.withLock { $0 }
        guard bytes.count <= Limits.archiveBytesMax else {
            throw ConsulClientError(
                "the archive is larger than \(Limits.archiveBytesMax >> 20) MiB")
        }
        return bytes
    }

    /// Replaces the servers' state by the archive's contents.
    package func restoreSnapshot(_ archive: [UInt8]) async throws(ConsulClientError) {
        _ = try await send("PUT", "/v1/snapshot", body: archive, timeout: .seconds(600))
            .successful()
    }
}
