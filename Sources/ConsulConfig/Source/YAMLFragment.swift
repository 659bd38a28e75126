import CLibYAML

/// Reads a YAML fragment into a tree with positions: libyaml scans and parses, and the core schema
/// of YAML 1.2 (`YAMLScalar`) determines the meaning of scalars.
///
/// Anchors, aliases and merge keys are followed; the values that aliases add are bounded. A fault
/// of the grammar ends the file; duplicate keys are all reported.
struct YAMLFragment: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: [UInt8]
    private let file: String
    private var anchors: [String: (node: SourceNode, count: Int)] = [:]
    private var aliasedValues = 0
    private var depth = 0
    private var errors: [ConfigError] = []
    /// The number of values in the whole file.
    private let characterCount: Int

    static func parse(_ bytes: [UInt8], file: String) -> (root: SourceNode?, errors: [ConfigError])
    {
        // libyaml would count a byte order mark as a column.
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        var fragment = YAMLFragment(bytes, file: file)
        return bytes.withUnsafeBufferPointer { buffer in
            yaml_parser_set_encoding(fragment.parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(fragment.parser, buffer.baseAddress, buffer.count)
            do throws(ConfigError) {
                return (try fragment.document(), fragment.errors)
            } catch {
                return (nil, fragment.errors + [error])
            }
        }
    }

    private init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        characterCount = bytes.count { $0 & 0xC0 != 0x80 }
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else { preconditionFailure("out of memory") }
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    // MARK: Events

    private struct Event {
        enum Kind {
            case documentStart, streamEnd, sequenceStart, sequenceEnd, mappingStart, mappingEnd
            case alias(String)
            case scalar(String, isPlain: Bool)
            case other
        }
        var kind: Kind
        var position: SourcePosition
        var anchor: String?
        var tag: String?
    }

    private func position(_ mark: yaml_mark_t) -> SourcePosition {
        if mark.column == 0, mark.index > 0, mark.index >= characterCount {
            // libyaml adds the last line end itself, and names a line that does not exist.
            return YAMLProblem.end(of: bytes, file: file)
        }
        return SourcePosition(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    private func failure(_ position: SourcePosition, _ message: String) -> ConfigError {
        ConfigError(position, path: "", message)
    }

    private func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private mutating func next() throws(ConfigError) -> Event {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else {
            throw YAMLProblem.explain(parser.pointee, bytes: bytes, file: file)
        }
        defer { yaml_event_delete(&raw) }
        var event = Event(kind: .other, position: position(raw.start_mark))
        switch raw.type {
        case YAML_DOCUMENT_START_EVENT: event.kind = .documentStart
        case YAML_STREAM_END_EVENT: event.kind = .streamEnd
        case YAML_SEQUENCE_END_EVENT: event.kind = .sequenceEnd
        case YAML_MAPPING_END_EVENT: event.kind = .mappingEnd
        case YAML_ALIAS_EVENT: event.kind = .alias(text(raw.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            event.kind = .sequenceStart
            event.anchor = text(raw.data.sequence_start.anchor)
            event.tag = text(raw.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            event.kind = .mappingStart
            event.anchor = text(raw.data.mapping_start.anchor)
            event.tag = text(raw.data.mapping_start.tag)
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            let value = UnsafeBufferPointer(start: scalar.value, count: Int(scalar.length))
            event.kind = .scalar(
                String(decoding: value, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            event.anchor = text(scalar.anchor)
            event.tag = text(scalar.tag)
        default: break
        }
        return event
    }

    // MARK: Values

    private mutating func document() throws(ConfigError) -> SourceNode {
        var root: SourceNode?
        while true {
            let event = try next()
            switch event.kind {
            case .streamEnd:
                return root ?? SourceNode(.map([]), at: SourcePosition(file: file))
            case .documentStart:
                if root != nil {
                    throw failure(
                        event.position,
                        "a second document begins here (---): put it into a file of its own")
                }
                root = try value(next())
            default: continue
            }
        }
    }

    private mutating func value(_ event: Event) throws(ConfigError) -> SourceNode {
        let node: SourceNode
        switch event.kind {
        case .alias(let name): return try alias(name, at: event.position)
        case .scalar(let text, let isPlain):
            let content = try YAMLScalar.content(
                text, isPlain: isPlain, tag: event.tag, at: event.position)
            node = SourceNode(content, at: event.position)
        case .sequenceStart:
            try enter(event, tag: "seq")
            var nodes: [SourceNode] = []
            while true {
                let item = try next()
                if case .sequenceEnd = item.kind { break }
                nodes.append(try value(item))
            }
            depth -= 1
            node = SourceNode(.list(nodes), at: event.position)
        case .mappingStart:
            try enter(event, tag: "map")
            node = SourceNode(.map(try entries()), at: event.position)
            depth -= 1
        default: preconditionFailure("libyaml broke the order of its events")
        }
        if let anchor = event.anchor { anchors[anchor] = (node, node.valueCount) }
        return node
    }

    private mutating func enter(_ event: Event, tag: String) throws(ConfigError) {
        if let found = event.tag, found != "tag:yaml.org,2002:\(tag)", found != "!" {
            throw failure(event.position, "the tag \(found) is not known: remove it")
        }
        depth += 1
        if depth > Limits.depthMax {
            throw failure(
                event.position,
                "nested deeper than \(Limits.depthMax) levels: no setting of Consul needs that, "
                    + "flatten it")
        }
    }

    private mutating func alias(_ name: String, at position: SourcePosition) throws(ConfigError)
        -> SourceNode
    {
        guard let target = anchors[name] else {
            errors.append(
                failure(
                    position, "*\(name) has no anchor: &\(name) must be before it, outside of it"))
            return SourceNode(.null, at: position)
        }
        aliasedValues += target.count
        if aliasedValues > Limits.aliasedValuesMax {
            throw failure(
                position,
                "aliases add more than \(Limits.aliasedValuesMax) values to this file: "
                    + "write them out, or into several files")
        }
        return target.node
    }

    private mutating func entries() throws(ConfigError) -> [SourceEntry] {
        var collector = EntryCollector()
        var merged: [[SourceEntry]] = []
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { break }
            var isMerge = false
            if case .scalar("<<", isPlain: true) = event.kind { isMerge = true }
            let key = try value(event)
            let item = try value(next())
            if isMerge {
                merged += mergedMaps(item)
                continue
            }
            let entry = SourceEntry(key: try keyText(key), at: event.position, value: item)
            collector.add(entry, errors: &errors)
        }
        for entries in merged { collector.overlay(entries) }
        return collector.entries
    }

    private func keyText(_ key: SourceNode) throws(ConfigError) -> String {
        switch key.content {
        case .string(let text), .interpolated(let text), .number(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .null, .list, .map:
            throw failure(key.position, "a key must be a string, found \(key.kindName)")
        }
    }

    /// Merges `<<: *a` or `<<: [*a, *b]`; of several maps the earlier wins.
    private mutating func mergedMaps(_ node: SourceNode) -> [[SourceEntry]] {
        if let entries = node.entries { return [entries] }
        guard let nodes = node.elements else {
            errors.append(
                failure(node.position, "<< wants a map or a list of maps, found \(node.kindName)"))
            return []
        }
        var maps: [[SourceEntry]] = []
        for node in nodes {
            guard let entries = node.entries else {
                errors.append(
                    failure(node.position, "<< wants maps in its list, found \(node.kindName)"))
                continue
            }
            maps.append(entries)
        }
        return maps
    }
}
