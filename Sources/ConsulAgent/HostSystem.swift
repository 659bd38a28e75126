import ConsulConfig
import Glibc
import Platform
import Primitives

/// Provides the values of the operating system that the configuration uses.
enum HostSystem {
    private static let includedFileBytesMax = 1 << 20

    static var environment: ConfigEnvironment {
        ConfigEnvironment(
            hostName: HostAddresses.hostName(), variable: variable,
            readFile: { path in
                do throws(FileError) {
                    return .success(try Files.read(path, limit: includedFileBytesMax))
                } catch {
                    return .failure(ReadProblem("\(error)"))
                }
            }, interfaces: interfaces)
    }

    @Sendable static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    @Sendable private static func interfaces() -> [InterfaceAddress] {
        let route = HostAddresses.defaultRouteInterface()
        return HostAddresses.all().compactMap { one in
            guard let address = IPAddress(one.text) else { return nil }
            return InterfaceAddress(
                one.interface, address, prefixLength: one.prefixLength, isUp: one.isUp,
                isLoopback: one.isLoopback, isDefault: one.interface == route, flags: one.flags)
        }
    }

    /// Returns the reason why a program cannot be run; nil when it can.
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
