import Wire

/// Reads a JSON fragment into a tree with positions.
///
/// The grammar is the strict reader's: no comments, no trailing commas. A fault of the grammar ends
/// the file; duplicate keys are all reported.
struct JSONFragment {
    private var reader: JSONReader
    private let bytes: [UInt8]
    private var cursor: PlaceCursor
    private var errors: [ConfigError] = []

    static func parse(_ bytes: [UInt8], file: String) -> (root: SourceNode?, errors: [ConfigError])
    {
        var fragment = JSONFragment(bytes, file: file)
        do {
            let root = try fragment.value()
            try fragment.reader.finish()
            return (root, fragment.errors)
        } catch let error as JSONError {
            let place = fragment.cursor.place(of: error.offset)
            fragment.errors.append(ConfigError(place, path: "", fragment.explained(error)))
        } catch {
            fragment.errors.append(ConfigError(SourcePlace(file: file), path: "", "\(error)"))
        }
        return (nil, fragment.errors)
    }

    private init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        reader = JSONReader(bytes, depthMax: Limits.depthMax)
        cursor = PlaceCursor(bytes, file: file)
    }

    private func explained(_ error: JSONError) -> String {
        if error.offset >= bytes.count {
            return "\(error.reason): the file ends in the middle of a value (half written?)"
        }
        if error.reason.hasSuffix("never closed") {
            return error.reason + ": the file ends inside it (half written?)"
        }
        if error.reason.hasPrefix("nested deeper") {
            return error.reason + ": no setting of Consul needs that, flatten it"
        }
        return error.reason
    }

    private mutating func value() throws -> SourceNode {
        reader.skipWhiteSpace()
        let place = cursor.place(of: reader.offset)
        let content: SourceNode.Content
        switch try reader.nextKind() {
        case .null:
            _ = try reader.null()
            content = .null
        case .bool: content = .bool(try reader.bool())
        case .number: content = .number(try reader.number().text)
        case .string: content = .string(try reader.string())
        case .array:
            var nodes: [SourceNode] = []
            try reader.beginArray()
            while try reader.nextElement() { nodes.append(try value()) }
            content = .list(nodes)
        case .map: content = .map(try entries())
        }
        return SourceNode(content, at: place)
    }

    private mutating func entries() throws -> [SourceEntry] {
        var collector = EntryCollector()
        try reader.beginMap()
        while true {
            let start = startOfKey()
            guard let key = try reader.nextKey() else { return collector.entries }
            let place = cursor.place(of: start)
            collector.add(SourceEntry(key: key, at: place, value: try value()), errors: &errors)
        }
    }

    /// The offset of the next key's quote: behind white space and at most one comma.
    private mutating func startOfKey() -> Int {
        reader.skipWhiteSpace()
        var index = reader.offset
        guard index < bytes.count, bytes[index] == UInt8(ascii: ",") else { return index }
        repeat { index += 1 } while index < bytes.count && bytes[index] <= 0x20
        return index
    }
}

/// Converts byte offsets into positions. Offsets arrive in rising order, so a whole file costs one
/// pass; a lower offset restarts at the top.
struct PlaceCursor {
    private let bytes: [UInt8]
    private let file: String
    private let start: Int
    private var offset: Int
    private var line = 1
    private var column = 1

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        offset = start
    }

    mutating func place(of target: Int) -> SourcePlace {
        if target < offset { (offset, line, column) = (start, 1, 1) }
        let end = min(target, bytes.count)
        while offset < end {
            let byte = bytes[offset]
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
            offset += 1
        }
        return SourcePlace(file: file, line: line, column: column)
    }
}
