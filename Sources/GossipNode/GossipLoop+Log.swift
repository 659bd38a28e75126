internal import Logging
internal import Memberlist
internal import Platform

extension GossipLoop {
    func log(_ note: MemberlistNote) {
        let (logs, suppressed) = notes.admit(note.kind, now: SystemClock.now())
        guard logs else { return }
        let level: Logger.Level =
            switch note.level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        var metadata: Logger.Metadata = [:]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        let logger =
            note.text.hasPrefix("memberlist:") ? setup.memberlistLogger : setup.logger
        logger.log(level: level, "\(note.text)", metadata: metadata)
    }
}
