import ConsulConfig
package import ConsulModel
package import PluginAPI
import Primitives
import Synchronization
import Wire

/// The agent's side of `consul exec`: takes the event, runs the job, tells what came of it in keys
/// that the caller's session holds.
package final class ExecResponder: EventResponder {
    package let eventName = ExecNotice.eventName
    private let shell: String
    private let running = Mutex(0)

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

/// Exit codes that no program gave.
enum ExecCode {
    /// It could not be started, or its output not be sent (Consul's own).
    static let failed = "255"
    /// A signal ended it (Consul's own).
    static let signalled = "-1"
    /// Its time was over, as of timeout(1).
    static let timedOut = "124"
    /// As of shells: it may not be executed.
    static let notAllowed = "126"
    /// EX_TEMPFAIL: it may be tried again.
    static let busy = "75"
}
