import ConsulModel
import HTTPTransport
import LocalAgent
import Testing

@testable import ConsulHTTP

/// The access column of the routes that the agent answers itself.
@Suite(.timeLimit(.minutes(1))) struct RouteAccessTests {
    private static func text(_ access: RouteAccess) -> String {
        switch access {
        case .endpoint: "by its endpoint"
        case .open: "none"
        case .whole(let resource, let level): "\(resource):\(level)"
        case .own(let resource, let level): "\(resource):\(level) of this node"
        case .subject(let resource, let level): "\(resource):\(level) of the subject"
        case .found: "found from the request"
        case .inAction(let resource, let level): "\(resource):\(level) in the action"
        }
    }

    /// A row for each route and method; a new route needs one.
    private static let matrix = """
        DELETE /v1/agent/watches/ agent:write of this node
        DELETE /v1/operator/keyring keyring:write
        GET /debug/pprof/ operator:read
        GET /metrics agent:read of this node
        GET /v1/agent/check/history/ found from the request
        GET /v1/agent/checks service:read in the action
        GET /v1/agent/health/service/id/ found from the request
        GET /v1/agent/health/service/name/ service:read of the subject
        GET /v1/agent/host operator:read
        GET /v1/agent/live none
        GET /v1/agent/members node:read in the action
        GET /v1/agent/metrics agent:read of this node
        GET /v1/agent/metrics/stream agent:read of this node
        GET /v1/agent/monitor agent:read of this node
        GET /v1/agent/plugins agent:read of this node
        GET /v1/agent/ready none
        GET /v1/agent/self agent:read of this node
        GET /v1/agent/service/ found from the request
        GET /v1/agent/services service:read in the action
        GET /v1/agent/version agent:read of this node
        GET /v1/agent/watches agent:read of this node
        GET /v1/agent/watches/ agent:read of this node
        GET /v1/event/list event:read in the action
        GET /v1/event/status/ event:read in the action
        GET /v1/operator/keyring keyring:read
        POST /v1/operator/keyring keyring:write
        PUT /v1/agent/check/deregister/ found from the request
        PUT /v1/agent/check/fail/ found from the request
        PUT /v1/agent/check/pass/ found from the request
        PUT /v1/agent/check/register service:write in the action
        PUT /v1/agent/check/run/ found from the request
        PUT /v1/agent/check/update/ found from the request
        PUT /v1/agent/check/warn/ found from the request
        PUT /v1/agent/force-leave/ operator:write
        PUT /v1/agent/join/ agent:write of this node
        PUT /v1/agent/leave agent:write of this node
        PUT /v1/agent/maintenance node:write of this node
        PUT /v1/agent/query/ found from the request
        PUT /v1/agent/reload agent:write of this node
        PUT /v1/agent/service/deregister/ found from the request
        PUT /v1/agent/service/maintenance/ found from the request
        PUT /v1/agent/service/register service:write in the action
        PUT /v1/agent/watches agent:write of this node
        PUT /v1/agent/watches/ agent:write of this node
        PUT /v1/event/fire/ event:write of the subject
        PUT /v1/operator/keyring keyring:write
        """

    /// The routes that the agent answers itself.
    private static let answered = [
        "/v1/agent/", "/v1/event/", "/v1/operator/keyring", "/debug/", "/metrics",
    ]

    @Test func everyRouteOfTheAgentStatesItsPermission() {
        let own = RouteTable.standardRoutes.filter { route in
            Self.answered.contains { route.path.hasPrefix($0) }
                // This route is answered like the other calls of /v1/acl.
                && route.path != "/v1/agent/token/"
        }
        let rows = own.flatMap { route in
            route.methods.map { "\($0.name) \(route.path) \(Self.text($0.access))" }
        }
        #expect(rows.sorted().joined(separator: "\n") == Self.matrix)
    }

    @Test func otherRoutesLeaveItToTheirEndpoint() {
        for route in RouteTable.standardRoutes
        where !Self.answered.contains(where: { route.path.hasPrefix($0) }) {
            for method in route.methods {
                #expect(Self.text(method.access) == "by its endpoint", "\(route.path)")
            }
        }
    }

    /// Answers with the permission that an access requests.
    private static func probe(_ path: String, _ access: RouteAccess) -> Route {
        Route(
            path,
            (
                "GET", access,
                .direct { exchange in
                    let permission = access.permission(for: exchange)
                    let text = permission.map { "\($0.resource):\($0.access) \($0.name)" }
                    exchange.responder.respond(.text(200, text ?? "none"))
                }
            ))
    }

    @Test func namesComeFromNodePathAndRegistration() async throws {
        let router = try await Router(routes: [
            Self.probe("/t/self", .agentRead), Self.probe("/t/operator", .operatorWrite),
            Self.probe("/t/event/", .eventWrite), Self.probe("/t/service/", .service(.write)),
            Self.probe("/t/check/", .check(.write)), Self.probe("/t/open", .open),
        ])
        var web = ServiceDefinition()
        (web.id, web.name) = ("web-1", "web")
        router.local.addService(web, service: web.nodeService, source: .api)
        for (id, service) in [("own", ""), ("of-web", "web-1")] {
            var check = HealthCheck()
            (check.checkID, check.serviceID) = (id, service)
            check.serviceName = service.isEmpty ? "" : "web"
            router.local.addCheck(CheckDefinition(), check: check, source: .api)
        }
        for (path, permission) in [
            ("self", "agent:read here"), ("operator", "operator:write "),
            ("event/deploy", "event:write deploy"), ("service/web-1", "service:write web"),
            ("service/none", "service:write none"), ("check/of-web", "service:write web"),
            ("check/own", "node:write here"), ("check/none", "node:write here"), ("open", "none"),
        ] {
            #expect(try await router.ask("GET", "/t/\(path)").body == permission, "\(path)")
        }
    }

    private struct Refusing: AccessJudge {
        func refusal(of permission: Permission, token: String) -> ConsulError? {
            permission == Permission(.operator, .read) && token != "master"
                ? .permissionDenied : nil
        }
    }

    @Test func aRefusedRouteDoesNotRun() async throws {
        let router = try await Router(judge: Refusing())
        let refused = try await router.ask("GET", "/v1/agent/host")
        #expect(refused.status == 403 && refused.body == "Permission denied")
        #expect(try await router.ask("GET", "/v1/agent/host?token=master").status == 200)
        #expect(try await router.ask("GET", "/v1/agent/version").status == 200)
    }
}
