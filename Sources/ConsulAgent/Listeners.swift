package import ConsulConfig
import ConsulHTTP
import HTTPTransport
import Logging
import NIOCore
import NIOPosix
import Platform
import Primitives

/// Opens the API's listeners: HTTP and HTTPS, on TCP and unix sockets.
package enum Listeners {
    static func start(
        _ config: RuntimeConfig, handler: any HTTPHandler, on group: any EventLoopGroup,
        logger: Logger
    ) async throws(ConsulAgentError) -> [HTTPServer] {
        var servers: [HTTPServer] = []
        do {
            for (endpoints, tls) in try plan(config) where !endpoints.isEmpty {
                let listeners = try endpoints.map { try listener($0, config) }
                servers.append(
                    try await HTTPServer.start(
                        listeners: listeners, tls: tls, handler: handler, limits: limits(config),
                        on: group, logger: logger))
            }
        } catch {
            for server in servers { await server.stop() }
            throw .start("\(error)")
        }
        return servers
    }

    private static func plan(_ config: RuntimeConfig) throws
        -> [(endpoints: [ListenAddresses.Endpoint], tls: TLSSettings?)]
    {
        [(config.listen.http, nil), (config.listen.https, tls(config))]
    }

    private static func listener(_ endpoint: ListenAddresses.Endpoint, _ config: RuntimeConfig)
        throws(ConsulAgentError) -> HTTPListener
    {
        switch endpoint {
        case .tcp(let host, let port): return .tcp(host: host, port: port)
        case .unix(let path):
            let sockets = config.addresses
            let owner = sockets.unixSocketUser
            let group = sockets.unixSocketGroup
            let user = owner.isEmpty ? nil : Accounts.user(owner)?.user
            let groupID = group.isEmpty ? nil : Accounts.group(group)
            if !owner.isEmpty, user == nil {
                throw .start("unix_sockets.user: there is no user \(owner)")
            }
            if !group.isEmpty, groupID == nil {
                throw .start("unix_sockets.group: there is no group \(group)")
            }
            return .unix(
                path: path, mode: UInt32(sockets.unixSocketMode, radix: 8), user: user,
                group: groupID)
        }
    }

    private static var temporaryFolder: String { HostSystem.variable("TMPDIR") ?? "/tmp" }

    private static func limits(_ config: RuntimeConfig) -> HTTPServerLimits {
        let settings = config.limits
        var limits = HTTPServerLimits()
        limits.connectionsPerClient = settings.httpMaxConnectionsPerClient
        limits.handshakeTimeout = settings.httpsHandshakeTimeout
        limits.connections = min(limits.connections, DescriptorLimit.forConnections)
        BodyLimits(
            valueBytesMax: settings.kvMaxValueSize,
            transactionBytesMax: settings.txnMaxRequestLength,
            archiveFolder: config.node.dataDir.isEmpty ? temporaryFolder : config.node.dataDir
        ).apply(to: &limits)
        return limits
    }

    /// Returns the agent's own certificate for its servers.
    static func tls(_ config: RuntimeConfig) -> TLSSettings {
        var tls = TLSSettings()
        tls.certificateFile = config.tls.certificateFile.isEmpty ? nil : config.tls.certificateFile
        tls.keyFile = config.tls.keyFile.isEmpty ? nil : config.tls.keyFile
        tls.authorityFile = config.tls.authorityFile.isEmpty ? nil : config.tls.authorityFile
        tls.authorityPath = config.tls.authorityPath.isEmpty ? nil : config.tls.authorityPath
        tls.minimumVersion = config.tls.minimumVersion
        tls.verifiesIncoming = config.tls.verifyIncoming || config.tls.verifyIncomingHTTPS
        return tls
    }

    // MARK: For `consul validate`

    /// Returns the faults of the TLS files: unreadable, not PEM, key and certificate that do not
    /// match.
    package static func tlsProblems(_ config: RuntimeConfig) -> [ConfigError] {
        let isUsed =
            !config.listen.https.isEmpty || !config.listen.dnsTLS.isEmpty
            || !config.tls.certificateFile.isEmpty
        guard isUsed else { return [] }
        do throws(TLSError) {
            _ = try tls(config).serverContext()
            return []
        } catch {
            return [ConfigError(.standard, path: "cert_file", "\(error)")]
        }
    }

    /// Returns the configured addresses on which another process already listens.
    package static func occupiedPorts(_ config: RuntimeConfig) async -> [ConfigError] {
        let listen = config.listen
        var problems: [ConfigError] = []
        for endpoint in listen.http + listen.https + listen.dns + listen.dnsTLS {
            guard case .tcp(let host, let port) = endpoint else { continue }
            if let reason = await occupation(of: endpoint, host, port, isUDP: false) {
                problems.append(reason)
            }
        }
        for endpoint in listen.dns {
            guard case .tcp(let host, let port) = endpoint else { continue }
            if let reason = await occupation(of: endpoint, host, port, isUDP: true) {
                problems.append(reason)
            }
        }
        return problems
    }

    private static func occupation(
        of endpoint: ListenAddresses.Endpoint, _ host: String, _ port: Int, isUDP: Bool
    ) async -> ConfigError? {
        let group = MultiThreadedEventLoopGroup.singleton
        do {
            let channel: any Channel
            if isUDP {
                channel = try await DatagramBootstrap(group: group).bind(host: host, port: port)
                    .get()
            } else {
                channel = try await ServerBootstrap(group: group)
                    .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: host, port: port).get()
            }
            try await channel.close()
            return nil
        } catch {
            let network = isUDP ? " (udp)" : ""
            return ConfigError(
                .standard, path: "ports", "cannot listen on \(endpoint)\(network): \(error)")
        }
    }
}
