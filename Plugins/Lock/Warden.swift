import Platform
import Primitives
import Synchronization

/// Holds the guard of the child's group, from the child's start to its end: if this process is
/// killed or stopped, the guard ends the child in time.
final class Warden: Sendable {
    private let command: [String]
    private let guardian = Mutex<GroupGuard?>(nil)

    init(command: [String]) { self.command = command }

    /// Starts the guard.
    /// - Returns: the reason why there is no guard; nil when there is one.
    func begin(until: Instant) -> String? {
        if command.isEmpty { return nil }
        do throws(ChildProcessError) {
            let started = try GroupGuard(command, until: until)
            guardian.withLock { $0 = started }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// The descriptor on which the child announces itself; nil without a guard.
    var announceDescriptor: Int32? { guardian.withLock { $0 }?.announceDescriptor }

    func extend(until: Instant) { guardian.withLock { $0 }?.extend(until: until) }

    func end() async {
        let ended = guardian.withLock { guardian in
            defer { guardian = nil }
            return guardian
        }
        await ended?.dismiss()
    }
}
