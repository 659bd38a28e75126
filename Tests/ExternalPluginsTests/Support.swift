import ConsulModel
import Glibc
import PluginAPI
import PluginKit
import Primitives
import Synchronization
import TestKit
import Testing
import Wire

@testable import ConsulAgent
@testable import ExternalPlugins

/// A folder of its own, removed with the last reference.
final class TempFolder: Sendable {
    private let folder: TestFolder
    var path: String { folder.path }

    init() throws { folder = try TestFolder("plugins") }

    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) -> String {
        let file = "\(path)/\(name)"
        // A new file each time: a running one cannot be written to.
        unlink(file)
        let stream = fopen(file, "w")
        fputs(text, stream)
        fclose(stream)
        chmod(file, mode)
        return file
    }

    func program(_ name: String, _ text: String) -> ProgramFile {
        let path = write(name, "#!/bin/sh\n\(text)\n", mode: 0o755)
        return ProgramFile(path: path, stamp: "\(text.hashValue)")
    }

    func read(_ name: String) -> String {
        guard let stream = fopen("\(path)/\(name)", "r") else { return "" }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}

/// Returns the answer to `hello` of these tests' programs.
func helloLine(_ kind: String, protocol version: Int = 1) -> String {
    """
    echo '{"type":"hello","protocol":\(version),"name":"\(kind)","version":"1.2",\
    "checks":[{"type":"\(kind)","config":{"properties":{"mode":{"type":"string",\
    "default":"plain"}}}}]}'
    """
}

/// Returns a program that sends its `hello` and then handles each line by the given branches of a
/// `case`.
func script(_ kind: String, _ branches: String) -> String {
    """
    echo $$ >"$0.pid"
    id() { printf '%s\\n' "$1" | sed 's/^{"type":"[a-z]*","id":\\([0-9]*\\).*/\\1/'; }
    result() {
      printf '{"type":"result","id":%s,"status":"%s","output":"%s"}\\n' "$1" "$2" "$3"
    }
    while IFS= read -r line; do
      case "$line" in
      '{"type":"hello",'*) \(helloLine(kind)) ;;
      \(branches)
      '{"type":"shutdown"'*) exit 0 ;;
      esac
    done
    """
}

let goodBranch = """
    '{"type":"probe",'*) result "$(id "$line")" passing fine ;;
    """

/// The programs under test, with their lines in the log.
final class Bench: Sendable {
    let folder: TempFolder
    let programs: PluginPrograms
    private let lines = Lines()

    final class Lines: Sendable {
        let value = Mutex<[String]>([])
    }

    init(_ change: (inout PluginTimes) -> Void = { _ in }) throws {
        folder = try TempFolder()
        var times = PluginTimes()
        times.handshake = .seconds(10)
        times.backoffMin = .milliseconds(20)
        times.backoffMax = .milliseconds(100)
        times.shutdown = .milliseconds(500)
        change(&times)
        programs = PluginPrograms(
            PluginDependencies(
                processes: RealProcesses(), clock: RealClock(), agentVersion: "9.9",
                times: times
            ) { [lines] level, _, text in
                lines.value.withLock { $0.append("\(level.rawValue) \(text)") }
            })
    }

    var log: [String] { lines.value.withLock { $0 } }

    func load(_ files: [ProgramFile], builtIn: [Plugin] = []) async throws -> PluginRegistry {
        let selection = await programs.prepare(files, builtIn: builtIn)
        await programs.release(programs.install(selection))
        return try PluginRegistry(builtIn + selection.plugins)
    }

    func probe(
        _ kind: String, _ registry: PluginRegistry, config: [String: JSONValue] = [:],
        timeout: GoDuration = .seconds(10)
    ) async throws -> CheckObservation {
        var definition = CheckDefinition()
        definition.type = kind
        definition.config = config
        definition.interval = .seconds(1)
        let made = try registry.checkType(for: definition)
            .make(definition, in: Scripted().context(id: "c1"))
        guard case .polled(let check) = made else {
            Issue.record("not a polled check")
            return CheckObservation(.critical, "")
        }
        return await check.probe(timeout: timeout)
    }

    func status(_ index: Int = 0) -> PluginStatus { programs.statuses[index] }

    /// Returns the process ID that a program wrote to its file; 0 before.
    func pid(of file: ProgramFile) -> Int32 {
        let name = file.path.split(separator: "/").last ?? ""
        let text = folder.read("\(name).pid")
        return Int32(text.filter { $0.isNumber }) ?? 0
    }
}

func isAlive(_ pid: Int32) -> Bool { pid > 0 && kill(pid, 0) == 0 }

func openDescriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
}
