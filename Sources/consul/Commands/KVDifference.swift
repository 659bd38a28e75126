import ConsulClient
import ConsulModel
import Primitives
import Wire

/// The changes that make the keys under a prefix equal to those of a tree.
struct KVDifference {
    enum Change: String {
        case create = "+"
        case update = "~"
        case delete = "-"
    }
    struct Line {
        var change: Change
        var entry: ExportedEntry
        /// The modify index of the existing key; 0 if it does not exist.
        var index: UInt64
    }
    private(set) var lines: [Line] = []

    /// - Parameters:
    ///   - wanted: with their whole keys.
    ///   - existing: the present entries.
    init(wanted: [ExportedEntry], existing: [KVEntry]) {
        var left = Dictionary(existing.map { ($0.key, $0) }) { _, last in last }
        var last: [String: ExportedEntry] = [:]
        for entry in wanted { last[entry.key] = entry }
        for entry in last.values {
            guard let old = left.removeValue(forKey: entry.key) else {
                lines.append(Line(change: .create, entry: entry, index: 0))
                continue
            }
            if old.value != entry.value || old.flags != entry.flags {
                let index = old.raftIndex.modifyIndex
                lines.append(Line(change: .update, entry: entry, index: index))
            }
        }
        for old in left.values {
            let index = old.raftIndex.modifyIndex
            lines.append(Line(change: .delete, entry: ExportedEntry(old), index: index))
        }
        lines.sort { $0.entry.key.utf8.lexicographicallyPrecedes($1.entry.key.utf8) }
    }

    mutating func keepOthers() { lines.removeAll { $0.change == .delete } }

    var isEmpty: Bool { lines.isEmpty }

    func count(_ change: Change) -> Int { lines.count { $0.change == change } }

    /// Returns one line for each key.
    var text: String {
        lines.map { "\($0.change.rawValue) \($0.entry.key)" }.joined(separator: "\n")
    }

    var json: [DifferenceLine] { lines.map { DifferenceLine($0) } }
}

/// A line of `kv diff -format=json`.
struct DifferenceLine: Record {
    var key = ""
    var change = ""
    init() {}
    init(_ line: KVDifference.Line) {
        key = line.entry.key
        change =
            switch line.change {
            case .create: "create"
            case .update: "update"
            case .delete: "delete"
            }
    }
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Key", &key)
        try visit.field("Change", &change)
    }
}

/// Groups steps into as few transactions as possible. Each transaction succeeds or fails as a
/// whole; several transactions are not atomic together.
struct KVBatches {
    /// Consul's bound on operations, and a bound on the body, which base64 makes a third larger.
    private static let stepsMax = 64
    private static let bytesMax = 300 << 10

    private(set) var batches: [[TxnStep]] = []
    private var bytes = 0

    /// - Parameter group: steps that must be in one transaction.
    mutating func add(_ group: [TxnStep], bytes count: Int) {
        let isFull =
            (batches.last?.count ?? Self.stepsMax) + group.count > Self.stepsMax
            || bytes + count > Self.bytesMax
        if isFull {
            batches.append([])
            bytes = 0
        }
        batches[batches.count - 1] += group
        bytes += count + group.count * 200
    }

    /// - Returns: the reason for stopping; nil if all steps were done.
    func carryOut(_ client: ConsulClient) async throws(ConsulClientError) -> String? {
        for (number, steps) in batches.enumerated() {
            let response = try await client.transact(steps)
            guard let error = response.errors?.first else { continue }
            let before =
                number == 0 ? "Nothing was done" : "\(number) of \(batches.count) parts were"
            return "\(error.what). \(before); look again and repeat"
        }
        return nil
    }
}
