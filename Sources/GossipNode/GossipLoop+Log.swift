internal import Logging
internal import Memberlist
internal import Platform
internal import Primitives
internal import Serf

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
        setup.logger.log(level: level, "\(note.text)", metadata: metadata)
    }

    /// Logs a change of the members in Serf's words.
    func logEvent(_ event: SerfEvent) {
        guard case .member(let change, let member) = event else { return }
        setup.logger.info("serf: \(change.rawValue): \(member.name) \(member.address.ip)")
    }
}
