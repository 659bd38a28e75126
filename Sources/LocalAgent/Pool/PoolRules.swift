package import Primitives
package import Serf

/// Decides which members may be in Consul's pools (`merge.go` of HashiCorp's agent).
package struct PoolRules: Sendable {
    package var datacenter: String
    package var nodeID: String
    package var nodeName: String

    package init(datacenter: String, nodeID: String, nodeName: String) {
        self.datacenter = datacenter
        self.nodeID = nodeID
        self.nodeName = nodeName
    }

    /// Returns why a member may not be in the pool of this datacenter; nil admits it.
    package func lanRefusal(of member: SerfMember) -> String? {
        let role = member.tags["role"] ?? ""
        guard role == "consul" || role == "node" else { return nil }
        let other = member.tags["dc"] ?? ""
        if other != datacenter {
            return "Member '\(member.name)' part of wrong datacenter '\(other)'"
        }
        let segment = member.tags["segment"] ?? ""
        if !segment.isEmpty {
            return "Member '\(member.name)' part of wrong segment '\(segment)' (expected '')"
        }
        return nil
    }

    /// Returns why the members of a join must not be merged; nil accepts them. An ID belongs to one
    /// name, except for members that left.
    package func lanRefusal(ofMerge members: [SerfMember]) -> String? {
        var names: [String: String] = [:]
        for member in members {
            if let refusal = lanRefusal(of: member) { return refusal }
            let id = member.tags["id"] ?? ""
            guard !id.isEmpty, member.status != .left else { continue }
            if id == nodeID, member.name != nodeName {
                return "Member '\(member.name)' has conflicting node ID '\(id)' with this "
                    + "agent's ID"
            }
            if let other = names[id], other != member.name {
                return "Member '\(member.name)' has conflicting node ID '\(id)' with member "
                    + "'\(other)'"
            }
            names[id] = member.name
        }
        return nil
    }

    /// Returns why a member may not be in the pool between datacenters: only servers are.
    package static func wanRefusal(of member: SerfMember) -> String? {
        isServer(member.tags) ? nil : "Member '\(member.name)' is not a server"
    }

    /// Returns whether a member's tags are those of a server.
    package static func isServer(_ tags: [String: String]) -> Bool {
        guard tags["role"] == "consul", Int(tags["port"] ?? "") != nil,
            Int(tags["vsn"] ?? "") != nil, hasVersion(tags["build"] ?? "")
        else { return false }
        // A tag that is there must be a number.
        let numbers =
            ["expect", "wan_join_port", "raft_vsn"] + tags.keys.filter { $0.hasPrefix("ft_") }
        return numbers.allSatisfy { tags[$0].map { Int($0) != nil } ?? true }
    }

    /// The tag with the reconnect timeout that a member wants for itself (Consul 1.10).
    package static let reconnectTimeoutTag = "rc_tm"

    /// Returns the time after which a failed member is forgotten: its own for a client agent that
    /// advertises one, else that of clients.
    ///
    /// - Parameter clients: zero for none.
    /// - Returns: nil for the pool's.
    package static func reconnectTimeout(
        of member: SerfMember, clients: GoDuration
    ) -> GoDuration? {
        // Servers stay until an operator removes them, whatever they advertise.
        guard member.tags["role"] == "node" else { return nil }
        if let own = member.tags[reconnectTimeoutTag].flatMap({ GoDuration($0) }), own > .zero {
            return own
        }
        return clients > .zero ? clients : nil
    }

    /// Returns whether a build contains three numbers with dots between.
    private static func hasVersion(_ build: String) -> Bool {
        let parts = build.prefix { $0.isNumber || $0 == "." }.split(separator: ".")
        return parts.count >= 3
    }
}
