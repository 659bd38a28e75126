import ConsulClient

/// Registers a service that reports its own health. When the program dies, the check turns critical
/// after its TTL, and the service is deregistered after a minute.
func serviceHeartbeat(_ client: ConsulClient, name: String, port: Int) async throws {
    var service = ServiceDefinition()
    service.name = name
    service.port = port
    var check = CheckDefinition()
    check.ttl = .seconds(10)
    check.deregisterCriticalServiceAfter = .minutes(1)
    service.check = check
    try await client.agent.register(service)
    say("registered \(name)")
    do {
        while !Task.isCancelled {
            try await client.agent.heartbeat(check: "service:\(name)", output: "at work")
            let healthy = try await client.health.service(name, passingOnly: true)
            say("healthy instances of \(name): \(healthy.count)")
            // A third of the TTL: two heartbeats may be lost.
            try await Task.sleep(nanoseconds: 3_000_000_000)
        }
    } catch  where Task.isCancelled {
        // The program is about to end, perhaps in the middle of a call.
    }
    // A new task, because this task's client calls are cancelled with it.
    try await Task { try await client.agent.deregister(service: name) }.value
    say("deregistered \(name)")
}
