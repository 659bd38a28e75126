import Glibc
import Platform
import Primitives
import Synchronization
import TestKit
import Wire

/// One entry of `cli.txt`: a line for the shell.
struct CommandLineText: Sendable {
    var mark: String?
    var text: String
}

/// The lists of requests and command lines, in `Scripts`.
enum ScriptFile {
    /// The package's folder.
    static let root = String(#filePath.dropLast("Tests/InteropTests/CommandRun.swift".count))

    /// Returns all lines except empty ones and comments.
    static func lines(_ name: String) throws -> [Substring] {
        let text = try Files.read("\(root)Tests/InteropTests/Scripts/\(name)", limit: 1 << 20)
        return String(decoding: text, as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
    }

    /// A line with an open quote continues in the next one.
    static func commands() throws -> [CommandLineText] {
        var found: [CommandLineText] = []
        var open = ""
        for line in try lines("cli.txt") {
            open += open.isEmpty ? String(line) : "\n\(line)"
            if open.count(where: { $0 == "'" }) % 2 != 0 { continue }
            if let match = open.prefixMatch(of: #/\[([^\]]+)\] /#) {
                found.append(
                    CommandLineText(
                        mark: String(match.output.1),
                        text: String(open[match.range.upperBound...])))
            } else {
                found.append(CommandLineText(mark: nil, text: open))
            }
            open = ""
        }
        return found
    }
}

/// The output and the exit code of a command line, masked.
struct CommandRun: Sendable {
    var line: CommandLineText
    var code: Int32
    var output: String
    var errorOutput: String

    /// False for a line whose answers differ for a reason on the page of differences.
    var isCompared: Bool { ["help-texts", nil].contains(line.mark) }

    static func all(_ program: Program, against agent: PeerAgent, run: String) async throws
        -> [CommandRun]
    {
        let scratch = try Scratch(program, run)
        var found: [CommandRun] = []
        for line in try ScriptFile.commands() {
            found.append(try await one(line, in: scratch, against: agent))
        }
        return found
    }

    /// - Parameter masks: false leaves ports and identities unchanged.
    static func one(
        _ line: CommandLineText, in scratch: Scratch, against agent: PeerAgent, masks: Bool = true
    ) async throws -> CommandRun {
        let run = scratch.run
        var spec = ProcessSpec(["/bin/sh", "-c", line.text])
        spec.environment = .inherited(adding: [
            "PATH": "\(scratch.path)/bin:/usr/local/bin:/usr/bin:/bin", "RUN": run,
            "SCRATCH": scratch.path, "TMPDIR": scratch.temporary,
            "CONSUL_HTTP_ADDR": "127.0.0.1:\(agent.httpPort)",
        ])
        spec.timeout = .seconds(30)
        let texts = Mutex(([UInt8](), [UInt8]()))
        let passing = OutputPassing(
            output: { bytes in texts.withLock { $0.0 += bytes } },
            errorOutput: { bytes in texts.withLock { $0.1 += bytes } })
        let ending = await ProcessRun.run(spec, passing: passing).ending
        let (output, errorOutput) = texts.withLock { $0 }
        let mask = { (bytes: [UInt8]) in
            var text = String(decoding: bytes, as: UTF8.self)
            if !masks { return text }
            for (name, mark) in [(scratch.path, "<scratch>"), (run, "<run>")] {
                text = text.split(separator: name, omittingEmptySubsequences: false)
                    .joined(separator: mark)
            }
            return Masking.masked(text, ports: agent.ports)
        }
        var code: Int32 = -1
        if case .exited(let number) = ending { code = number }
        return CommandRun(
            line: line, code: code, output: ordered(mask(output)), errorOutput: mask(errorOutput))
    }

    /// Formats JSON with its keys in one order: Consul's own client has another order than its API.
    private static func ordered(_ text: String) -> String {
        guard text.hasPrefix("{") || text.hasPrefix("["),
            let value = try? JSONReader.decode(JSONValue.self, from: Array(text.utf8))
        else { return text }
        return String(decoding: JSONWriter.encode(value), as: UTF8.self)
    }
}

/// The folder of one run: the program under the name `consul`, and the files that the lines write.
struct Scratch {
    /// The value of `$RUN`.
    let run: String
    private let folder: TestFolder
    var path: String { folder.path }
    /// The folder for temporary files of the programs.
    var temporary: String { "\(path)/tmp" }

    init(_ program: Program, _ run: String) throws {
        self.run = run
        folder = try TestFolder(run)
        guard mkdir("\(path)/bin", 0o700) == 0, mkdir(temporary, 0o700) == 0,
            symlink(program.path, "\(path)/bin/consul") == 0
        else { throw PeerError(description: "cannot make \(path)/bin") }
    }

    func remove() { TestFolder.remove(path) }
}
