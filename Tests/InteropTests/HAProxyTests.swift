import Glibc
import Platform
import TestKit
import Testing

/// The path of the proxy; nil if it is not installed.
private let haproxy: String? = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].first {
    (path: String) in access(path, X_OK) == 0
}

/// HAProxy finds a service's instances by their SRV records, as the README shows.
@Suite(
    .serialized, .enabled(if: Program.isOursThere && haproxy != nil),
    .timeLimit(.minutes(2)))
struct HAProxyTests {
    /// The service is the agent's own API, so the answer through the proxy is predictable.
    @Test func followsAService() async throws {
        let agent = try await PeerAgent(.ours)
        let port = try FreePorts.take()
        let folder = try TestFolder("haproxy")
        defer { withExtendedLifetime(folder) {} }
        let file = "\(folder.path)/haproxy.cfg"
        let configuration = """
            defaults
              mode http
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            resolvers consul
              nameserver consul 127.0.0.1:\(agent.ports[1])
              accepted_payload_size 8192
              timeout resolve 100ms
              hold valid 100ms
              hold nx 100ms
              hold obsolete 100ms
            frontend in
              bind 127.0.0.1:\(port)
              default_backend api
            backend api
              balance roundrobin
              server-template api 3 _api._tcp.service.consul resolvers consul \
            resolve-opts allow-dup-ip resolve-prefer ipv4 init-addr none

            """
        try AtomicFile.write(file, Array(configuration.utf8), mode: 0o600)
        let proxy = try ChildProcess.start(
            ProcessSpec([try #require(haproxy), "-db", "-q", "-f", file]))
        let log = proxy.lines
        Task { for await _ in log {} }
        do {
            var registration = HTTPLine("PUT", "/v1/agent/service/register")
            registration.body =
                #"{"Name": "api", "Address": "127.0.0.1", "Port": \#(agent.httpPort)}"#
            _ = try RawHTTP.ask(registration, port: agent.httpPort)
            try await waitFor("200", port)
            // A removed instance gets no more requests.
            _ = try RawHTTP.ask(
                HTTPLine("PUT", "/v1/agent/service/deregister/api"), port: agent.httpPort)
            try await waitFor("503", port)
        } catch {
            Issue.record(error)
        }
        _ = await proxy.terminate()
        await agent.stop()
    }

    private func waitFor(_ status: String, _ port: Int) async throws {
        for _ in 0..<600 {
            let answer = try? RawHTTP.ask(HTTPLine("GET", "/v1/status/leader"), port: port)
            if answer?.status.contains(status) == true { return }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        throw PeerError(description: "the proxy never answers \(status)")
    }
}
