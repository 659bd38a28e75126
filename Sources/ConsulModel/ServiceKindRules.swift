extension NodeService {
    /// The faults of a service of the mesh, in Consul's words; none for an ordinary service.
    public var kindFaults: [String] {
        switch kind {
        case "": []
        case "connect-proxy": proxyFaults
        default: gatewayFaults
        }
    }

    /// The faults as one text; nil for none.
    public var kindFault: String? {
        let faults = kindFaults
        return faults.isEmpty ? nil : ErrorText.list(faults)
    }

    private var proxyFaults: [String] {
        var faults: [String] = []
        if proxy.destinationServiceName.allSatisfy(\.isWhitespace) {
            faults.append(
                "Proxy.DestinationServiceName must be non-empty for Connect proxy services")
        }
        if port == 0 { faults.append("Port must be set for a Connect proxy") }
        if connect.native {
            faults.append("A Proxy cannot also be Connect Native, only typical services")
        }
        var places: Set<String> = []
        var destinations: Set<String> = []
        for upstream in proxy.upstreams {
            if let fault = upstream.fault {
                faults.append(fault)
                continue
            }
            let position = upstream.bindPlace
            if !places.insert(position).inserted {
                faults.append(
                    "upstreams cannot contain duplicates by local bind address and port; "
                        + "\"\(position)\" is specified twice")
            }
            if !destinations.insert(upstream.destination).inserted {
                faults.append("upstreams cannot contain duplicates of \(upstream.destination)")
            }
        }
        return faults
    }

    private var gatewayFaults: [String] {
        var faults: [String] = []
        if port == 0, kind != "ingress-gateway" {
            faults.append("Port must be non-zero for a \(kind)")
        }
        let forbidden = [
            ("DestinationServiceName", !proxy.destinationServiceName.isEmpty),
            ("DestinationServiceID", !proxy.destinationServiceID.isEmpty),
            ("LocalServiceAddress", !proxy.localServiceAddress.isEmpty),
            ("LocalServicePort", proxy.localServicePort != 0),
            ("Upstreams", !proxy.upstreams.isEmpty),
        ]
        for (name, isThere) in forbidden where isThere {
            faults.append("The Proxy.\(name) configuration is invalid for a \(kind)")
        }
        return faults
    }
}

extension Upstream {
    /// The faults of an upstream by itself.
    fileprivate var fault: String? {
        if !["", "service", "prepared_query"].contains(destinationType) {
            return "unknown upstream destination type: \"\(destinationType)\""
        }
        if destinationName.isEmpty { return "upstream destination name cannot be empty" }
        return localBindPort == 0 ? "upstream local bind port cannot be zero" : nil
    }

    fileprivate var bindPlace: String {
        let address = localBindAddress.isEmpty ? "127.0.0.1" : localBindAddress
        return address.contains(":")
            ? "[\(address)]:\(localBindPort)" : "\(address):\(localBindPort)"
    }

    fileprivate var destination: String {
        "[type=\"\(destinationType)\", name=\"\(destinationName)\", "
            + "namespace=\"\(destinationNamespace)\", datacenter=\"\(datacenter)\"]"
    }
}
