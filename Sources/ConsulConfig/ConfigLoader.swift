import ConsulModel
import Wire

/// The result of loading: the configuration when nothing refuses it, and every fault.
package struct LoadOutcome: Sendable {
    package var config: RuntimeConfig?
    /// Ordered by source; within a file by line.
    package var errors: [ConfigError]
    package var warnings: [ConfigError]
    /// Faults that a start logs and tolerates; empty after a strict load, which counts them among
    /// the errors.
    package var tolerated: [ConfigError] = []
}

/// Merges the sources of the configuration in their order (defaults, `-dev`, fragments as given,
/// flags) and checks the whole. Pure: the caller has read the files, directories in lexical order.
package struct ConfigLoader {
    /// The subject of the check: the configuration of an agent, or fragments by themselves
    /// (`-partial`), which may lack settings that another fragment gives.
    package enum Scope: Sendable { case agent, partial }

    /// The faults that refuse the whole. A start is bootable: it refuses only the faults that
    /// HashiCorp's agent refuses. Everything else is strict.
    package enum Rigour: Sendable { case strict, bootable }

    private var config = RuntimeConfig()
    private var errors: [ConfigError] = []
    private var warnings: [ConfigError] = []
    private let environment: ConfigEnvironment
    /// Paths of unreadable values.
    private var faults: Set<String> = []
    private var isComplete = true
    /// Paths of the present fragment whose texts could not be filled in.
    private var unfilled: [String] = []

    /// - Parameters:
    ///   - fragments: in the order of precedence; later ones win.
    ///   - flags: as typed; flags of the caller (`config-file`) are ignored.
    ///   - isComplete: false when a file could not be read: its settings are not reported as
    ///     missing.
    package static func load(
        fragments: [Fragment], flags: [FlagValue] = [], environment: ConfigEnvironment,
        rules: DefinitionRules = DefinitionRules(), scope: Scope = .agent,
        rigour: Rigour = .strict, isComplete: Bool = true
    ) -> LoadOutcome {
        var loader = ConfigLoader(environment)
        loader.isComplete = isComplete
        loader.applyDev(flags)
        let format = loader.forcedFormat(flags)
        for fragment in fragments { loader.read(fragment, forced: format) }
        for flag in flags where flag.name == "hcl" { loader.readInline(flag.value) }
        for flag in flags { loader.apply(flag) }
        var validation = Validation(
            loader.config, environment: environment, rules: rules, scope: scope,
            faults: loader.faults, isComplete: loader.isComplete)
        validation.run()
        let all = Self.inOrder(loader.errors + validation.errors, of: fragments)
        let isStrict = rigour == .strict || validation.config.node.strictConfig
        let errors = isStrict ? all : all.filter { !$0.isTolerated }
        let tolerated = isStrict ? [] : all.filter { $0.isTolerated }
        if errors.isEmpty { validation.dropHeld() }
        return LoadOutcome(
            config: errors.isEmpty ? validation.config : nil, errors: Self.bounded(errors),
            warnings: Self.bounded(
                Self.inOrder(loader.warnings + validation.warnings, of: fragments)),
            tolerated: Self.bounded(tolerated))
    }

    private init(_ environment: ConfigEnvironment) { self.environment = environment }

    // MARK: Order of the report

    private static func inOrder(_ errors: [ConfigError], of fragments: [Fragment]) -> [ConfigError]
    {
        var ranks: [String: Int] = [:]
        for (rank, fragment) in fragments.enumerated() where ranks[fragment.path] == nil {
            ranks[fragment.path] = rank
        }
        func key(_ error: ConfigError) -> (Int, Int, Int) {
            guard case .file(let position) = error.origin else {
                return (fragments.count + 1, 0, 0)
            }
            return (ranks[position.file] ?? fragments.count, position.line, position.column)
        }
        // Reports an error that two rules found once, and refuses where either does.
        var kept: [ConfigError] = []
        var indices: [ConfigError: Int] = [:]
        for error in errors {
            var identity = error
            identity.isTolerated = false
            if let index = indices[identity] {
                kept[index].isTolerated = kept[index].isTolerated && error.isTolerated
            } else {
                indices[identity] = kept.count
                kept.append(error)
            }
        }
        let keys = kept.map(key)
        let order = kept.indices.sorted { one, other in
            keys[one] == keys[other] ? one < other : keys[one] < keys[other]
        }
        return order.map { kept[$0] }
    }

    private static func bounded(_ errors: [ConfigError]) -> [ConfigError] {
        guard errors.count > Limits.errorsMax else { return errors }
        let rest = errors.count - Limits.errorsMax
        let last = ConfigError(
            .standard, path: "", "and \(rest) more: only \(Limits.errorsMax) are shown")
        return errors.prefix(Limits.errorsMax) + [last]
    }

    // MARK: Flags

    private mutating func applyDev(_ flags: [FlagValue]) {
        guard let flag = flags.last(where: { $0.name == "dev" }) else { return }
        guard let on = Bool(flag: flag.value) else {
            let message = "expected true or false, found \(quoted(flag.value))"
            return errors.append(ConfigError(.flag("dev"), path: "", message))
        }
        guard on else { return }
        config.devMode = true
        for setting in SettingTable.all {
            guard let applyDev = setting.applyDev else { continue }
            applyDev(&config)
            config.note(.dev, for: setting.name)
        }
    }

    private mutating func forcedFormat(_ flags: [FlagValue]) -> FragmentFormat? {
        guard let flag = flags.last(where: { $0.name == "config-format" }) else { return nil }
        if let format = FragmentFormat(rawValue: flag.value) { return format }
        let message = "expected json or yaml, found \(quoted(flag.value))"
        errors.append(ConfigError(.flag(flag.name), path: "", message))
        return nil
    }

    private mutating func apply(_ flag: FlagValue) {
        guard let setting = SettingTable.setting(flag: flag.name) else { return }
        let origin = SourceOrigin.flag(flag.name)
        let before = setting.shown(config)
        if let problem = setting.takeFlag(flag.value, &config) {
            errors.append(ConfigError(origin, path: setting.name, problem))
            return
        }
        note(origin, for: setting, changedFrom: before, keys: nil)
    }

    // MARK: Fragments

    private mutating func read(_ fragment: Fragment, forced: FragmentFormat?) {
        // A known extension determines the format; `-config-format` is for all others.
        let known = FragmentFormat(path: fragment.path)
        guard let format = known == .json || known == .yaml ? known : forced ?? known else {
            warnings.append(
                ConfigError(
                    SourcePosition(file: fragment.path), path: "",
                    "skipped: the extension must be .json, .yaml or .yml "
                        + "(or say -config-format)"))
            return
        }
        guard !fragment.isEmpty else {
            warnings.append(
                ConfigError(
                    SourcePosition(file: fragment.path, line: 1, column: 1), path: "",
                    "the file is empty: it counts as {}"))
            return
        }
        let (root, problems) = FragmentParser.parse(fragment, as: format)
        errors += problems
        guard var root else {
            isComplete = false
            return
        }
        var interpolation = Interpolation(environment)
        interpolation.fill(&root)
        errors += interpolation.errors
        unfilled = interpolation.errors.map { $0.path }
        faults.formUnion(unfilled)
        guard let entries = root.entries else {
            isComplete = false
            let message = "expected a map of settings, found \(root.kindName)"
            return errors.append(ConfigError(root.position, path: "", message))
        }
        read(entries, in: "")
    }

    /// Reads the text of `-hcl`, which Consul reads as JSON too when it begins with a brace.
    private mutating func readInline(_ text: String) {
        guard text.first(where: { !$0.isWhitespace }) == "{" else {
            isComplete = false
            let message = "HCL is not read yet: write the same as JSON, -hcl '{\"server\": true}'"
            return errors.append(ConfigError(.flag("hcl"), path: "", message))
        }
        read(Fragment(path: "-hcl", bytes: Array(text.utf8)), forced: .json)
    }

    private mutating func read(_ entries: [SourceEntry], in section: String) {
        var taken: [[UInt8]: SourcePosition] = [:]
        for entry in entries where !isCommentKey(entry.key) {
            let path = section.isEmpty ? entry.key : "\(section).\(entry.key)"
            if let first = taken.updateValue(entry.position, forKey: Suggestion.fold(entry.key)) {
                let message = "given twice in two spellings (first at \(first))"
                errors.append(ConfigError(entry.position, path: path, message))
                continue
            }
            if case .null = entry.value.content, SettingTable.target(path) != nil { continue }
            if section.isEmpty, readDefinitions(entry) { continue }
            switch SettingTable.target(path) {
            case .setting(let setting): read(setting, from: entry)
            case .section(let name):
                if let inner = entry.value.block {
                    read(inner, in: name)
                } else {
                    let message = "expected a map, found \(entry.value.kindName)"
                    errors.append(ConfigError(entry.value.position, path: path, message))
                }
            case nil:
                let message = Suggestion.unknownKey(
                    entry.key, path: path, known: SettingTable.keys(in: section))
                errors.append(ConfigError(entry.position, path: path, message))
            }
        }
    }

    private mutating func read(_ setting: Setting, from entry: SourceEntry) {
        let before = setting.shown(config)
        let problems = setting.read(entry.value, &config)
        errors += problems
        guard problems.allSatisfy({ $0.isTolerated }) else {
            faults.insert(setting.name)
            return
        }
        note(.file(entry.position), for: setting, changedFrom: before, keys: entry.value.entries)
    }

    /// Records the source of a setting: a scalar's last one, all of a list's, a map's by key.
    private mutating func note(
        _ origin: SourceOrigin, for setting: Setting, changedFrom before: JSONValue,
        keys: [SourceEntry]?
    ) {
        let now = setting.shown(config)
        if case .array = now {
            config.note(origin, for: setting.name)
        } else {
            config.origins[setting.name] = [origin]
        }
        guard case .object(let map) = now else { return }
        for key in map.keys {
            let written = keys?.first { $0.key == key }
            guard written != nil || keys == nil && before[key] != map[key] else { continue }
            config.origins["\(setting.name).\(key)"] = [
                written.map { .file($0.position) } ?? origin
            ]
        }
    }

    // MARK: Definitions

    private mutating func readDefinitions(_ entry: SourceEntry) -> Bool {
        switch String(decoding: Suggestion.fold(entry.key), as: UTF8.self) {
        case "service": placed(entry).map { config.services.append($0) }
        case "services": config.services += placedList(entry)
        case "check": placed(entry).map { config.checks.append($0) }
        case "checks": config.checks += placedList(entry)
        case "watches": config.watches += placedList(entry)
        case "dnsrecords": config.dnsRecords += placedList(entry)
        default: return false
        }
        return true
    }

    private mutating func placed<D>(_ entry: SourceEntry) -> Placed<D>? {
        if case .null = entry.value.content { return nil }
        return placed(entry.value, path: entry.key)
    }

    private mutating func placedList<D>(_ entry: SourceEntry) -> [Placed<D>] {
        if case .null = entry.value.content { return [] }
        guard let nodes = entry.value.elements else {
            let message = "expected a list, found \(entry.value.kindName)"
            errors.append(ConfigError(entry.value.position, path: entry.key, message))
            return []
        }
        return nodes.enumerated().compactMap { placed($1, path: "\(entry.key)[\($0)]") }
    }

    /// A definition with errors is checked further, except for faults that may follow from them.
    private mutating func placed<D>(_ node: SourceNode, path: String) -> Placed<D>? {
        let (definition, problems) = ConfigReader.read(D.self, from: node, path: path)
        errors += problems
        guard node.block != nil else { return nil }
        let faults =
            problems.filter { !$0.isTolerated }.map { $0.path }
            + unfilled.filter { $0.hasPrefix(path) }
        var placed = Placed(
            definition: definition, position: node.position, path: path, node: node, faults: faults)
        placed.tolerated = problems.filter { $0.isTolerated }
            .map { DefinitionProblem($0.path, $0.message, .shows) }
        return placed
    }
}
