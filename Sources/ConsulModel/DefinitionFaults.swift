public import Primitives
import Wire

/// Faults that definitions can have whichever plugin runs them. The faults that refuse a definition
/// are HashiCorp's, in its words.
extension CheckDefinition {
    /// A check without any field. HashiCorp's API ignores it in a service.
    public var isBlank: Bool { self == CheckDefinition() }

    public var commonFaults: [DefinitionProblem] {
        timingFaults + valueFaults
    }

    private var timingFaults: [DefinitionProblem] {
        let isPolled =
            !args.isEmpty || !dockerContainerID.isEmpty
            || ![http, tcp, udp, grpc, osService].allSatisfy { $0.isEmpty }
        let isAlias = !aliasNode.isEmpty || !aliasService.isEmpty
        if interval > .zero, ttl > .zero {
            return [
                DefinitionProblem(
                    "ttl", "Interval and TTL cannot both be specified", .refuses)
            ]
        }
        if isPolled, interval <= .zero { return [Self.intervalFault] }
        if isPolled, isAlias {
            return [
                DefinitionProblem(
                    "interval", "Interval cannot be set for Alias checks", .refuses)
            ]
        }
        if isAlias, ttl > .zero {
            return [DefinitionProblem("ttl", "TTL must be not be set for Alias checks", .refuses)]
        }
        if !isPolled, !isAlias, type.isEmpty, ttl < .zero {
            return [DefinitionProblem("ttl", "TTL must be > 0 for TTL checks", .refuses)]
        }
        return []
    }

    /// The fault of a polled check without an interval.
    public static let intervalFault = DefinitionProblem(
        "interval", "Interval must be > 0 for Script, HTTP, or TCP checks", .refuses)

    private var valueFaults: [DefinitionProblem] {
        var faults: [DefinitionProblem] = []
        if outputMaxSize < 0 {
            faults.append(
                DefinitionProblem(
                    "output_max_size", "MaxOutputMaxSize must be positive", .refuses))
        }
        if !status.isEmpty, CheckStatus(rawValue: status) == nil {
            faults.append(
                DefinitionProblem(
                    "status",
                    "unknown status \"\(status)\": use passing, warning or critical", .shows))
        }
        if timeout < .zero {
            faults.append(DefinitionProblem("timeout", "\(timeout) must not be negative"))
        }
        let durations = [
            ("deregister_critical_service_after", deregisterCriticalServiceAfter),
            ("stagger_max", staggerMax), ("initial_delay", initialDelay),
        ]
        for (name, value) in durations where value < .zero {
            faults.append(DefinitionProblem(name, "\(value) must not be negative", .shows))
        }
        let counts = [
            ("success_before_passing", successBeforePassing),
            ("failures_before_warning", failuresBeforeWarning),
            ("failures_before_critical", failuresBeforeCritical),
        ]
        for (name, value) in counts where value < 0 {
            faults.append(DefinitionProblem(name, "must not be negative", .shows))
        }
        return faults
    }
}

extension ServiceDefinition {
    /// The service's own faults, without those of its checks.
    public var commonFaults: [DefinitionProblem] {
        var faults: [DefinitionProblem] = []
        if name.isEmpty {
            faults.append(DefinitionProblem("name", "Service name must be set", .refuses))
        }
        if !ServiceKind.known.contains(kind) {
            let known = ServiceKind.known.filter { !$0.isEmpty }.joined(separator: ", ")
            faults.append(DefinitionProblem("kind", "\"\(kind)\" is none of \(known)"))
        }
        if !(0...65535).contains(port) {
            faults.append(
                DefinitionProblem(
                    "port", "\(port) is not a port (1 to 65535, or 0 for none)"))
        }
        for (tag, address) in taggedAddresses.sorted(by: { $0.key < $1.key })
        where !(0...65535).contains(address.port) {
            faults.append(
                DefinitionProblem(
                    "tagged_addresses.\(tag).port", "\(address.port) is not a port"))
        }
        let weights = weights ?? Weights()
        for (name, weight, least) in [
            ("passing", weights.passing, 1), ("warning", weights.warning, 0),
        ] where !(least...65535).contains(weight) {
            faults.append(
                DefinitionProblem(
                    "weights.\(name)", "\(weight) is not from \(least) to 65535", .refuses))
        }
        if ServiceKind.known.contains(kind) {
            faults += nodeService.kindFaults.map { DefinitionProblem("kind", $0, .refuses) }
        }
        return faults
    }
}

// MARK: Hints

extension CheckDefinition {
    /// The shortest `deregister_critical_service_after`; shorter ones are raised to it.
    public static let deregisterAfterMin = GoDuration.minutes(1)

    /// Values with another effect than they seem to have.
    public var hints: [DefinitionProblem] {
        guard deregisterCriticalServiceAfter > .zero,
            deregisterCriticalServiceAfter < Self.deregisterAfterMin
        else { return [] }
        return [
            DefinitionProblem(
                "deregister_critical_service_after",
                "check has deregister interval below minimum: it is raised to "
                    + "\(Self.deregisterAfterMin)")
        ]
    }
}

extension ServiceDefinition {
    /// A name and tags that DNS cannot serve, in HashiCorp's words.
    public var hints: [DefinitionProblem] {
        var hints: [DefinitionProblem] = []
        if !name.isEmpty, let reason = Self.undiscoverable(name) {
            hints.append(
                DefinitionProblem(
                    "name", "Service name will not be discoverable via DNS due to \(reason)"))
        }
        for (index, tag) in tags.enumerated() {
            guard let reason = Self.undiscoverable(tag) else { continue }
            hints.append(
                DefinitionProblem(
                    "tags[\(index)]",
                    "Service tag will not be discoverable via DNS due to \(reason)"))
        }
        if connect?.sidecarService != nil, connect?.sidecarService != .null {
            hints.append(
                DefinitionProblem(
                    "connect.sidecar_service",
                    "no sidecar proxy is registered: the service mesh is not supported yet"))
        }
        return hints
    }

    private static func undiscoverable(_ label: String) -> String? {
        let isPlain = label.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D
        }
        if !isPlain {
            return "invalid characters. Valid characters include all alpha-numerics and dashes."
        }
        return (1...63).contains(label.utf8.count)
            ? nil : "it being too long. Valid lengths are between 1 and 63 bytes."
    }
}
