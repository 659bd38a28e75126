import CheckScript
import ConsulModel
import PluginAPI
import PluginKit
import Primitives
import Testing

struct ScriptCheckTests {
    private let type = ScriptCheckType()
    private var definition: CheckDefinition {
        var definition = CheckDefinition()
        definition.args = ["/bin/check", "-v"]
        definition.interval = .seconds(10)
        return definition
    }

    @Test func claimsArgumentsButNotThoseOfDocker() {
        #expect(type.kind == "script")
        #expect(type.claims(definition))
        var docker = definition
        docker.dockerContainerID = "web"
        #expect(!type.claims(docker))
        #expect(!type.claims(CheckDefinition()))
    }

    @Test func needsAnIntervalAndAProgram() {
        var wrong = definition
        wrong.args = [""]
        wrong.interval = .zero
        #expect(type.problems(in: definition).isEmpty)
        #expect(
            type.problems(in: wrong) == [
                CheckDefinition.intervalFault,
                DefinitionProblem("args[0]", "the program's name is empty"),
            ])
    }

    @Test(arguments: [
        (ProcessOutcome(.exited(0), output: "fine\n"), CheckObservation(.passing, "fine\n")),
        (ProcessOutcome(.exited(1), output: "so so"), CheckObservation(.warning, "so so")),
        (ProcessOutcome(.exited(2), output: "bad"), CheckObservation(.critical, "bad")),
        (ProcessOutcome(.exited(127), output: ""), CheckObservation(.critical, "")),
        (
            ProcessOutcome(.signalled(9), output: "half "),
            CheckObservation(.critical, "half killed by signal 9")
        ),
        (
            ProcessOutcome(.timedOut, output: "slow"),
            CheckObservation(.critical, "Timed out (2s) running check\n\nslow", isFinal: true)
        ),
        (
            ProcessOutcome(.timedOut),
            CheckObservation(.critical, "Timed out (2s) running check", isFinal: true)
        ),
        (ProcessOutcome(.cancelled), CheckObservation(.critical, "check was stopped")),
        (
            ProcessOutcome(.failedToStart("/bin/check: no such file")),
            CheckObservation(.critical, "/bin/check: no such file")
        ),
    ])
    func endingDecides(_ outcome: ProcessOutcome, _ expected: CheckObservation) async throws {
        var script = Scripted()
        script.processes.answer = { _ in outcome }
        let check = try type.polled(definition, script)
        #expect(await check.probe(timeout: .seconds(2)) == expected)
        #expect(script.processes.asked.values[0].arguments == ["/bin/check", "-v"])
        #expect(script.processes.asked.values[0].timeout == .seconds(2))
        #expect(script.processes.asked.values[0].outputMax == 4096)
        #expect(check.defaultTimeout == .seconds(30))
    }
}
