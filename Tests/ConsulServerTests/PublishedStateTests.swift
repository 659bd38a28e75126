import ConsulModel
import ConsulServer
import ConsulState
import Testing
import Wire

/// A view is made for reads, and is never older than an answered write.
@Suite struct PublishedStateTests {
    @Test func viewIsSharedUntilTheNextWrite() async throws {
        let server = try Server()
        try await server.put("a", "1")
        let first = server.backend.state.load()
        #expect(server.backend.state.load() === first)
        try await server.put("a", "2")
        try await server.put("b", "1")
        let second = server.backend.state.load()
        #expect(second !== first)
        #expect(second.index > first.index)
        #expect(first.store.kvs.get("a").value?.value == "1")
        #expect(first.store.kvs.get("b").value == nil)
        #expect(second.store.kvs.get("a").value?.value == "2")
        await server.backend.stop()
    }

    /// Many threads write keys of their own and read them at once: none reads an older value.
    @Test func writersReadWhatTheyWrote() async throws {
        let server = try Server()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for turn in 1...100 {
                        try await server.put("own/\(writer)", "\(turn)")
                        let found = try await server.get("own/\(writer)")
                        #expect(found.value.first?.value == Bytes("\(turn)"))
                    }
                }
            }
            try await group.waitForAll()
        }
        let last = server.backend.state.load()
        let values = last.store.kvs.list("own/").value.map(\.value)
        #expect(values == Array(repeating: "100", count: 8))
        await server.backend.stop()
    }
}
