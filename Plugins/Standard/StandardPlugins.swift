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
package import PluginAPI

/// What is in the box. A value handed to the agent and to the root command; nothing registers
/// itself.
package enum StandardPlugins {
    package static let version = "1.0.0"

    /// - Parameters:
    ///   - shell: runs `handler` command lines.
    ///   - dockerSocket: path of Docker's socket.
    ///   - helpers: the commands of helper plugins, from who knows their command lines.
    package static func all(
        shell: String = "/bin/sh", dockerSocket: String = "/var/run/docker.sock",
        helpers: [any HelperCommand] = []
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
                "exec", [.eventResponder(ExecResponder(shell: shell))] + commands("exec", helpers)),
        ]
            + helpers.filter { $0.name != "exec" }.map {
                plugin($0.name, .helperCommand($0))
            }
    }

    private static func commands(_ name: String, _ helpers: [any HelperCommand]) -> [Contribution] {
        helpers.filter { $0.name == name }.map { .helperCommand($0) }
    }

    private static func plugin(_ name: String, _ contribution: Contribution) -> Plugin {
        plugin(name, [contribution])
    }

    private static func plugin(_ name: String, _ contributions: [Contribution]) -> Plugin {
        Plugin(name: name, version: version, contributions: contributions)
    }
}
