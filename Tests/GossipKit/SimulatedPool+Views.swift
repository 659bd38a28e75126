package import Memberlist
internal import Primitives

extension SimulatedPool {
    /// Returns whether every live node knows a node in one of these states, or has forgotten it
    /// while dead counts.
    package func allKnow(_ index: Int, as states: [MemberState]) -> Bool {
        let name = Self.name(of: index)
        return live.allSatisfy { observer in
            guard observer != index else { return true }
            guard let known = nodes[observer].state(of: name) else {
                return states.contains(.dead) || states.contains(.left)
            }
            return states.contains(known.state)
        }
    }

    /// Returns whether every live node knows every live node as alive, and none that is not live.
    package var isConverged: Bool {
        nodes.indices.allSatisfy { index in
            isDown(index)
                ? allKnow(index, as: [.dead, .left]) : allKnow(index, as: [.alive])
        }
    }

    /// Describes the nodes that do not know a live node as alive, or a dead one as dead.
    package var differences: String {
        var found: [String] = []
        for observer in live {
            for index in nodes.indices where index != observer {
                let known = nodes[observer].state(of: Self.name(of: index))
                let isRight =
                    isDown(index) ? known?.state.isLive != true : known?.state == .alive
                if isRight { continue }
                let text = known.map { "\($0.state)@\($0.incarnation)" } ?? "unknown"
                found.append("\(nodes[observer].name) has n\(index) \(text)")
            }
        }
        return found.prefix(10).joined(separator: ", ") + (found.count > 10 ? " …" : "")
    }
}
