import Wire

/// What a program says of itself in its `hello`.
struct Manifest: Hashable, Sendable {
    struct Kind: Hashable, Sendable {
        var name: String
        var schema: ConfigSchema
    }

    var name: String
    var version: String
    var checks: [Kind]
    var handlers: [Kind]

    /// Throws a sentence on what is wrong with it.
    init(_ document: JSONValue) throws(ProgramFault) {
        guard let version = document["protocol"]?.integerValue else {
            throw ProgramFault("its hello does not say which protocol it speaks")
        }
        guard version == AgentMessage.version else {
            throw ProgramFault(
                "it speaks protocol \(version), this agent speaks \(AgentMessage.version)")
        }
        name = try Self.word(document["name"], "name")
        self.version = try Self.word(document["version"], "version")
        checks = try Self.kinds(document["checks"], "checks")
        handlers = try Self.kinds(document["handlers"], "handlers")
        guard checks.count + handlers.count <= Limits.kindsMax else {
            throw ProgramFault("it provides more than \(Limits.kindsMax) kinds")
        }
        if checks.isEmpty, handlers.isEmpty {
            throw ProgramFault("it provides no check type and no handler kind")
        }
    }

    /// As `PluginStatus.provides` lists them.
    var provides: [String] {
        checks.map { "check:\($0.name)" } + handlers.map { "handler:\($0.name)" }
    }

    private static func word(_ value: JSONValue?, _ what: String) throws(ProgramFault) -> String {
        guard let text = value?.stringValue, !text.isEmpty,
            text.utf8.count <= Limits.nameBytesMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw ProgramFault(
                "its \(what) must be 1 to \(Limits.nameBytesMax) printable ASCII characters "
                    + "without spaces")
        }
        return text
    }

    private static func kinds(_ value: JSONValue?, _ what: String) throws(ProgramFault) -> [Kind] {
        guard let value, value != .null else { return [] }
        guard let list = value.arrayValue else { throw ProgramFault("its \(what) must be a list") }
        var kinds: [Kind] = []
        for (index, entry) in list.enumerated() {
            let name = try word(entry["type"], "\(what)[\(index)].type")
            if kinds.contains(where: { $0.name == name }) {
                throw ProgramFault("its \(what) name \(name) twice")
            }
            do throws(ProgramFault) {
                let schema = try ConfigSchema(entry["config"] ?? .object([:]), at: "config")
                kinds.append(Kind(name: name, schema: schema))
            } catch {
                throw ProgramFault("the schema of \(name) is wrong: \(error)")
            }
        }
        return kinds
    }
}
