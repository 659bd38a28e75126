package import ConsulClient
import Glibc
package import PluginAPI

/// The flags of every command that calls an agent, and their environment variables. Flags take
/// precedence.
package enum ClientFlags {
    /// The flags to reach the agent, for calls that it answers by itself.
    package static let agent: [Flag] = [
        Flag(
            "http-addr", .value,
            "The `address` and port of the Consul HTTP agent. The value can be an IP address or "
                + "DNS address, but it must also include the port. This can also be specified via "
                + "the CONSUL_HTTP_ADDR environment variable. The default value is "
                + "http://127.0.0.1:8500. The scheme can also be set to HTTPS by setting the "
                + "environment variable CONSUL_HTTP_SSL=true.",
            type: "value"),
        Flag(
            "token", .value,
            "ACL token to use in the request. This can also be specified via the "
                + "CONSUL_HTTP_TOKEN environment variable. If unspecified, the query will default "
                + "to the token of the Consul agent at the HTTP address.",
            type: "value"),
        Flag(
            "token-file", .value,
            "File containing the ACL token to use in the request instead of one specified via the "
                + "-token argument or CONSUL_HTTP_TOKEN environment variable. This can also be "
                + "specified via the CONSUL_HTTP_TOKEN_FILE environment variable.",
            type: "value"),
        Flag(
            "ca-file", .value,
            "Path to a CA file to use for TLS when communicating with Consul. This can also be "
                + "specified via the CONSUL_CACERT environment variable.",
            type: "value"),
        Flag(
            "ca-path", .value,
            "Path to a directory of CA certificates to use for TLS when communicating with Consul. "
                + "This can also be specified via the CONSUL_CAPATH environment variable.",
            type: "value"),
        Flag(
            "client-cert", .value,
            "Path to a client cert file to use for TLS when 'verify_incoming' is enabled. This can "
                + "also be specified via the CONSUL_CLIENT_CERT environment variable.",
            type: "value"),
        Flag(
            "client-key", .value,
            "Path to a client key file to use for TLS when 'verify_incoming' is enabled. This can "
                + "also be specified via the CONSUL_CLIENT_KEY environment variable.",
            type: "value"),
        Flag(
            "tls-server-name", .value,
            "The server name to use as the SNI host when connecting via TLS. This can also be "
                + "specified via the CONSUL_TLS_SERVER_NAME environment variable.",
            type: "value"),
    ]

    /// The flags for calls that servers answer.
    package static let server: [Flag] =
        agent + [
            Flag(
                "datacenter", .value,
                "Name of the datacenter to query. If unspecified, this will default to the "
                    + "datacenter of the queried agent.",
                type: "value"),
            Flag(
                "stale", .bool,
                "Permit any Consul server (non-leader) to respond to this request. This allows for "
                    + "lower latency and higher throughput, but can result in stale data. This "
                    + "option has no effect on non-read operations. The default value is false.",
                type: "value"),
        ]

    /// The flags for objects that Consul Enterprise keeps in namespaces.
    package static let all: [Flag] =
        server + [
            Flag(
                "namespace", .value,
                "A namespace of Consul Enterprise, such as `default`. An agent without namespaces "
                    + "refuses any.",
                type: "value")
        ]

    /// Makes a client from the flags and the environment.
    package static func client(_ flags: ParsedFlags) throws -> ConsulClient {
        try ConsulClient(settings(flags))
    }

    package static func settings(_ flags: ParsedFlags) -> ConsulClient.Settings {
        var settings = ConsulClient.Settings()
        settings.address = text(flags, "http-addr", "CONSUL_HTTP_ADDR") ?? settings.address
        settings.token = text(flags, "token", "CONSUL_HTTP_TOKEN") ?? ""
        settings.tokenFile = text(flags, "token-file", "CONSUL_HTTP_TOKEN_FILE") ?? ""
        settings.authorityFile = text(flags, "ca-file", "CONSUL_CACERT") ?? ""
        settings.authorityPath = text(flags, "ca-path", "CONSUL_CAPATH") ?? ""
        settings.certificateFile = text(flags, "client-cert", "CONSUL_CLIENT_CERT") ?? ""
        settings.keyFile = text(flags, "client-key", "CONSUL_CLIENT_KEY") ?? ""
        settings.tlsServerName = text(flags, "tls-server-name", "CONSUL_TLS_SERVER_NAME") ?? ""
        settings.basicAuthorization = environment("CONSUL_HTTP_AUTH") ?? ""
        settings.usesTLS = ParsedFlags.bool(environment("CONSUL_HTTP_SSL") ?? "") ?? false
        settings.verifiesTLS =
            ParsedFlags.bool(environment("CONSUL_HTTP_SSL_VERIFY") ?? "") ?? true
        settings.datacenter = flags["datacenter"]
        settings.namespace = text(flags, "namespace", "CONSUL_NAMESPACE") ?? ""
        settings.isStale = flags.isOn("stale")
        return settings
    }

    /// The variables by which a program reaches the same agent as `consul`, if the environment has
    /// none.
    package static var defaults: [String: String] {
        environment("CONSUL_HTTP_ADDR") == nil
            ? ["CONSUL_HTTP_ADDR": ConsulClient.Settings().address] : [:]
    }

    private static func text(_ flags: ParsedFlags, _ flag: String, _ variable: String)
        -> String?
    {
        flags[flag].isEmpty ? environment(variable) : flags[flag]
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}
