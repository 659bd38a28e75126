package import ConsulConfig
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
    package func load(registry: PluginRegistry, scope: ConfigLoader.Scope = .agent)
        -> LoadOutcome
    {
        var fragments: [Fragment] = []
        var unreadable: [ConfigError] = []
        for place in places { read(place, &fragments, &unreadable) }
        var outcome = ConfigLoader.load(
            fragments: fragments, flags: flags, surroundings: Machine.surroundings,
            rules: Self.rules(registry), scope: scope)
        if !unreadable.isEmpty {
            outcome.errors = unreadable + outcome.errors
            outcome.config = nil
        }
        return outcome
    }

    private func read(
        _ place: Place, _ fragments: inout [Fragment], _ unreadable: inout [ConfigError]
    ) {
        switch place {
        case .file(let path): readFile(path, &fragments, &unreadable)
        case .directory(let path): readDirectory(path, &fragments, &unreadable)
        case .either(let path):
            if Files.isDirectory(path) {
                readDirectory(path, &fragments, &unreadable)
            } else {
                readFile(path, &fragments, &unreadable)
            }
        }
    }

    /// In byte order of the names. Folders inside, and names that begin with a dot or end with a
    /// tilde, are passed over.
    private func readDirectory(
        _ path: String, _ fragments: inout [Fragment], _ unreadable: inout [ConfigError]
    ) {
        let folder = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
        do throws(FileError) {
            for name in try Files.list(folder) {
                let file = "\(folder)/\(name)"
                if name.hasPrefix(".") || name.hasSuffix("~") || Files.isDirectory(file) { continue }
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
    private static func rules(_ registry: PluginRegistry) -> DefinitionRules {
        DefinitionRules(
            checkProblems: { registry.problems(in: $0) },
            watchProblems: { definition in
                let kind = definition.handlerType.isEmpty ? "script" : definition.handlerType
                let handling =
                    registry.handlerKind(named: kind)?.problems(in: definition)
                    ?? [
                        DefinitionProblem(
                            "handler_type", "Handler type '\(kind)' not recognized")
                    ]
                return WatchRules.problems(in: definition) + handling
            },
            handlerProblem: Machine.executableProblem)
    }
}
