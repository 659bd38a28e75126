package import ConsulConfig
import ConsulDNS
import ConsulModel
import Platform
package import PluginAPI
import Primitives
import Watch

/// Where the configuration comes from: files and folders in the order given, and flags. Read anew
/// at every reload.
package struct ConfigSources: Sendable {
    /// Bytes of one fragment; a larger one is refused whole.
    private static let fragmentBytesMax = 4 << 20

    package enum Place: Hashable, Sendable {
        case file(String)
        case directory(String)
        /// A file, or all files of a folder: what `consul validate` is given.
        case either(String)
    }

    package var places: [Place]
    package var flags: [FlagValue]

    package init(places: [Place], flags: [FlagValue]) {
        self.places = places
        self.flags = flags
    }

    /// Reads, merges and judges everything.
    /// - Parameter passingOver: told of each type of check and handler that no plugin provides,
    ///   which is then no error; nil makes it one.
    package func load(
        registry: PluginRegistry, scope: ConfigLoader.Scope = .agent,
        rigour: ConfigLoader.Rigour = .strict, passingOver: (@Sendable (String) -> Void)? = nil
    ) -> LoadOutcome {
        var fragments: [Fragment] = []
        var unreadable: [ConfigError] = []
        var skipped: [ConfigError] = []
        for place in places { read(place, &fragments, &unreadable, &skipped) }
        var outcome = ConfigLoader.load(
            fragments: fragments, flags: flags, environment: Machine.environment,
            rules: Self.rules(registry, passingOver), scope: scope, rigour: rigour,
            isComplete: unreadable.isEmpty)
        outcome.warnings = skipped + outcome.warnings
        if !unreadable.isEmpty {
            outcome.errors = unreadable + outcome.errors
            outcome.config = nil
        }
        return outcome
    }

    private func read(
        _ place: Place, _ fragments: inout [Fragment], _ unreadable: inout [ConfigError],
        _ skipped: inout [ConfigError]
    ) {
        switch place {
        case .file(let path): readFile(path, &fragments, &unreadable)
        case .directory(let path): readDirectory(path, &fragments, &unreadable, &skipped)
        case .either(let path):
            if Files.isDirectory(path) {
                readDirectory(path, &fragments, &unreadable, &skipped)
            } else {
                readFile(path, &fragments, &unreadable)
            }
        }
    }

    /// In byte order of the names. Folders inside, and names that begin with a dot or end with a
    /// tilde, are passed over; a FIFO or another special file too, with a warning.
    private func readDirectory(
        _ path: String, _ fragments: inout [Fragment], _ unreadable: inout [ConfigError],
        _ skipped: inout [ConfigError]
    ) {
        let folder = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
        do throws(FileError) {
            for name in try Files.list(folder) {
                let file = "\(folder)/\(name)"
                if name.hasPrefix(".") || name.hasSuffix("~") || Files.isDirectory(file) {
                    continue
                }
                if let kind = Files.specialKind(file) {
                    let text = "is passed over: it is \(kind), and only regular files are read"
                    skipped.append(ConfigError(SourcePlace(file: file), path: "", text))
                    continue
                }
                readFile(file, &fragments, &unreadable)
            }
        } catch {
            unreadable.append(
                ConfigError(SourcePlace(file: folder), path: "", "\(error)"))
        }
    }

    private func readFile(
        _ path: String, _ fragments: inout [Fragment], _ unreadable: inout [ConfigError]
    ) {
        do throws(FileError) {
            let bytes = try Files.read(path, limit: Self.fragmentBytesMax)
            fragments.append(Fragment(path: path, bytes: bytes))
        } catch {
            unreadable.append(ConfigError(SourcePlace(file: path), path: "", "\(error)"))
        }
    }

    /// What the plugins, the watch types and the machine say about definitions.
    private static func rules(
        _ registry: PluginRegistry, _ passingOver: (@Sendable (String) -> Void)?
    ) -> DefinitionRules {
        DefinitionRules(
            checkProblems: { definition in
                if let passingOver, case .unknownCheckType(let type) = unknown(definition, registry)
                {
                    passingOver("check type \"\(type)\"")
                    return []
                }
                return registry.problems(in: definition)
            },
            watchProblems: { definition in
                let kind = definition.handlerType.isEmpty ? "script" : definition.handlerType
                let handling: [DefinitionProblem]
                if let known = registry.handlerKind(named: kind) {
                    handling = known.problems(in: definition)
                } else if let passingOver {
                    passingOver("handler type \"\(kind)\"")
                    handling = []
                } else {
                    handling = [
                        DefinitionProblem(
                            "handler_type", "Handler type '\(kind)' not recognized")
                    ]
                }
                return WatchRules.problems(in: definition) + handling
            },
            dnsRecordProblems: { StaticRecords.problems(in: $0, domain: $1) },
            handlerProblem: Machine.executableProblem)
    }

    private static func unknown(_ definition: CheckDefinition, _ registry: PluginRegistry)
        -> PluginAPIError?
    {
        do throws(PluginAPIError) {
            _ = try registry.checkType(for: definition)
            return nil
        } catch {
            return error
        }
    }
}
