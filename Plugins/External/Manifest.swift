import Wire

/// The description of a program in its `hello`.
struct Manifest: Hashable, Sendable {
    struct Command: Hashable, Sendable {
        var name: String
        var synopsis: String
    }

    struct Kind: Hashable, Sendable {
        var name: String
        var schema: ConfigSchema
    }

    var name: String
    var version: String
    var checks: [Kind]
    var handlers: [Kind]
    var commands: [Command]

    /// Parses a `hello`. Throws a sentence that names the fault.
    init(_ document: JSONValue) throws(ProgramFault) {
        guard let version = document["protocol"]?.integerValue else {
            throw ProgramFault("its hello does not name its protocol")
        }
        guard version == AgentMessage.version else {
            throw ProgramFault(
                "it speaks protocol \(version), this agent speaks \(AgentMessage.version)")
        }
        name = try Self.word(document["name"], "name")
        self.version = try Self.word(document["version"], "version")
        checks = try Self.kinds(document["checks"], "checks")
        handlers = try Self.kinds(document["handlers"], "handlers")
        commands = try Self.commands(document["commands"])
        guard checks.count + handlers.count + commands.count <= Limits.kindsMax else {
            throw ProgramFault("it provides more than \(Limits.kindsMax) kinds")
        }
        if checks.isEmpty, handlers.isEmpty, commands.isEmpty {
            throw ProgramFault("it provides no check type, no handler kind and no command")
        }
    }

    /// The value of `PluginStatus.provides`.
    var provides: [String] {
        checks.map { "check:\($0.name)" } + handlers.map { "handler:\($0.name)" }
            + commands.map { "command:\($0.name)" }
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

    private static func commands(_ value: JSONValue?) throws(ProgramFault) -> [Command] {
        guard let value, value != .null else { return [] }
        guard let list = value.arrayValue else {
            throw ProgramFault("its commands must be a list")
        }
        var commands: [Command] = []
        for (index, entry) in list.enumerated() {
            let name = try word(entry["name"], "commands[\(index)].name")
            guard !name.hasPrefix("-") else {
                throw ProgramFault("its command \(name) begins with a dash, as a flag does")
            }
            if commands.contains(where: { $0.name == name }) {
                throw ProgramFault("its commands name \(name) twice")
            }
            let synopsis = entry["synopsis"]?.stringValue ?? ""
            guard synopsis.utf8.count <= Limits.synopsisBytesMax,
                synopsis.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
            else {
                throw ProgramFault(
                    "the synopsis of \(name) must be one line of at most "
                        + "\(Limits.synopsisBytesMax) printable ASCII characters")
            }
            commands.append(Command(name: name, synopsis: synopsis))
        }
        return commands
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
