import Wire

/// One setting of the agent, declared once. Its decoding, its merge, its flag, its value in `-dev`,
/// its effect in a reload, the effective configuration and the documentation follow from this
/// value.
package struct Setting: Sendable {
    /// The path in a fragment: `ports.http`.
    package let name: String
    package let typeName: String
    /// One sentence, also the help text of the flag.
    package let meaning: String
    /// The flag's name without its dash.
    package let flag: String?
    package let flagForm: FlagForm
    /// Whether a reload applies a new value; else it needs a restart.
    package let reloads: Bool
    /// Secrets are never printed.
    package let isSecret: Bool
    /// Understood and stored, but nothing acts on it yet. The agent warns once about those given.
    package let isActedOn: Bool

    /// Merges what a fragment says. Values with errors are not taken over.
    let read: @Sendable (SourceNode, inout RuntimeConfig) -> [ConfigError]
    /// Merges one occurrence of the flag; a message when it cannot be read.
    let takeFlag: @Sendable (String, inout RuntimeConfig) -> String?
    /// Sets `-dev`'s value; nil where that mode changes nothing.
    let applyDev: (@Sendable (inout RuntimeConfig) -> Void)?
    /// Returns the fault of the merged value, if there is one.
    let problem: @Sendable (RuntimeConfig) -> String?
    /// HashiCorp's agent accepts any value here: a start reports a wrong one and uses the default.
    let fallsBack: Bool
    /// Copies the setting's value from one configuration into another.
    let copy: @Sendable (RuntimeConfig, inout RuntimeConfig) -> Void
    /// The value as JSON.
    let shown: @Sendable (RuntimeConfig) -> JSONValue
    /// The default as JSON.
    var standard: JSONValue { shown(Self.defaults) }
    private static let defaults = RuntimeConfig()

    init<T: SettingType>(
        _ name: String, _ path: any WritableKeyPath<RuntimeConfig, T> & Sendable, _ meaning: String,
        flag: String? = nil, dev: T? = nil, reloads: Bool = false, secret: Bool = false,
        isActedOn: Bool = true, fallsBack: Bool = false,
        check: (@Sendable (T) -> String?)? = nil
    ) {
        self.fallsBack = fallsBack
        self.name = name
        self.meaning = meaning
        self.flag = flag
        typeName = T.typeName
        flagForm = T.flagForm
        self.reloads = reloads
        isSecret = secret
        self.isActedOn = isActedOn
        read = { node, config in
            let (value, errors) = ConfigReader.read(T.self, from: node, path: name)
            if errors.allSatisfy({ $0.isTolerated }) { config[keyPath: path].merge(value) }
            return errors
        }
        takeFlag = { text, config in
            guard let value = T(flag: text) else {
                return "expected a \(T.typeName), found \(quoted(text))"
            }
            config[keyPath: path].merge(value)
            return nil
        }
        if let dev {
            applyDev = { config in config[keyPath: path] = dev }
        } else {
            applyDev = nil
        }
        problem = { config in check?(config[keyPath: path]) }
        copy = { from, into in into[keyPath: path] = from[keyPath: path] }
        shown = { config in JSONTree.of(config[keyPath: path]) }
    }

    /// Makes a setting that is stored by its name only, for parts of Consul that do not exist here
    /// yet (`RuntimeConfig.stored`).
    static func later<T: SettingType & Hashable>(
        _ name: String, _ standard: T, _ meaning: String, flag: String? = nil, dev: T? = nil,
        secret: Bool = false, check: (@Sendable (T) -> String?)? = nil
    ) -> Setting {
        Setting(
            name, \RuntimeConfig[stored: StoredSetting(name: name, standard: standard)], meaning,
            flag: flag, dev: dev, secret: secret, isActedOn: false, check: check)
    }
}

/// The name and the default of a setting in `RuntimeConfig.stored`.
package struct StoredSetting<T: SettingType & Hashable>: Hashable, Sendable {
    package var name: String
    package var standard: T
    package init(name: String, standard: T) {
        self.name = name
        self.standard = standard
    }
}

/// Converts any wire value into the tree of its JSON.
enum JSONTree {
    static func of<T: WireValue>(_ value: T) -> JSONValue {
        do {
            return try JSONReader.decode(JSONValue.self, from: JSONWriter.encode(value))
        } catch {
            preconditionFailure("the writer's output was refused by the reader: \(error)")
        }
    }
}

/// Checks that many settings share.
enum SettingChecks {
    static func port(_ value: Int) -> String? { value <= 65535 ? nil : notPort(value) }

    static func notPort(_ value: Int) -> String {
        "\(value) is not a port (1 to 65535, or -1 for none)"
    }

    static func positive(_ value: Int) -> String? {
        value > 0 ? nil : "\(value) must be more than 0"
    }

    static func notNegative(_ value: Int) -> String? {
        value >= 0 ? nil : "\(value) must not be negative"
    }

    static func oneOf(_ words: [String]) -> @Sendable (String) -> String? {
        { value in
            words.contains(value.lowercased())
                ? nil : "\(quoted(value)) is none of \(words.joined(separator: ", "))"
        }
    }
}
