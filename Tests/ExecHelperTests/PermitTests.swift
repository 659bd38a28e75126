import ConsulConfig
import ConsulModel
import PluginAPI
import Primitives
import Testing
import Wire

@testable import ExecHelper

/// A node's rules, applied to requests.
@Suite struct PermitTests {
    private static let list: RemoteExecRules = {
        var rules = RemoteExecRules()
        var deploy = RemoteExecJob()
        deploy.name = "deploy"
        deploy.args = ["/opt/deploy", "--now"]
        deploy.allowArguments = true
        deploy.user = "www"
        deploy.timeout = .minutes(5)
        var restart = RemoteExecJob()
        restart.name = "restart"
        restart.args = ["/opt/restart"]
        rules.jobs = [deploy, restart]
        rules.user = "nobody"
        rules.timeout = .seconds(30)
        return rules
    }()

    private func request(
        _ rules: RemoteExecRules = Self.list, command: String = "", args: [String] = [],
        script: String = ""
    ) -> Result<ProcessRequest, ExecPermit.Refusal> {
        var job = ExecJob()
        job.command = command
        job.args = args
        job.script = Bytes(script)
        return ExecPermit(rules, shell: "/bin/sh").request(for: job)
    }

    @Test func anyCommandRunsWithoutAList() throws {
        let rules = RemoteExecRules()
        let line = try request(rules, command: "uptime; id").get()
        #expect(line.arguments == ["/bin/sh", "-c", "uptime; id"] && line.user.isEmpty)
        #expect(line.timeout.nanoseconds == .max)
        #expect(try request(rules, args: ["ls", "-l"]).get().arguments == ["ls", "-l"])
        let script = try request(rules, script: "echo").get()
        #expect(script.arguments == ["/bin/sh", "-c"] && script.script == Array("echo".utf8))
    }

    @Test func listedJobsRunWithoutAShell() throws {
        let deploy = try request(command: "deploy v42 ;id").get()
        #expect(deploy.arguments == ["/opt/deploy", "--now", "v42", ";id"])
        #expect(deploy.user == "www" && deploy.timeout == .minutes(5))
        let restart = try request(args: ["restart"]).get()
        #expect(restart.arguments == ["/opt/restart"])
        #expect(restart.user == "nobody" && restart.timeout == .seconds(30))
    }

    @Test(
        arguments: [
            ("id", "this node has no job named \"id\""),
            ("/opt/deploy", "this node has no job named \"/opt/deploy\""),
            ("restart now", "the job \"restart\" takes no arguments"),
            ("restart;id", "this node has no job named \"restart;id\""),
        ])
    func unlistedCommandsAreRefused(command: String, reason: String) {
        #expect(throws: ExecPermit.Refusal(reason: reason)) { try request(command: command).get() }
    }

    @Test func scriptsAreRefusedWithAList() {
        let refusal = ExecPermit.Refusal(
            reason: "this node runs its named jobs only, no scripts")
        #expect(throws: refusal) { try request(script: "deploy").get() }
    }
}
