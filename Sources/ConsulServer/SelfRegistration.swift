internal import ConsulModel
internal import Primitives
internal import Synchronization
internal import Telemetry

/// Enters this server in the catalog whenever it becomes the leader, until that succeeds.
final class SelfRegistration: LeaderDuty {
    /// Enters the server and reports whether that worked.
    typealias Register = @Sendable (_ done: @escaping @Sendable (Bool) -> Void) -> Void

    private let context: DutyContext
    private let timer: DutyTimer
    private let register = Mutex<Register?>(nil)

    init(_ context: DutyContext) {
        self.context = context
        timer = DutyTimer(context.clock)
    }

    func set(_ register: @escaping Register) {
        self.register.withLock { $0 = register }
        begin()
    }

    func begin() {
        guard context.leads, let register = register.withLock({ $0 }) else { return }
        let (clock, reconcileMember) = (context.clock, context.metrics.reconcileMember)
        let begun = clock.now()
        register { [weak self] isDone in
            if isDone {
                reconcileMember.record(clock.now() - begun)
            } else {
                self?.retry()
            }
        }
    }

    func end() { timer.end() }

    private func retry() {
        guard context.leads else { return }
        timer.arm(after: Limits.dutyRetry) { [weak self] in self?.begin() }
    }
}
