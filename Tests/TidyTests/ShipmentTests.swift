import Glibc
import Testing

/// The files of the repository in addition to the source.
@Suite struct ShipmentTests {
    @Test func topLevelFilesAreTheAgreedOnes() {
        let agreed: Set<String> = [
            "Package.swift", "Sources", "Plugins", "Tests", "handlers", "config.d", "README.md",
            "LICENSE", "Makefile", "Package.resolved", "data",
        ]
        let foreign = Project.names(in: ".").filter { !agreed.contains($0) }
        #expect(foreign.isEmpty, "\(foreign)")
    }

    @Test(arguments: Project.names(in: "handlers"))
    func handlersExplainThemselves(_ name: String) {
        let text = Project.text("handlers/\(name)")
        #expect(access("\(Project.root)/handlers/\(name)", X_OK) == 0)
        for part in ["Started by:", "stdin:", "environment:", "exit code:"] {
            #expect(text.contains("# \(part)"), "handlers/\(name) does not say its \(part)")
        }
    }

    @Test func everyWatchTypeIsShown() {
        let fragments = Project.names(in: "config.d").map { Project.text("config.d/\($0)") }
            .joined()
        for type in [
            "key", "keyprefix", "services", "nodes", "service", "checks", "event",
            "agent_service",
        ] {
            #expect(fragments.contains("type: \(type)\n"), "no watch of type \(type)")
        }
    }

    @Test func theReadmeNamesTheTwoCommands() {
        let readme = Project.text("README.md")
        #expect(readme.contains("make run"))
        #expect(readme.contains("make test"))
    }
}
