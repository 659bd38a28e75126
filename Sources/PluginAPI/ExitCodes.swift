public import ConsulModel
public import Primitives

/// Maps a program's exit to a check's status: Consul's convention, after Nagios.
public enum ExitCodes {
    public static func status(_ code: Int32) -> CheckStatus {
        switch code {
        case 0: .passing
        case 1: .warning
        default: .critical
        }
    }

    public static func observation(of outcome: ProcessOutcome, timeout: GoDuration)
        -> CheckObservation
    {
        switch outcome.ending {
        case .exited(let code):
            return CheckObservation(status(code), outcome.output)
        case .signalled(let number):
            return CheckObservation(.critical, outcome.output + "killed by signal \(number)")
        case .timedOut:
            var text = "Timed out (\(timeout)) running check"
            if !outcome.output.isEmpty { text += "\n\n\(outcome.output)" }
            return CheckObservation(.critical, text, isFinal: true)
        case .cancelled:
            return CheckObservation(.critical, "check was stopped")
        case .failedToStart(let reason):
            return CheckObservation(.critical, reason)
        }
    }
}
