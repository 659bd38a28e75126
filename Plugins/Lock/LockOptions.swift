package import Primitives

/// The validated options of `consul lock`.
package struct LockOptions: Sendable {
    /// Without a slash at its beginning.
    package var prefix = ""
    /// The number of concurrent holders; above 1 it is a semaphore.
    package var limit = 1
    /// Waiters acquire the lock in the order of their arrival.
    package var isFair = false
    /// Holds the lock together with other sharing holders; implies the order.
    package var isShared = false
    package var sessionName = ""
    /// How long to wait for the lock; nil without a limit.
    package var timeout: GoDuration?
    /// Does not wait for the lock.
    package var doesNotWait = false
    /// The least time for which the lock is kept, from the child's start.
    package var hold: GoDuration?
    /// Consecutive failures of monitoring the lock that are tolerated while the child runs; nil for
    /// as many as fit into the TTL.
    package var monitorRetries: Int?
    /// Not empty.
    package var child: [String] = []
    package var passesInput = false
    package var returnsChildFailure = false
    package var exactCodes = false
    package var isVerbose = false
    package init() {}

    /// True when each contender has a key of its own.
    var hasContenders: Bool { limit > 1 || isFair || isShared }
}

/// The exit codes of `consul lock`. Codes above 2 need `-child-exit-code-exact` (`skipped` also
/// `-nowait`); without it HashiCorp's own codes replace them.
package enum LockExit {
    package static let done: Int32 = 0
    package static let failed: Int32 = 1
    /// The code of `-child-exit-code`.
    package static let childFailed: Int32 = 2
    /// Another holder has the lock, and waiting was not permitted (EX_TEMPFAIL).
    package static let skipped: Int32 = 75
    /// The lock was lost, and the child killed (next to EX_IOERR, otherwise unused).
    package static let lost: Int32 = 76
    /// The timeout was reached, as in timeout(1).
    package static let timedOut: Int32 = 124
    /// The agent is unreachable or refuses, as in timeout(1).
    package static let noLock: Int32 = 125
    /// The program cannot be started, as in shells.
    package static let noProgram: Int32 = 127
    /// Plus the number of the signal that ended the child, as in shells.
    package static let signalBase: Int32 = 128
}
