import ConsulModel
import HTTPTransport

/// Consul's answers of `/v1/acl/…` without access control.
let aclRoutes: [Route] =
    [
        ("bootstrap", "PUT"), ("create", "PUT"), ("update", "PUT"), ("destroy/", "PUT"),
        ("info/", "GET"), ("clone/", "PUT"), ("list", "GET"), ("login", "POST"), ("logout", "POST"),
        ("replication", "GET"), ("policies", "GET"), ("policy", "PUT"),
        ("policy/", "GET,PUT,DELETE"),
        ("policy/name/", "GET"), ("roles", "GET"), ("role", "PUT"), ("role/name/", "GET"),
        ("role/", "GET,PUT,DELETE"), ("binding-rules", "GET"), ("binding-rule", "PUT"),
        ("binding-rule/", "GET,PUT,DELETE"), ("auth-methods", "GET"), ("auth-method", "PUT"),
        ("auth-method/", "GET,PUT,DELETE"), ("rules/translate", "POST"),
        ("rules/translate/", "GET"),
        ("tokens", "GET"), ("token", "PUT"), ("token/self", "GET"), ("token/", "GET,PUT,DELETE"),
    ].map { aclRoute("/v1/acl/" + $0.0, $0.1) } + [aclRoute("/v1/agent/token/", "PUT")]

private func aclRoute(_ path: String, _ methods: String) -> Route {
    Route(
        path,
        methods.split(separator: ",").map { method in
            (String(method), .direct { $0.responder.respond(ErrorMapping.withoutPermissions) })
        })
}
