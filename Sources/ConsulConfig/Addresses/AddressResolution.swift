import Primitives

/// Resolves addresses: evaluates templates, splits lists, derives defaults.
extension Validation {
    mutating func resolveAddresses() {
        guard scope == .agent, isComplete else { return }
        let given = config.addresses
        config.listen.client = addresses("client_addr", given.client)
        config.listen.bind = address("bind_addr", given.bind)
        config.listen.http = endpoints("addresses.http", given.http, config.ports.http)
        config.listen.https = endpoints("addresses.https", given.https, config.ports.https)
        config.listen.dns = endpoints("addresses.dns", given.dns, config.ports.dns)
        config.listen.dnsTLS = endpoints(
            "addresses.dns_tls", given.dnsTLS, config.ports.dnsTLS)
        config.listen.grpc = endpoints("addresses.grpc", given.grpc, config.ports.grpc)
        dropListenersWithoutCertificate()
        config.listen.serfLAN =
            given.serfLAN.isEmpty ? config.listen.bind : address("serf_lan", given.serfLAN)
        config.listen.serfWAN =
            given.serfWAN.isEmpty ? config.listen.bind : address("serf_wan", given.serfWAN)
        resolveAdvertised(given)
    }

    private mutating func resolveAdvertised(_ given: AddressSettings) {
        var lan = told("advertise_addr", given.advertise)
        let lan4 = told("advertise_addr_ipv4", given.advertiseIPv4, isIPv6: false)
        let lan6 = told("advertise_addr_ipv6", given.advertiseIPv6, isIPv6: true)
        if lan.isEmpty { lan = lan4.isEmpty ? lan6 : lan4 }
        if lan.isEmpty { lan = advertisedByDefault() }
        var wan = told("advertise_addr_wan", given.advertiseWAN)
        let wan4 = told("advertise_addr_wan_ipv4", given.advertiseWANIPv4, isIPv6: false)
        let wan6 = told("advertise_addr_wan_ipv6", given.advertiseWANIPv6, isIPv6: true)
        if wan.isEmpty { wan = wan4.isEmpty ? wan6 : wan4 }
        if wan.isEmpty { wan = lan }
        config.listen.advertise = lan
        config.listen.advertiseWAN = wan
        var tagged = ["lan": lan, "wan": wan]
        for (tag, address, ip4, ip6) in [("lan", lan, lan4, lan6), ("wan", wan, wan4, wan6)] {
            let isIPv6 = IPAddress(address)?.isIPv6 == true
            let four = ip4.isEmpty && !isIPv6 ? address : ip4
            let six = ip6.isEmpty && isIPv6 ? address : ip6
            if !four.isEmpty { tagged["\(tag)_ipv4"] = four }
            if !six.isEmpty { tagged["\(tag)_ipv6"] = six }
        }
        config.listen.taggedAddresses = tagged.filter { !$0.value.isEmpty }
    }

    /// Returns the bound address, or the machine's only private one of its family.
    private mutating func advertisedByDefault() -> String {
        guard let bound = IPAddress(config.listen.bind) else { return "" }
        guard bound.isUnspecified else { return config.listen.bind }
        let family = bound.isIPv6 ? "IPv6" : "IPv4"
        let found = environment.interfaces().filter {
            $0.isUp && !$0.isLoopback && $0.isForwardable && $0.address.isIPv6 == bound.isIPv6
                && $0.isPrivate != bound.isIPv6
        }.map { $0.text }
        if found.count == 1 { return found[0] }
        let kind = bound.isIPv6 ? "public" : "private"
        refuse(
            "advertise_addr",
            found.isEmpty
                ? "No \(kind) \(family) address found. Please configure 'bind' and/or 'advertise'."
                : "Multiple \(kind) \(family) addresses found (\(found.joined(separator: ", "))). "
                    + "Please configure one with 'bind' and/or 'advertise'.")
        return ""
    }

    private mutating func told(_ name: String, _ text: String, isIPv6: Bool? = nil) -> String {
        guard !text.isEmpty else { return "" }
        let address = address(name, text)
        guard let parsed = IPAddress(address) else { return "" }
        if parsed.isUnspecified {
            refuse(name, "\(address) cannot be advertised: name one address")
            return ""
        }
        if let isIPv6, parsed.isIPv6 != isIPv6 {
            refuse(name, "\(address) is not an \(isIPv6 ? "IPv6" : "IPv4") address")
            return ""
        }
        return address
    }

    private mutating func endpoints(
        _ name: String, _ text: String, _ port: Int
    ) -> [ListenAddresses.Endpoint] {
        guard port > 0 else { return [] }
        guard !text.isEmpty else {
            return config.listen.client.map { .tcp(host: $0, port: port) }
        }
        var endpoints: [ListenAddresses.Endpoint] = []
        for word in text.split(separator: " ") where word.hasPrefix("unix://") {
            endpoints.append(.unix(path: String(word.dropFirst("unix://".count))))
        }
        if !endpoints.isEmpty, name.hasPrefix("addresses.dns") {
            refuse(name, "DNS address cannot be a unix socket")
        }
        let rest =
            text.contains("{{")
            ? text
            : text.split(separator: " ").filter { !$0.hasPrefix("unix://") }
                .joined(separator: " ")
        if !rest.isEmpty {
            endpoints += addresses(name, rest).map { .tcp(host: $0, port: port) }
        }
        return endpoints
    }

    /// Returns exactly one address; empty after reporting that there is none.
    private mutating func address(_ name: String, _ text: String) -> String {
        let found = addresses(name, text)
        if found.count > 1 {
            refuse(name, "one address is wanted, found \(found.joined(separator: " "))")
        }
        return found.first ?? ""
    }

    /// Returns the addresses of a list separated by spaces, or of a template.
    private mutating func addresses(_ name: String, _ text: String) -> [String] {
        var words = text
        if text.contains("{{") {
            switch AddressTemplate.resolve(text, with: environment.interfaces()) {
            case .success(let resolved):
                words = resolved
                if resolved.allSatisfy({ $0.isWhitespace }) {
                    // HashiCorp's agent treats it as missing; the first two are required.
                    refuse(
                        name, "\(quoted(text)) finds no address on this machine",
                        isTolerated: name != "bind_addr" && name != "client_addr")
                    return []
                }
            case .failure(let problem):
                refuse(name, problem.message)
                return []
            }
        }
        var found: [String] = []
        for word in words.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }) {
            let bare =
                word.hasPrefix("[") && word.hasSuffix("]") ? word.dropFirst().dropLast() : word
            if let address = IPAddress(bare) {
                found.append(address.description)
            } else {
                refuse(
                    name,
                    word == "localhost"
                        ? "\"localhost\" is not an IP address: write 127.0.0.1 or ::1"
                        : "\(quoted(String(word))) is not an IP address")
                return []
            }
        }
        if found.isEmpty { refuse(name, "cannot be empty") }
        return found
    }
}
