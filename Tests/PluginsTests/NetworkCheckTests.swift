import CheckTCP
import CheckUDP
import ConsulModel
import PluginAPI
import PluginKit
import Primitives
import Testing

struct NetworkCheckTests {
    private func definition(_ change: (inout CheckDefinition) -> Void) -> CheckDefinition {
        var definition = CheckDefinition()
        definition.interval = .seconds(1)
        change(&definition)
        return definition
    }

    @Test func tcpClaimsAndValidatesAddresses() {
        let type = TCPCheckType()
        #expect(type.kind == "tcp")
        #expect(type.claims(definition { $0.tcp = "a:1" }))
        #expect(!type.claims(definition { $0.udp = "a:1" }))
        for good in ["web:80", "[::1]:80", ":80", "10.0.0.1:65535"] {
            #expect(type.problems(in: definition { $0.tcp = good }).isEmpty)
        }
        #expect(
            type.problems(in: definition { $0.tcp = "web" }) == [
                DefinitionProblem(
                    "tcp", "address web: missing port in address (write host:port)")
            ])
        for bad in ["web:0", "web:65536", "::1:80", "web:http"] {
            #expect(
                type.problems(in: definition { $0.tcp = bad }) == [
                    DefinitionProblem(
                        "tcp", "\"\(bad)\" is not host:port (for example web.local:80)")
                ])
        }
    }

    @Test func tcpConnects() async throws {
        var script = Scripted()
        let secure = definition {
            $0.tcp = "[::1]:443"
            $0.tcpUseTLS = true
            $0.tlsServerName = "web"
            $0.tlsSkipVerify = true
        }
        let check = try TCPCheckType().polled(secure, script)
        #expect(
            await check.probe(timeout: .seconds(1))
                == CheckObservation(.passing, "TCP connect [::1]:443: Success"))
        var dial = ScriptedNetwork.Dial("::1", 443)
        dial.tls = true
        dial.serverName = "web"
        dial.skipsVerification = true
        #expect(script.network.asked.values == [dial])
        script.network.tcp = ProbeError("dial tcp [::1]:443: connect: connection refused")
        let refused = try TCPCheckType().polled(secure, script)
        #expect(
            await refused.probe(timeout: .seconds(1))
                == CheckObservation(.critical, "dial tcp [::1]:443: connect: connection refused"))
    }

    @Test func udpPassesUnlessRefused() async throws {
        let type = UDPCheckType()
        let check = definition { $0.udp = "dns.local:53" }
        #expect(type.kind == "udp")
        #expect(type.claims(check))
        #expect(type.problems(in: definition { $0.udp = "dns" }).map { $0.path } == ["udp"])
        let success = CheckObservation(.passing, "UDP connect dns.local:53: Success")
        for (answer, expected) in [
            (Result<[UInt8]?, ProbeError>.success([1]), success), (.success(nil), success),
            (
                .failure(ProbeError("connection refused")),
                CheckObservation(.critical, "connection refused")
            ),
        ] {
            var script = Scripted()
            script.network.udp = answer
            let polled = try type.polled(check, script)
            #expect(await polled.probe(timeout: .seconds(1)) == expected)
            #expect(script.network.asked.values == [ScriptedNetwork.Dial("dns.local", 53)])
        }
    }
}
