internal import CPosix

/// The program's own code in memory.
package enum ProgramCode {
    /// Called once when all has started: half of the resident code was for that alone, and goes.
    package static func forgetStartup() { cposix_forget_startup_code() }
}
