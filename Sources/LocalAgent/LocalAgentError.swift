package import ConsulModel

/// Errors of registrations, in Consul's words.
package enum LocalAgentError {
    package static func unknownService(_ id: String) -> ConsulError {
        ConsulError(.internal, "Unknown service \"\(id)\"")
    }

    package static func unknownServiceID(_ id: String) -> ConsulError {
        ConsulError(.notFound, "unknown service ID: \(id)")
    }

    package static func unknownCheck(_ id: String) -> ConsulError {
        ConsulError(.internal, "CheckID \"\(id)\" does not have associated TTL")
    }

    package static func noSuchCheck(_ id: String) -> ConsulError {
        ConsulError(.internal, "Unknown check \"\(id)\"")
    }

    package static func serviceMissing(_ id: String) -> ConsulError {
        ConsulError(.internal, "ServiceID \"\(id)\" does not exist")
    }
}
