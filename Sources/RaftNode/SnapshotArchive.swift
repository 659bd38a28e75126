internal import Cryptography
package import Raft
internal import Wire

/// Writes the archive of `consul snapshot save` and `restore`: gzip of tar of `meta.json`,
/// `state.bin` and `SHA256SUMS`, in this order.
///
/// Written in pieces: `begin`, each piece of the contents through `add`, `finish`.
package final class SnapshotArchiveWriter {
    private let gzip = GzipWriter()
    private let meta: SnapshotMeta
    private let metaText: [UInt8]
    private let seconds: Int64
    private var sum = SHA256Sum()
    private var left: UInt64

    /// Creates a writer.
    ///
    /// - Parameters:
    ///   - meta: with the size of the contents, which is written before them.
    ///   - seconds: since 1970, for the times of the files in it.
    package init(_ meta: SnapshotMeta, seconds: Int64) {
        self.meta = meta
        self.seconds = seconds
        metaText = SnapshotMetaRecord(meta).text
        left = meta.size
    }

    package func begin() -> [UInt8] {
        gzip.add(file("meta.json", metaText))
            + gzip.add(TarHeader(name: "state.bin", size: meta.size).bytes(seconds: seconds))
    }

    package func add(_ bytes: [UInt8]) -> [UInt8] {
        precondition(
            UInt64(bytes.count) <= left, "more contents than the \(meta.size) bytes announced")
        left -= UInt64(bytes.count)
        sum.add(bytes)
        return gzip.add(bytes)
    }

    package func finish() -> [UInt8] {
        precondition(left == 0, "\(left) bytes of the contents are missing")
        let sums = SnapshotSums(meta: SHA256Sum.hex(of: metaText), state: sum.hex)
        let end = [UInt8](repeating: 0, count: 2 * TarHeader.blockCount)
        return gzip.add([UInt8](repeating: 0, count: TarHeader.padding(meta.size)))
            + gzip.add(file("SHA256SUMS", sums.text)) + gzip.add(end, isLast: true)
    }

    private func file(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        let size = UInt64(bytes.count)
        return TarHeader(name: name, size: size).bytes(seconds: seconds) + bytes
            + [UInt8](repeating: 0, count: TarHeader.padding(size))
    }
}

/// Reads such an archive in pieces cut anywhere. The contents may be used only when `finish` has
/// verified the whole archive.
package final class SnapshotArchiveReader {
    private enum Part { case head, meta, state, sums, padding, end }

    private let gzip = GzipReader()
    private var part = Part.head
    /// Missing bytes of the part.
    private var left = TarHeader.blockCount
    private var padding = 0
    private var held: [UInt8] = []

    private var metaText: [UInt8]?
    private var sumText: [UInt8]?
    private var stateCount: UInt64?
    private var sum = SHA256Sum()

    package init() {}

    /// Reads a piece of the archive, and calls `state` with the contents in it.
    package func receive(_ bytes: [UInt8], _ state: ([UInt8]) throws -> Void) throws {
        try gzip.add(bytes) { piece in try read(piece, state) }
    }

    /// Verifies the whole archive.
    ///
    /// - Throws: `badArchive` when a part is missing or differs from the saved one.
    package func finish() throws(RaftNodeError) -> SnapshotMeta {
        guard gzip.isOver else { throw .badArchive(reason: "it is cut short") }
        guard let metaText, let sumText, let stateCount else {
            throw .badArchive(reason: "meta.json, state.bin or SHA256SUMS is missing")
        }
        guard let sums = SnapshotSums(sumText) else {
            throw .badArchive(reason: "SHA256SUMS is no list of the sums of its files")
        }
        guard SHA256Sum.hex(of: metaText) == sums.meta else {
            throw .badArchive(reason: "the sum of meta.json is wrong")
        }
        guard sum.hex == sums.state else {
            throw .badArchive(reason: "the sum of state.bin is wrong")
        }
        let record: SnapshotMetaRecord
        do { record = try JSONReader.decode(from: metaText) } catch {
            throw .badArchive(reason: "meta.json: \(error)")
        }
        guard record.version == 1 else {
            throw .badArchive(reason: "it is of version \(record.version); 1 is known")
        }
        guard record.isInRange else {
            throw .badArchive(reason: "an index or term in meta.json is out of range")
        }
        guard record.size == stateCount else {
            throw .badArchive(reason: "the size of state.bin differs from meta.json")
        }
        return record.meta
    }

    private func read(_ bytes: [UInt8], _ state: ([UInt8]) throws -> Void) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            if part == .end { return }  // more zeroes
            let taken = rest.prefix(left)
            rest = rest.dropFirst(taken.count)
            left -= taken.count
            switch part {
            case .state:
                sum.add(taken)
                try state(Array(taken))
            case .head, .meta, .sums: held += taken
            case .padding, .end: break
            }
            while left == 0, part != .end { try turn() }
        }
    }

    /// Enters the next part after a whole one.
    private func turn() throws(RaftNodeError) {
        defer { held = [] }
        switch part {
        case .head: return try begin(try TarHeader(held))
        case .meta: metaText = held
        case .sums: sumText = held
        case .state: break
        case .padding, .end:
            part = .head
            left = TarHeader.blockCount
            return
        }
        part = .padding
        left = padding
    }

    private func begin(_ header: TarHeader?) throws(RaftNodeError) {
        guard let header else {
            part = .end
            return
        }
        let isSmall = header.size <= UInt64(Limits.metaBytesMax)
        switch header.name {
        case "meta.json" where metaText == nil && isSmall: part = .meta
        case "SHA256SUMS" where sumText == nil && isSmall: part = .sums
        case "state.bin" where stateCount == nil && header.size < UInt64(Int.max):
            part = .state
            stateCount = header.size
        default:
            throw .badArchive(
                reason: "\"\(header.name)\" occurs twice, is too large, or is unexpected")
        }
        left = Int(header.size)
        padding = TarHeader.padding(header.size)
    }
}
