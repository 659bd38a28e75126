import CheckAlias
import CheckDocker
import CheckHTTP
import CheckOSService
import CheckScript
import CheckTCP
import CheckTTL
import CheckUDP
import ExecHelper
import HandlerHTTP
import HandlerScript
import LockHelper
package import PluginAPI

/// Lists the built-in plugins. The agent and the command table receive the list; no plugin
/// registers itself. A plugin that is not in the list adds neither checks nor commands.
package enum StandardPlugins {
    package static let version = "1.0.0"

    /// Returns the list.
    /// - Parameters:
    ///   - shell: runs command lines: of handlers, of `consul lock` and of `consul exec`.
    ///   - dockerSocket: path of Docker's socket.
    package static func all(
        shell: String = "/bin/sh", dockerSocket: String = "/var/run/docker.sock"
    ) -> [Plugin] {
        [
            plugin("check-script", .checkType(ScriptCheckType())),
            plugin("check-http", .checkType(HTTPCheckType())),
            plugin("check-tcp", .checkType(TCPCheckType())),
            plugin("check-udp", .checkType(UDPCheckType())),
            plugin("check-ttl", .checkType(TTLCheckType())),
            plugin("check-alias", .checkType(AliasCheckType())),
            plugin("check-docker", .checkType(DockerCheckType(socket: dockerSocket))),
            plugin("check-os-service", .checkType(OSServiceCheckType())),
            plugin("handler-script", .handlerKind(ScriptHandlerKind(shell: shell))),
            plugin("handler-http", .handlerKind(HTTPHandlerKind())),
            plugin(
                "exec", .eventResponder(ExecResponder(shell: shell)), .command(ExecCommand())),
            plugin(
                "lock", .command(LockCommand(shell: shell)), .command(LockListCommand()),
                .command(LockShowCommand()), .command(LockBreakCommand())),
        ]
    }

    private static func plugin(_ name: String, _ contributions: Contribution...) -> Plugin {
        Plugin(name: name, version: version, contributions: contributions)
    }
}
