package import Primitives

/// What `consul lock` is asked for, checked.
package struct LockOptions: Sendable {
    /// Without a slash at its beginning.
    package var prefix = ""
    /// How many may hold it at once; above 1 it is a semaphore.
    package var limit = 1
    /// Those who wait get it in the order of their coming.
    package var isFair = false
    /// Beside others who share it; implies the order.
    package var isShared = false
    package var sessionName = ""
    /// How long to wait for it; nil for as long as it takes.
    package var timeout: GoDuration?
    /// Do not wait at all.
    package var doesNotWait = false
    /// From the child's start; the lock is kept at least for so long.
    package var hold: GoDuration?
    /// Looks in a row that may fail while the child runs; nil for as many as fit into the TTL.
    package var monitorRetries: Int?
    /// Not empty.
    package var child: [String] = []
    package var passesInput = false
    package var tellsChildFailure = false
    package var exactCodes = false
    package var isVerbose = false
    package init() {}

    /// Whether each contender has a key of its own.
    var hasContenders: Bool { limit > 1 || isFair || isShared }
}

/// The codes with which `consul lock` ends. Those above 2 are told by `-child-exit-code-exact`
/// (`skipped` also by `-nowait`); without it HashiCorp's own stand in their place.
package enum LockExit {
    package static let done: Int32 = 0
    package static let failed: Int32 = 1
    /// Of `-child-exit-code`.
    package static let childFailed: Int32 = 2
    /// Held by another, and it was not to be waited for (EX_TEMPFAIL).
    package static let skipped: Int32 = 75
    /// It was lost, and the child killed (EX_IOERR's neighbour: nobody else uses it).
    package static let lost: Int32 = 76
    /// As of timeout(1).
    package static let timedOut: Int32 = 124
    /// The agent cannot be asked, or refuses, as of timeout(1).
    package static let noLock: Int32 = 125
    /// As of shells: the program cannot be started.
    package static let noProgram: Int32 = 127
    /// As of shells: plus the number of the signal that ended it.
    package static let signalBase: Int32 = 128
}
