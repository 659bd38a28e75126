import ConsulModel
import ConsulServer
import Synchronization
import Testing

/// The numbers with which callers cache reads of the catalog.
@Suite struct CatalogVersionTests {
    private func versions(_ server: Server) -> [UInt64] {
        let backend = server.backend
        let parts: [CatalogPart] = [.whole, .service("web"), .service("db"), .node("n1")]
        return parts.map { backend.catalogVersion(of: $0) ?? 0 }
    }

    /// Returns which of the versions of the whole, `web`, `db` and `n1` changed.
    private func moved(_ server: Server, _ change: () async throws -> Void) async throws -> [Bool] {
        let before = versions(server)
        try await change()
        return zip(before, versions(server)).map { $0 != $1 }
    }

    @Test func everyChangeMovesItsParts() async throws {
        let server = try Server()
        try await server.register("n1", service: "web")
        try await server.register("n2", service: "db")
        #expect(
            try await moved(server) { try await server.put("k", "v") } == [
                false, false, false, false,
            ])
        let ofWeb = try await moved(server) {
            try await server.register("n1", check: "c", on: "web", status: "critical")
        }
        #expect(ofWeb == [true, true, false, false])
        let ofNode = try await moved(server) {
            try await server.register("n1", meta: ["rack": "r1"])
        }
        #expect(ofNode == [true, true, false, true])
        let ofNodeCheck = try await moved(server) {
            try await server.register("n2", check: "alive")
        }
        #expect(ofNodeCheck == [true, false, true, false])
        let gone = try await moved(server) {
            var request = DeregisterRequest()
            request.node = "n1"
            _ = try await server.backend.call(.catalogDeregister, request)
        }
        #expect(gone == [true, true, false, true])
        await server.backend.stop()
    }

    /// A restored state has the indexes with which it was saved, and nevertheless a new version.
    @Test func aRestoredStateIsAnother() async throws {
        let server = try Server()
        try await server.register("n1", service: "web")
        let saved = try await server.backend.call(.snapshotSave, SnapshotSaveRequest())
        let all = try await moved(server) {
            let left = Mutex([saved.bytes])
            let request = SnapshotRestoreRequest { left.withLock { $0.popLast() } }
            _ = try await server.backend.call(.snapshotRestore, request)
        }
        #expect(all == [true, true, true, true])
        await server.backend.stop()
    }
}
