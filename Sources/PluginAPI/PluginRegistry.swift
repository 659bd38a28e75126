public import ConsulModel

/// All plugins' contributions. A value: a reload makes a new one.
public struct PluginRegistry: Sendable {
    public let plugins: [Plugin]
    private var checkTypes: [any CheckType] = []
    private var handlerKinds: [String: any HandlerKind] = [:]
    /// In the order of the plugins.
    public private(set) var commands: [any Command] = []
    public private(set) var eventResponders: [String: any EventResponder] = [:]

    /// Collects the contributions. Rejects two of one sort with the same name.
    public init(_ plugins: [Plugin]) throws(PluginAPIError) {
        self.plugins = plugins
        var owners: [String: String] = [:]
        for plugin in plugins {
            for contribution in plugin.contributions {
                let name = "\(contribution.sort):\(contribution.kind)"
                if let owner = owners.updateValue(plugin.name, forKey: name) {
                    throw .duplicateKind(name, first: owner, second: plugin.name)
                }
                switch contribution {
                case .checkType(let type): checkTypes.append(type)
                case .handlerKind(let kind): handlerKinds[kind.kind] = kind
                case .command(let command): commands.append(command)
                case .eventResponder(let responder):
                    eventResponders[responder.eventName] = responder
                }
            }
        }
    }

    /// Returns the one type that claims a definition.
    public func checkType(for definition: CheckDefinition) throws(PluginAPIError)
        -> any CheckType
    {
        let claimants = checkTypes.filter { $0.claims(definition) }
        guard let type = claimants.first else {
            if !definition.grpc.isEmpty { throw .noGRPC }
            throw definition.type.isEmpty ? .noCheckType : .unknownCheckType(definition.type)
        }
        guard claimants.count == 1 else { throw .severalCheckTypes(claimants.map { $0.kind }) }
        return type
    }

    public func handlerKind(named name: String) -> (any HandlerKind)? { handlerKinds[name] }

    /// Returns the faults of a check's definition, for any type.
    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        let common = definition.commonFaults
        let own: [DefinitionProblem]
        do {
            own = try checkType(for: definition).problems(in: definition)
        } catch {
            // A check without any type is refused; a plugin's missing type may return.
            own = [
                DefinitionProblem("", "\(error)", error == .noCheckType ? .refuses : .disables)
            ]
        }
        return common + own.filter { !common.contains($0) }
    }
}
