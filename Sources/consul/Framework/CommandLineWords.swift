/// A command line, parsed as Consul does: `-h` and `--help` request help anywhere before a `--`,
/// and the command is the longest row of words, from the first that is not a flag, that names one.
struct CommandLineWords: Sendable {
    /// Empty without a word; a single unknown word if there is no such command.
    private(set) var path: [String] = []
    private(set) var arguments: [String] = []
    private(set) var wantsHelp = false
    private(set) var wantsVersion = false
    private(set) var installsCompletion = false
    private(set) var removesCompletion = false
    /// True if flags precede the command, where none are allowed.
    private(set) var hasFlagsBefore = false

    /// - Parameter commands: the words of each command and group.
    init(_ words: [String], commands: [[String]]) {
        for (index, word) in words.enumerated() {
            if word == "--" { break }
            switch word {
            case "-h", "-help", "--help": wantsHelp = true
            case "-autocomplete-install", "--autocomplete-install": installsCompletion = true
            case "-autocomplete-uninstall", "--autocomplete-uninstall": removesCompletion = true
            case "-v", "-version", "--version": if path.isEmpty { wantsVersion = true }
            default:
                guard path.isEmpty else { continue }
                if word.hasPrefix("-") {
                    hasFlagsBefore = true
                } else {
                    let rest = Array(words[index...])
                    path =
                        commands.filter { rest.starts(with: $0) }
                        .max { $0.count < $1.count } ?? [word]
                    arguments = Array(rest.dropFirst(path.count))
                }
            }
        }
    }
}
