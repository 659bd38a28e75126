import ConsulModel
import Primitives
import Testing

@testable import ConsulConfig

/// Fragments of the configuration: the result is a configuration, or errors that name the file and
/// a line of it.
@Suite(.timeLimit(.minutes(60))) struct ConfigFuzzTests {
    private static let words = [
        "services:", "- ", "  ", "&a ", "*a", "<<: *a", "!!int ", "|\n", ">-\n", "? ", "---\n",
        "...\n", "%YAML 1.2\n", "${HOME}", "${file:secret.txt}", "${", "$${", "${X:-y}",
        "\"ports\": ", "{{ GetPrivateIP }}", "{{ GetInterfaceIP \"eth0\" }}", "0x1F", "0o17",
        ".inf", "!<tag:x> ", "# c\n", "\"service\":", "{\"a\":", "[[", "- - - ",
    ]

    private static let environment = ConfigEnvironment(
        hostName: "host1", variable: { ["HOME": "/root", "EMPTY": "", "LONG": "x"][$0] },
        readFile: {
            $0 == "secret.txt" ? .success([0x68, 0x0A]) : .failure(ReadProblem("no such file"))
        },
        interfaces: {
            IPAddress("127.0.0.1").map { [InterfaceAddress("lo", $0, prefixLength: 8)] } ?? []
        })

    private static func fault(in bytes: [UInt8], path: String) -> String? {
        let lines = bytes.count { $0 == 0x0A || $0 == 0x0D || $0 == 0x85 || $0 == 0xA8 } + 1
        for (scope, rigour) in [
            (ConfigLoader.Scope.agent, ConfigLoader.Rigour.strict), (.partial, .strict),
            (.agent, .bootable),
        ] {
            let outcome = ConfigLoader.load(
                fragments: [Fragment(path: path, bytes: bytes)], flags: [FlagValue("dev")],
                environment: environment, scope: scope, rigour: rigour)
            if outcome.config == nil, outcome.errors.isEmpty { return "neither one nor the other" }
            if outcome.config != nil, !outcome.errors.isEmpty { return "both" }
            for error in outcome.errors + outcome.warnings + outcome.tolerated {
                if error.message.isEmpty { return "an error without a word" }
                switch error.origin {
                case .file(let place):
                    guard place.file == path, place.line >= 1, place.column >= 1,
                        place.line <= lines
                    else { return "misplaced (\(lines) lines): \(error)" }
                case .standard where error.message.hasPrefix("and "): break
                case .standard, .dev, .flag: return "without a place: \(error)"
                }
            }
        }
        return nil
    }

    private static func check(_ mutator: Mutator, _ path: String, _ test: String) {
        Fuzz.run("ConfigFuzzTests/\(test)", rounds: 1500) { random in
            let bytes = mutator.input(&random)
            return fault(in: bytes, path: path).map { "\($0)\nof \(Fuzz.shown(bytes))" }
        }
    }

    @Test func json() {
        Self.check(Mutator(Corpus.files("fragment"), words: Self.words), "d/a.json", "json")
    }

    @Test func yaml() {
        Self.check(
            Mutator(Corpus.files("yaml") + Corpus.files("fragment"), words: Self.words), "d/a.yaml",
            "yaml")
    }
}
