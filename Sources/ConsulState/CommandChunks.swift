internal import Wire

/// The position of a chunk in its command: the extensions of its entry, as HashiCorp's servers
/// write them (protobuf: 1 operation, 2 number, 3 count of chunks, 4 extensions of the command).
struct ChunkPosition: Hashable, Sendable {
    /// Random, drawn by the leader; the same in all chunks of a command.
    var operation: UInt64 = 0
    var number: UInt32 = 0
    var pieces: UInt32 = 0

    init(operation: UInt64, number: UInt32, pieces: UInt32) {
        self.operation = operation
        self.number = number
        self.pieces = pieces
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for (field, value) in [(1, operation), (2, UInt64(number)), (3, UInt64(pieces))]
        where value != 0 {
            bytes.append(UInt8(field << 3))
            var rest = value
            while rest > 0x7F {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        return bytes
    }

    /// Unknown fields are skipped, as protobuf requires.
    init(decoding bytes: [UInt8]) throws(ConsulStateError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let tag = try Self.varint(&rest)
            switch tag & 7 {
            case 0:
                let value = try Self.varint(&rest)
                switch tag >> 3 {
                case 1: operation = value
                case 2: number = UInt32(clamping: value)
                case 3: pieces = UInt32(clamping: value)
                default: break
                }
            case 1: try Self.skip(8, &rest)
            case 2: try Self.skip(try Self.varint(&rest), &rest)
            case 5: try Self.skip(4, &rest)
            default: throw .badChunk(reason: "its extensions are no protobuf")
            }
        }
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws(ConsulStateError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .badChunk(reason: "its extensions end inside a number")
    }

    private static func skip(
        _ count: UInt64, _ rest: inout ArraySlice<UInt8>
    ) throws(ConsulStateError) {
        guard count <= UInt64(rest.count) else {
            throw .badChunk(reason: "its extensions end inside a field")
        }
        rest = rest.dropFirst(Int(count))
    }
}

/// Cuts commands that are too long for one entry into chunks.
package enum CommandChunks {
    /// Returns whether a command is cut.
    package static func isLong(_ message: [UInt8]) -> Bool { message.count > Limits.chunkBytes }

    /// Returns the entries for a command, in order: one without extensions, or chunks of
    /// `Limits.chunkBytes` that must all be proposed in one term.
    ///
    /// - Parameter operation: random, different for each command.
    package static func cut(
        _ message: [UInt8], operation: UInt64
    ) -> [(data: [UInt8], extensions: [UInt8])] {
        let size = Limits.chunkBytes
        guard message.count > size else { return [(message, [])] }
        let pieces = (message.count + size - 1) / size
        return (0..<pieces).map { number in
            let end = min(message.count, (number + 1) * size)
            let position = ChunkPosition(
                operation: operation, number: UInt32(number), pieces: UInt32(pieces))
            return (Array(message[number * size..<end]), position.encoded)
        }
    }
}

/// Joins the chunks of cut commands. It is part of the replicated state: a snapshot may fall
/// between two chunks.
package struct ChunkedCommands: Hashable, Sendable {
    struct Partial: Hashable, Sendable {
        var term: UInt64
        /// Nil where a chunk is missing.
        var pieces: [[UInt8]?]
    }

    var partials: [UInt64: Partial] = [:]

    package init() {}

    package var isEmpty: Bool { partials.isEmpty }

    /// Adds a chunk. A new term means a new leader, which proposes commands anew: chunks of another
    /// term are dropped.
    ///
    /// - Returns: the whole command when this was the last missing chunk.
    mutating func add(
        _ data: [UInt8], extensions: [UInt8], term: UInt64
    ) throws(ConsulStateError) -> [UInt8]? {
        let position = try ChunkPosition(decoding: extensions)
        partials = partials.filter { $0.value.term == term }
        guard position.pieces > 0, position.number < position.pieces else {
            throw .badChunk(reason: "chunk \(position.number) of \(position.pieces)")
        }
        guard Int(position.pieces) <= Limits.chunksMax else {
            throw .badChunk(reason: "\(position.pieces) pieces, more than \(Limits.chunksMax)")
        }
        var partial =
            partials[position.operation]
            ?? Partial(term: term, pieces: Array(repeating: nil, count: Int(position.pieces)))
        guard partial.pieces.count == Int(position.pieces) else {
            throw .badChunk(reason: "\(position.pieces) pieces, \(partial.pieces.count) before")
        }
        partial.pieces[Int(position.number)] = data
        if partial.pieces.contains(nil) {
            guard partials[position.operation] != nil || partials.count < Limits.cutCommandsMax
            else {
                throw .badChunk(reason: "more than \(Limits.cutCommandsMax) commands under way")
            }
            partials[position.operation] = partial
            return nil
        }
        partials[position.operation] = nil
        return partial.pieces.flatMap { $0 ?? [] }
    }

    // MARK: In a snapshot

    /// `{ChunkMap: {operation: [{OpNum, SequenceNum, NumChunks, Term, Data}?]}}`.
    func encode(to writer: inout MessagePackWriter) {
        writer.beginMap(count: 1)
        writer.key("ChunkMap")
        writer.beginMap(count: partials.count)
        for (operation, partial) in partials.sorted(by: { $0.key < $1.key }) {
            writer.unsigned(operation)
            writer.beginArray(count: partial.pieces.count)
            for (number, data) in partial.pieces.enumerated() {
                guard let data else {
                    writer.null()
                    continue
                }
                var piece = ChunkRecord()
                piece.operation = operation
                piece.number = UInt64(number)
                piece.pieces = UInt64(partial.pieces.count)
                piece.term = partial.term
                piece.data = Bytes(data)
                writer.record(piece)
            }
        }
    }

    init(from reader: inout MessagePackReader) throws {
        try reader.beginMap()
        while let key = try reader.nextKey() {
            guard key == "ChunkMap", !(try reader.null()) else {
                if key != "ChunkMap" { try reader.skip() }
                continue
            }
            try reader.beginMap()
            while try reader.nextEntry() {
                let operation = try reader.unsigned()
                var records: [ChunkRecord?] = []
                try records.decode(from: &reader)
                guard let term = records.lazy.compactMap({ $0?.term }).first else { continue }
                partials[operation] = Partial(term: term, pieces: records.map { $0?.data.array })
            }
        }
    }
}

/// A chunk in a snapshot.
struct ChunkRecord: Record {
    var operation: UInt64 = 0
    var number: UInt64 = 0
    var pieces: UInt64 = 0
    var term: UInt64 = 0
    var data = Bytes()
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("OpNum", &operation)
        try visit.field("SequenceNum", &number)
        try visit.field("NumChunks", &pieces)
        try visit.field("Term", &term)
        try visit.field("Data", &data)
    }
}
