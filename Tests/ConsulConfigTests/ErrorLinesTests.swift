import Testing

@testable import ConsulConfig

/// The lines that users see, exactly.
@Suite struct ErrorLinesTests {
    @Test func theContractsExample() {
        let yaml = """
            # a service
            services:
              - name: web
                port: 80
                check:
                  http: http://localhost/
                  intervall: 10s
            """
        #expect(
            errors([("config.d/web.yaml", yaml)]) == [
                #"config.d/web.yaml:7:7: services[0].check.intervall: unknown key "#
                    + #"(did you mean "interval"?)"#
            ])
    }
}
