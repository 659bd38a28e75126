import Testing

@testable import ExecHelper

@Suite struct BatchTests {
    @Test func batchesFollowSizeAndOrder() {
        let batches = Batch.plan(["a", "b", "c", "d", "e"], size: 2)
        #expect(batches.map { $0.nodes } == [["a", "b"], ["c", "d"], ["e"]])
        #expect(Batch.plan(["a", "b", "c"], size: .max).map { $0.nodes } == [["a", "b", "c"]])
        #expect(Batch.plan([], size: 3).isEmpty)
    }

    @Test func filterMatchesTheseNamesOnly() {
        #expect(Batch(nodes: ["web.1", "db(2)"]).filter == #"^(web\.1|db\(2\))$"#)
    }

    @Test func batchFitsIntoAnEventsFilter() {
        let nodes = (100..<140).map { "some-node-of-a-long-name-\($0)" }
        let batches = Batch.plan(nodes, size: .max)
        #expect(batches.flatMap { $0.nodes } == nodes)
        #expect(batches.count > 1)
        #expect(batches.allSatisfy { $0.filter.utf8.count <= Limits.filterBytesMax })
    }
}
