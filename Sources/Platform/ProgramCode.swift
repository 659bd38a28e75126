internal import CPosix

/// The program's own code in memory.
package enum ProgramCode {
    /// Releases the start's code pages, half of the resident code. Called once when every part has
    /// started.
    package static func forgetStartup() { cposix_forget_startup_code() }
}
