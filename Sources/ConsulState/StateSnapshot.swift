internal import Primitives
internal import Wire

/// Writes a state as the stream that Consul's servers store and send: a head with the last index,
/// then the records of all tables in `SnapshotOrder`, the indexes of tables, and the chunks of cut
/// commands, each with its type's byte.
///
/// To make one costs nothing: it holds a copy of the state, which shares everything with the
/// original. The stream is then made in pieces, on another thread and at any pace, while the
/// original changes. Equal states give equal bytes.
package struct StateSnapshot: Sendable {
    private enum Phase: Sendable { case head, sections, indexes, chunks, over }

    private let machine: FSM
    private let lastIndex: UInt64
    private var phase = Phase.head
    private var writer = MessagePackWriter(capacity: 64 << 10)
    private var sections: [any SnapshotSection]
    /// The section that is being written.
    private var slot = 0

    /// Begins a snapshot.
    ///
    /// - Parameter lastIndex: of the last entry in the state.
    package init(of machine: FSM, lastIndex: UInt64) {
        self.machine = machine
        self.lastIndex = lastIndex
        var collector = SectionCollector()
        machine.store.withEachTable(&collector)
        // A stable sort moves no section past another of its slot: tables come in their order.
        sections = collector.sections.enumerated().sorted { a, b in
            let first = SnapshotOrder.slot(of: a.element.type)
            let second = SnapshotOrder.slot(of: b.element.type)
            return first == second ? a.offset < b.offset : first < second
        }.map(\.element)
    }

    /// Returns the next piece of the stream: as many whole records as it takes to reach `bytesMin`,
    /// so longer than that by at most one record. Returns nil after the last piece.
    package mutating func next(bytesMin: Int = 64 << 10) -> [UInt8]? {
        writer.removeAll()
        while phase != .over, writer.count < bytesMin { step() }
        return writer.count > 0 ? writer.output : nil
    }

    /// Writes one record, or enters the next phase.
    private mutating func step() {
        switch phase {
        case .head:
            writer.record(SnapshotHead(lastIndex: lastIndex))
            phase = .sections
        case .sections:
            guard slot < sections.count else {
                phase = .indexes
                return
            }
            if !sections[slot].writeNext(to: &writer) { slot += 1 }
        case .indexes:
            var collector = IndexCollector(store: machine.store)
            machine.store.withEachTable(&collector)
            for (name, value) in collector.indexes.sorted(by: { $0.name < $1.name }) {
                writer.putIndex(name, value)
            }
            phase = .chunks
        case .chunks:
            writer.byte(MessageType.chunks)
            machine.chunks.encode(to: &writer)
            phase = .over
        case .over: break
        }
    }
}

private struct SectionCollector: TableVisitor {
    var sections: [any SnapshotSection] = []

    mutating func visit(_ table: inout some StateTable) throws(Never) {
        sections += table.sections()
    }
}

private struct IndexCollector: TableVisitor {
    let store: StateStore
    var indexes: [(name: String, value: UInt64)] = []

    init(store: StateStore) { self.store = store }

    mutating func visit(_ table: inout some StateTable) throws(Never) {
        indexes += table.indexes(in: store)
    }
}

/// The record before all others.
struct SnapshotHead: Record {
    var lastIndex: UInt64 = 0
    init() {}
    init(lastIndex: UInt64) { self.lastIndex = lastIndex }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LastIndex", &lastIndex)
    }
}

/// The index of a table.
struct IndexRecord: Record {
    var key = ""
    var value: UInt64 = 0
    init() {}
    init(key: String, value: UInt64) {
        self.key = key
        self.value = value
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Key", &key)
        try visit.field("Value", &value)
    }
}
