package import ConsulConfig
import ConsulDNS
import ConsulModel
import Platform
package import PluginAPI
import Primitives
import Watch

/// The sources of the configuration: files and folders in the order given, and flags. Read again at
/// every reload.
package struct ConfigSources: Sendable {
    /// Bytes of one fragment; a larger one is refused whole.
    private static let fragmentBytesMax = 4 << 20

    package enum Location: Hashable, Sendable {
        case file(String)
        case directory(String)
        /// A file, or all files of a folder: an argument of `consul validate`.
        case either(String)
    }

    package var locations: [Location]
    package var flags: [FlagValue]

    package init(locations: [Location], flags: [FlagValue]) {
        self.locations = locations
        self.flags = flags
    }

    /// Reads, merges and validates all sources.
    /// - Parameter onUnknownType: receives each type of check and handler that no plugin provides,
    ///   which is then no error; nil makes it one.
    package func load(
        registry: PluginRegistry, scope: ConfigLoader.Scope = .agent,
        rigour: ConfigLoader.Rigour = .strict, onUnknownType: (@Sendable (String) -> Void)? = nil
    ) -> LoadOutcome {
        var fragments: [Fragment] = []
        var unreadable: [ConfigError] = []
        var skipped: [ConfigError] = []
        for location in locations { read(location, &fragments, &unreadable, &skipped) }
        var outcome = ConfigLoader.load(
            fragments: fragments, flags: flags, environment: HostSystem.environment,
            rules: Self.rules(registry, onUnknownType), scope: scope, rigour: rigour,
            isComplete: unreadable.isEmpty)
        outcome.warnings = skipped + outcome.warnings
        if !unreadable.isEmpty {
            outcome.errors = unreadable + outcome.errors
            outcome.config = nil
        }
        return outcome
    }

    private func read(
        _ location: Location, _ fragments: inout [Fragment], _ unreadable: inout [ConfigError],
        _ skipped: inout [ConfigError]
    ) {
        switch location {
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

    /// Reads a folder's files in byte order of their names. Skips folders inside, and names that
    /// begin with a dot or end with a tilde; a FIFO or another special file too, with a warning.
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
                    let text = "is skipped: it is \(kind), and only regular files are read"
                    skipped.append(ConfigError(SourcePosition(file: file), path: "", text))
                    continue
                }
                readFile(file, &fragments, &unreadable)
            }
        } catch {
            unreadable.append(
                ConfigError(SourcePosition(file: folder), path: "", "\(error)"))
        }
    }

    private func readFile(
        _ path: String, _ fragments: inout [Fragment], _ unreadable: inout [ConfigError]
    ) {
        do throws(FileError) {
            let bytes = try Files.read(path, limit: Self.fragmentBytesMax)
            fragments.append(Fragment(path: path, bytes: bytes))
        } catch {
            unreadable.append(ConfigError(SourcePosition(file: path), path: "", "\(error)"))
        }
    }

    /// Returns the rules of the plugins, the watch types and the machine for definitions.
    private static func rules(
        _ registry: PluginRegistry, _ onUnknownType: (@Sendable (String) -> Void)?
    ) -> DefinitionRules {
        DefinitionRules(
            checkProblems: { definition in
                if let onUnknownType,
                    case .unknownCheckType(let type) = unknown(definition, registry)
                {
                    onUnknownType("check type \"\(type)\"")
                    return []
                }
                return registry.problems(in: definition)
            },
            watchProblems: { definition in
                let kind = definition.handlerType.isEmpty ? "script" : definition.handlerType
                let handling: [DefinitionProblem]
                if let known = registry.handlerKind(named: kind) {
                    handling = known.problems(in: definition)
                } else if let onUnknownType {
                    onUnknownType("handler type \"\(kind)\"")
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
            handlerProblem: HostSystem.executableProblem)
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
