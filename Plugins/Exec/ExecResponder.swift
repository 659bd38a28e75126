import ConsulConfig
package import ConsulModel
package import PluginAPI
import Primitives
import Synchronization
import Wire

/// The agent's side of `consul exec`: receives the event, runs the job, reports its results in keys
/// held by the caller's session.
package final class ExecResponder: EventResponder {
    package let eventName = ExecNotice.eventName
    private let shell: String
    private let running = Mutex(0)

    /// Makes a responder.
    /// - Parameter shell: runs command lines and scripts.
    package init(shell: String) { self.shell = shell }

    package func respond(to event: UserEvent, in context: ResponderContext) async {
        let rules = context.settings.section(RemoteExecRules.self) ?? RemoteExecRules()
        guard rules.isEnabled else {
            context.log(.info, "ignoring remote exec event, disabled.", [("id", event.id)])
            return
        }
        context.log(.debug, "received remote exec event", [("id", event.id)])
        let notice: ExecNotice
        do {
            notice = try JSONReader.decode(ExecNotice.self, from: event.payload.array)
        } catch {
            context.log(.error, "failed to decode remote exec event", [("error", "\(error)")])
            return
        }
        let run = NodeRun(event: event, notice: notice, rules: rules, context: context)
        guard let job = await run.job(), await run.write(.acknowledged, []) else { return }
        let isFree = running.withLock { running in
            guard running < rules.parallelMax else { return false }
            running += 1
            return true
        }
        guard isFree else {
            await run.refuse(
                job, "\(rules.parallelMax) jobs run on this node already", code: ExecCode.busy)
            return
        }
        defer { running.withLock { $0 -= 1 } }
        switch ExecPermit(rules, shell: shell).request(for: job) {
        case .success(let request): await run.run(job, request)
        case .failure(let refusal):
            await run.refuse(job, refusal.reason, code: ExecCode.notAllowed)
        }
    }
}

/// The exit codes of jobs without an exit code of their own.
enum ExecCode {
    /// The job could not be started, or its output not be sent (Consul's own).
    static let failed = "255"
    /// A signal ended the job (Consul's own).
    static let signalled = "-1"
    /// The job reached its timeout, as in timeout(1).
    static let timedOut = "124"
    /// The job may not be executed, as in shells.
    static let notAllowed = "126"
    /// EX_TEMPFAIL: the caller may retry.
    static let busy = "75"
}
