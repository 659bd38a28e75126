import ConsulConfig
import Glibc
import Platform

/// What the configuration may ask of the machine.
enum Machine {
    private static let includedFileBytesMax = 1 << 20

    static var surroundings: ConfigSurroundings {
        ConfigSurroundings(
            hostName: HostAddresses.hostName(), variable: variable,
            readFile: { path in
                do throws(FileError) {
                    return .success(try Files.read(path, limit: includedFileBytesMax))
                } catch {
                    return .failure(ReadProblem("\(error)"))
                }
            }, addresses: addresses)
    }

    @Sendable static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    @Sendable private static func addresses(_ query: AddressQuery) -> [String] {
        let up = HostAddresses.all().filter { $0.isUp && !$0.isLinkLocal }
        let found: [HostAddress]
        switch query {
        case .privateAddresses: found = up.filter { $0.isPrivate && !$0.isLoopback }
        case .publicAddresses: found = up.filter { !$0.isPrivate && !$0.isLoopback }
        case .interface(let name): found = up.filter { $0.interface == name }
        case .all: found = up
        }
        return found.filter { $0.isIPv4 }.map { $0.text }
            + found.filter { !$0.isIPv4 }.map { $0.text }
    }

    /// Why a program cannot be run; nil when it can.
    @Sendable static func executableProblem(_ program: String) -> String? {
        if program.contains("/") {
            if !Files.exists(program) { return "\(program): no such file" }
            if Files.isDirectory(program) { return "\(program) is a folder" }
            return Files.isExecutable(program)
                ? nil : "\(program) is not executable (chmod +x \(program))"
        }
        let folders = (variable("PATH") ?? "/usr/bin:/bin").split(separator: ":")
        let isFound = folders.contains { Files.isExecutable("\($0)/\(program)") }
        return isFound ? nil : "\(program) is not found in PATH"
    }

    static var shell: String {
        let shell = variable("SHELL") ?? ""
        return shell.isEmpty ? "/bin/sh" : shell
    }
}
