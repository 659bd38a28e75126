import Glibc
import Synchronization

/// How many files and sockets this process may have open.
package enum DescriptorLimit {
    /// The soft limit that the process was started with; 0 until it is raised. Programs that it
    /// starts get it back: some of them cannot use descriptors beyond 1023.
    private static let original = Atomic<UInt>(0)

    /// Takes what the system allows (the hard limit), but not more than
    /// `Limits.descriptorsMax`. To be called at the start of an agent; again is no harm.
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

    /// The limit in force.
    package static var current: Int {
        var limit = rlimit()
        return getrlimit(number, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 1024
    }

    /// What is left of it for connections.
    package static var forConnections: Int { max(64, current - Limits.descriptorsReserved) }

    /// For children; 0: what this process has.
    static var inherited: UInt { original.load(ordering: .relaxed) }

    private static let number = __rlimit_resource_t(7)  // RLIMIT_NOFILE
}
