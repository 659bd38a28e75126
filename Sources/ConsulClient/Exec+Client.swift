import ConsulModel
package import Primitives
import Wire

/// Returns the node of the agent at the client's address.
package struct OwnPlace: Hashable, Sendable {
    package var node: String
    package var datacenter: String
}

/// The reads of `consul exec`: following a tree of keys, and finding nodes.
extension ConsulClient {
    package func ownPlace() async throws(ConsulClientError) -> OwnPlace {
        let agent: JSONValue = try await agentList("self")
        let config = agent["Config"]
        return OwnPlace(
            node: config?["NodeName"]?.stringValue ?? "",
            datacenter: config?["Datacenter"]?.stringValue ?? "")
    }

    /// Returns the keys below a prefix once the index is above `index`, or after `wait`.
    package func kvKeys(
        _ prefix: String, after index: UInt64, wait: GoDuration
    ) async throws(ConsulClientError) -> (keys: [String], index: UInt64) {
        var parameters = [("keys", "")]
        if index > 0 {
            parameters += [("index", "\(index)"), ("wait", "\(max(wait.milliseconds, 1))ms")]
        }
        let answer = try await send(
            "GET", "/v1/kv/\(Self.escape(prefix))", parameters,
            timeout: wait + wait / 16 + Limits.lockWaitSlack)
        if answer.status == 404 { return ([], answer.index) }
        return (try answer.successful().decode(), answer.index)
    }

    package func kvDeleteTree(
        _ prefix: String, timeout: GoDuration = .seconds(60)
    ) async throws(ConsulClientError) -> Bool {
        try await send(
            "DELETE", "/v1/kv/\(Self.escape(prefix))", [("recurse", "")], timeout: timeout
        ).successful().decode()
    }

    /// Returns a node with a healthy instance of a service; nil without one.
    package func healthyNode(ofService name: String) async throws(ConsulClientError) -> String? {
        let instances: [CheckServiceNode] = try await send(
            "GET", "/v1/health/service/\(Self.escape(name))", [("passing", "1")]
        ).successful().decode()
        return instances.first?.node.node
    }
}
