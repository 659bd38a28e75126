import Glibc

/// Reads the names of signals in configurations: `SIGTERM`, `TERM` or `15`.
package enum SignalNames {
    private static let numbers: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "KILL": SIGKILL, "USR1": SIGUSR1,
        "USR2": SIGUSR2, "TERM": SIGTERM, "STOP": SIGSTOP, "CONT": SIGCONT, "ABRT": SIGABRT,
    ]

    /// Returns the signal's number; nil for an unknown name.
    package static func number(of text: String) -> Int32? {
        let upper = text.uppercased()
        if let number = numbers[upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper] {
            return number
        }
        guard let number = Int32(text), number > 0, number < 65 else { return nil }
        return number
    }
}
