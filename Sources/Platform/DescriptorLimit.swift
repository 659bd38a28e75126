import Glibc
import Synchronization

/// The limit on this process's open files and sockets.
package enum DescriptorLimit {
    /// The soft limit at the start of the process; 0 until it is raised. Children get it back: some
    /// programs cannot use descriptors beyond 1023.
    private static let original = Atomic<UInt>(0)

    /// Raises the soft limit to the hard limit, but not above `Limits.descriptorsMax`. To be called
    /// at the start of an agent; idempotent.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(number, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, rlim_t(Limits.descriptorsMax))
        guard limit.rlim_cur < wanted else { return }
        let before = UInt(limit.rlim_cur)
        limit.rlim_cur = wanted
        guard setrlimit(number, &limit) == 0 else { return }
        _ = original.compareExchange(expected: 0, desired: before, ordering: .relaxed)
    }

    /// The present soft limit.
    package static var current: Int {
        var limit = rlimit()
        return getrlimit(number, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 1024
    }

    /// The part of the limit that connections may use.
    package static var forConnections: Int { max(64, current - Limits.descriptorsReserved) }

    /// The soft limit of children; 0: the limit of this process.
    static var inherited: UInt { original.load(ordering: .relaxed) }

    private static let number = __rlimit_resource_t(7)  // RLIMIT_NOFILE
}
