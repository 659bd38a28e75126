import ConsulModel
import Glibc
import Platform
import PluginAPI

/// Installs and removes completion (`-autocomplete-install` and `-autocomplete-uninstall`) for the
/// shells in use: bash and zsh if their start files exist, and fish if it has a configuration
/// folder.
enum CompletionInstall {
    /// The completion text of one shell and its file.
    private enum Shell {
        /// Lines in a start file that has others.
        case lines(file: String, text: String)
        /// A separate file in a folder of the shell, which may not exist yet.
        case ownFile(folder: String, text: String)
    }

    /// - Returns: the exit code.
    static func change(installs: Bool, removes: Bool, _ console: Console) -> Int32 {
        guard installs != removes else {
            return fail(
                "Either the autocomplete install or uninstall flag may be specified, but not both.",
                console)
        }
        let shells = shells()
        guard !shells.isEmpty else { return fail("Did not find any shells to install", console) }
        var problems: [String] = []
        for shell in shells {
            do throws(FileError) {
                if let problem = installs ? try install(shell) : try remove(shell) {
                    problems.append(problem)
                }
            } catch {
                problems.append("\(error)")
            }
        }
        guard !problems.isEmpty else { return 0 }
        return fail(ErrorText.list(problems), console)
    }

    private static func fail(_ reason: String, _ console: Console) -> Int32 {
        console.error("Error executing CLI: \(reason)")
        return 1
    }

    private static func shells() -> [Shell] {
        let home = variable("HOME") ?? ""
        let program = self.program
        var shells: [Shell] = []
        let bash = [".bashrc", ".bash_profile", ".bash_login", ".profile"]
            .map { "\(home)/\($0)" }.first { Files.exists($0) }
        if let bash { shells.append(.lines(file: bash, text: "complete -C \(program) consul")) }
        let zsh = "\(home)/.zshrc"
        if Files.exists(zsh) {
            shells.append(
                .lines(
                    file: zsh,
                    text: "autoload -U +X bashcompinit && bashcompinit\n"
                        + "complete -o nospace -C \(program) consul"))
        }
        let fish = (variable("XDG_CONFIG_HOME") ?? "\(home)/.config") + "/fish"
        if Files.isDirectory(fish) {
            shells.append(.ownFile(folder: fish, text: fishText(program)))
        }
        return shells
    }

    /// The function for fish, which calls a function and does not set `COMP_LINE` by itself. A line
    /// that ends between two words ends with a space.
    private static func fishText(_ program: String) -> String {
        """
        # Written by consul -autocomplete-install.
        function __consul_completions
            set --local --export COMP_LINE (commandline --cut-at-cursor --current-process)
            if test -z (commandline --cut-at-cursor --current-token)
                set COMP_LINE "$COMP_LINE "
            end
            \(program)
        end
        complete --command consul --no-files --arguments "(__consul_completions)"

        """
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else {
            return nil
        }
        return value
    }

    /// The path by which the shell starts this program.
    private static var program: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        guard count > 0 else { return "consul" }
        return String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func ownFile(in folder: String) -> String { "\(folder)/completions/consul.fish" }

    /// - Returns: the reason for not installing; nil after success.
    private static func install(_ shell: Shell) throws(FileError) -> String? {
        switch shell {
        case .lines(let file, let text):
            if try contents(file).contains(text) { return "already installed in \(file)" }
            try write(file, text + "\n", O_APPEND)
        case .ownFile(let folder, let text):
            let file = ownFile(in: folder)
            if Files.exists(file) { return "already installed at \(file)" }
            try Files.makeDirectory("\(folder)/completions")
            try write(file, text, O_CREAT | O_EXCL)
        }
        return nil
    }

    private static func remove(_ shell: Shell) throws(FileError) -> String? {
        switch shell {
        case .lines(let file, let added):
            let text = try contents(file)
            guard let place = text.firstRange(of: added + "\n") ?? text.firstRange(of: added) else {
                return "does not installed in \(file)"
            }
            // Writes into the same file, since it may be the target of a link.
            try write(file, String(text[..<place.lowerBound] + text[place.upperBound...]), O_TRUNC)
        case .ownFile(let folder, _):
            let file = ownFile(in: folder)
            guard Files.exists(file) else { return "does not installed in \(folder)" }
            try Files.remove(file)
        }
        return nil
    }

    private static func contents(_ file: String) throws(FileError) -> String {
        String(decoding: try Files.read(file, limit: 16 << 20), as: UTF8.self)
    }

    private static func write(_ file: String, _ text: String, _ mode: Int32) throws(FileError) {
        let descriptor = open(file, O_WRONLY | O_CLOEXEC | mode, 0o644)
        guard descriptor >= 0 else { throw FileError("open", file, code: errno) }
        defer { close(descriptor) }
        let code = Files.writeAll(descriptor, Array(text.utf8))
        guard code == 0 else { throw FileError("write", file, code: code) }
    }
}
