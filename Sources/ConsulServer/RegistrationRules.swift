internal import ConsulModel
internal import Primitives

/// The required fields of a registration, by itself or in a transaction, in Consul's words.
enum RegistrationRules {
    static func check(node: String, id: String) throws(ConsulError) {
        if node.isEmpty { throw ConsulError(.internal, "Must provide node") }
        guard !id.isEmpty, !UUIDText.isValid(id) else { return }
        let reason =
            id.utf8.count == 36 ? "uuid is improperly formatted" : "uuid string is wrong length"
        throw ConsulError(.internal, "Bad node ID: \(reason)")
    }

    /// The ID of a service without one is its name.
    static func complete(_ service: inout NodeService) throws(ConsulError) {
        if service.id.isEmpty { service.id = service.service }
        if !service.id.isEmpty, service.service.isEmpty {
            throw ConsulError(.internal, "Must provide service name with ID")
        }
        if service.hasUnspecifiedAddress {
            throw ConsulError(.internal, "Invalid service address")
        }
    }
}
