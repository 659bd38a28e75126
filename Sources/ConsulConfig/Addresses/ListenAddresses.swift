/// The addresses on which the agent listens and that it advertises, with every template resolved.
package struct ListenAddresses: Sendable, Hashable {
    /// A host and a port, or a Unix socket, on which to listen.
    package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
        case tcp(host: String, port: Int)
        case unix(path: String)

        package var description: String {
            switch self {
            case .tcp(let host, let port):
                host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): "unix://\(path)"
            }
        }
    }

    package var http: [Endpoint] = []
    package var https: [Endpoint] = []
    package var dns: [Endpoint] = []
    package var dnsTLS: [Endpoint] = []
    package var grpc: [Endpoint] = []
    /// The addresses of `client_addr`.
    package var client: [String] = []
    package var bind = ""
    package var advertise = ""
    package var advertiseWAN = ""
    package var serfLAN = ""
    package var serfWAN = ""
    /// `lan`, `lan_ipv4`, `wan` … in the catalog's node.
    package var taggedAddresses: [String: String] = [:]
    init() {}
}
