import ConsulModel

/// The alias checks of this agent that follow services of this agent, by their IDs.
struct AliasGraph {
    private let targets: [String: String]

    init(_ checks: [String: LocalCheck], nodeName: String) {
        targets = checks.compactMapValues { check in
            let definition = check.definition
            let isHere = definition.aliasNode.isEmpty || definition.aliasNode == nodeName
            return isHere && !definition.aliasService.isEmpty ? definition.aliasService : nil
        }
    }

    func hasAliases(besides id: String) -> Bool {
        targets.count > (targets[id] == nil ? 0 : 1)
    }

    /// Returns the checks, with each alias check that depends on `own` replaced by the checks that
    /// it follows.
    func expanded(
        _ checks: [HealthCheck], for own: String, checksOf: (String) -> [HealthCheck]
    ) -> [HealthCheck] {
        var seen: Set<String> = [own]
        var found: [HealthCheck] = []
        var waiting = checks
        while let check = waiting.first {
            waiting.removeFirst()
            guard seen.insert(check.checkID).inserted else { continue }
            if let target = targets[check.checkID], depends(check.checkID, on: own, checksOf) {
                waiting += checksOf(target)
            } else {
                found.append(check)
            }
        }
        return found
    }

    private func depends(
        _ id: String, on own: String, _ checksOf: (String) -> [HealthCheck]
    ) -> Bool {
        var seen: Set<String> = []
        var waiting = [id]
        while let next = waiting.popLast() {
            guard let target = targets[next], seen.insert(next).inserted else { continue }
            for check in checksOf(target) {
                if check.checkID == own { return true }
                waiting.append(check.checkID)
            }
        }
        return false
    }
}
