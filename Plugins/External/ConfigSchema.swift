import ConsulModel
import Wire

/// The schema of a kind's `config`: a small part of JSON Schema. `type`, `properties`, `required`,
/// `enum`, `default`, `items` and `additionalProperties` (true or false) count; `title`,
/// `description` and `$schema` are ignored; any other keyword is refused, because an author would
/// rely on it.
struct ConfigSchema: Hashable, Sendable {
    enum Kind: String, Sendable { case object, array, string, integer, number, boolean }

    private indirect enum Item: Hashable, Sendable {
        case none
        case schema(ConfigSchema)
    }

    private var kind: Kind
    private var properties: [String: ConfigSchema] = [:]
    private var required: [String] = []
    private var allowed: [JSONValue] = []
    private var standard: JSONValue?
    private var item = Item.none
    private var takesOthers = false

    private static let known: Set<String> = [
        "type", "properties", "required", "enum", "default", "items", "additionalProperties",
        "title", "description", "$schema",
    ]

    // MARK: Reading

    init(_ document: JSONValue, at path: String, depth: Int = 0) throws(ProgramFault) {
        guard case .object(let members) = document else {
            throw ProgramFault("\(path) must be an object")
        }
        guard depth < Limits.schemaDepthMax else {
            throw ProgramFault("\(path) is nested more than \(Limits.schemaDepthMax) deep")
        }
        if let other = members.keys.filter({ !Self.known.contains($0) }).sorted().first {
            throw ProgramFault("\(path).\(other) is not understood")
        }
        let name = members["type"]?.stringValue ?? (members["type"] == nil ? "object" : "")
        guard let kind = Kind(rawValue: name) else {
            throw ProgramFault(
                "\(path).type must be object, array, string, integer, number or boolean")
        }
        self.kind = kind
        try readMembers(members, path, depth)
        allowed = members["enum"]?.arrayValue ?? []
        standard = members["default"]
        takesOthers = members["additionalProperties"]?.boolValue ?? false
        if let standard, let problem = problems(in: standard, at: "default").first {
            throw ProgramFault("\(path).\(problem.path) \(problem.message)")
        }
    }

    private mutating func readMembers(
        _ members: [String: JSONValue], _ path: String, _ depth: Int
    ) throws(ProgramFault) {
        if let value = members["properties"] {
            guard case .object(let map) = value else {
                throw ProgramFault("\(path).properties must be an object")
            }
            for (name, schema) in map {
                properties[name] = try ConfigSchema(
                    schema, at: "\(path).properties.\(name)", depth: depth + 1)
            }
        }
        if let items = members["items"] {
            item = .schema(try ConfigSchema(items, at: "\(path).items", depth: depth + 1))
        }
        for name in members["required"]?.arrayValue ?? [] {
            guard let name = name.stringValue, properties[name] != nil else {
                throw ProgramFault("\(path).required must list names of properties")
            }
            required.append(name)
        }
    }

    // MARK: Judging

    /// Returns the faults of a value, each at its own path below `path`.
    func problems(in value: JSONValue, at path: String) -> [DefinitionProblem] {
        guard isOfKind(value) else {
            return [
                DefinitionProblem(
                    path, "expected \(Self.article(kind)), found \(Self.name(value))")
            ]
        }
        if !allowed.isEmpty, !allowed.contains(value) {
            let list = allowed.map { Self.text($0) }.joined(separator: ", ")
            return [DefinitionProblem(path, "\(Self.text(value)) is not one of \(list)")]
        }
        switch value {
        case .object(let members): return problems(inMembers: members, at: path)
        case .array(let elements):
            guard case .schema(let schema) = item else { return [] }
            return elements.enumerated().flatMap {
                schema.problems(in: $1, at: "\(path)[\($0)]")
            }
        default: return []
        }
    }

    private func problems(inMembers members: [String: JSONValue], at path: String)
        -> [DefinitionProblem]
    {
        var problems: [DefinitionProblem] = []
        for name in required where members[name] == nil {
            problems.append(DefinitionProblem("\(path).\(name)", "is required"))
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let schema = properties[name] {
                problems += schema.problems(in: value, at: "\(path).\(name)")
            } else if !takesOthers {
                let names = properties.keys.sorted().joined(separator: ", ")
                problems.append(
                    DefinitionProblem(
                        "\(path).\(name)",
                        names.isEmpty ? "unknown key" : "unknown key (known are \(names))"))
            }
        }
        return problems
    }

    /// Returns the value with defaults for its missing members.
    func filled(_ value: JSONValue) -> JSONValue {
        guard case .object(var members) = value else { return value }
        for (name, schema) in properties {
            if let given = members[name] {
                members[name] = schema.filled(given)
            } else if let standard = schema.standard {
                members[name] = standard
            }
        }
        return .object(members)
    }

    private func isOfKind(_ value: JSONValue) -> Bool {
        switch (kind, value) {
        case (.object, .object), (.array, .array), (.string, .string), (.integer, .integer),
            (.number, .integer), (.number, .double), (.boolean, .bool):
            true
        default: false
        }
    }

    private static func article(_ kind: Kind) -> String {
        switch kind {
        case .object, .array, .integer: "an \(kind.rawValue)"
        default: "a \(kind.rawValue)"
        }
    }

    private static func name(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .unsigned, .double: "the number \(text(value))"
        case .string: "the string \(text(value))"
        case .array: "an array"
        case .object: "an object"
        }
    }

    private static func text(_ value: JSONValue) -> String {
        let text = String(decoding: JSONWriter.encode(value), as: UTF8.self)
        return text.count <= 60 ? text : "\(text.prefix(60))…"
    }
}
