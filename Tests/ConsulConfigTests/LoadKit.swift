import ConsulModel
import Primitives

@testable import ConsulConfig

/// Loads fragments given as texts, with the tests' machine and rules.
func load(
    _ files: [(String, String)], flags: [FlagValue] = [FlagValue("dev")],
    environment: ConfigEnvironment = .test, rules: DefinitionRules = DefinitionRules(),
    scope: ConfigLoader.Scope = .agent
) -> LoadOutcome {
    ConfigLoader.load(
        fragments: files.map { Fragment(path: $0.0, bytes: Array($0.1.utf8)) }, flags: flags,
        environment: environment, rules: rules, scope: scope)
}

/// Returns the lines that `load` would print, or an empty list.
func errors(_ files: [(String, String)], flags: [FlagValue] = [FlagValue("dev")]) -> [String] {
    load(files, flags: flags).errors.map { $0.description }
}

extension ConfigEnvironment {
    static let test = ConfigEnvironment(
        hostName: "host1",
        variable: { ["HOME": "/root", "PORT": "8080", "EMPTY": "", "DC": "East"][$0] },
        readFile: {
            $0 == "secret.txt"
                ? .success(Array("hunter2\n".utf8)) : .failure(ReadProblem("no such file"))
        },
        interfaces: {
            [
                ("lo", "127.0.0.1", 8, true, true), ("eth1", "10.0.0.5", 8, true, false),
                ("eth0", "192.168.1.7", 24, false, false), ("eth0", "fe80::7", 64, false, false),
            ].compactMap { name, text, size, isUp, isLoopback in
                IPAddress(text).map {
                    InterfaceAddress(
                        name, $0, prefixLength: size, isUp: isUp, isLoopback: isLoopback,
                        isDefault: name == "eth1",
                        flags: [isUp ? "up" : "", isLoopback ? "loopback" : "multicast"])
                }
            }
        })
}
