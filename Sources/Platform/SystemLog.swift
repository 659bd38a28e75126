import Glibc
import Logging
import Primitives

/// Sends lines to the system's log daemon (RFC 3164, as syslog(3) sends them). A daemon that does
/// not read delays the writer only for a short time: its lines are lost, those for the file and the
/// terminal are not.
struct SystemLog {
    private let daemon: UnixDatagram
    private let facility: Int32
    private let descriptor: OwnedDescriptor
    /// The end of the silence after a timeout.
    private var silentUntil = Instant.zero

    private static let facilities: [String: Int32] = [
        "KERN": 0, "USER": 1, "MAIL": 2, "DAEMON": 3, "AUTH": 4, "SYSLOG": 5, "LPR": 6, "NEWS": 7,
        "UUCP": 8, "CRON": 9, "AUTHPRIV": 10, "FTP": 11, "LOCAL0": 16, "LOCAL1": 17, "LOCAL2": 18,
        "LOCAL3": 19, "LOCAL4": 20, "LOCAL5": 21, "LOCAL6": 22, "LOCAL7": 23,
    ]

    /// Sets the facility and the socket.
    /// - Parameter facility: its name, in any case.
    init(facility: String, path: String) throws(FileError) {
        guard let number = Self.facilities[facility.uppercased()] else {
            throw FileError("open", "syslog", reason: "unknown facility \(facility)")
        }
        guard let daemon = UnixDatagram(path: path) else {
            throw FileError("open", path, reason: "no path of a socket")
        }
        self.daemon = daemon
        self.facility = number
        let opened = UnixDatagram.open(isBlocking: true)
        guard opened >= 0 else { throw FileError("open", "syslog", code: errno) }
        descriptor = OwnedDescriptor(opened)
        var limit = timeval(tv_sec: 0, tv_usec: Limits.systemLogWaitMicroseconds)
        setsockopt(
            opened, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends one line.
    /// - Parameter line: without its end.
    /// - Returns: false when the daemon did not accept it.
    mutating func send(_ level: Logger.Level, _ line: String) -> Bool {
        if SystemClock.now() < silentUntil { return false }
        let priority = facility << 3 | Self.severity(level)
        let text = "<\(priority)>\(Self.time()) consul[\(getpid())]: \(line)"
        if daemon.send(Array(text.utf8), from: descriptor.number) { return true }
        // With other errors there is no daemon at the moment; the next attempt finds out without
        // delay.
        if errno == EAGAIN { silentUntil = SystemClock.now() + Limits.systemLogSilence }
        return false
    }

    private static func severity(_ level: Logger.Level) -> Int32 {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// Returns `Nov 21 19:03:59`, in the machine's time.
    private static func time() -> String {
        var now = time_t(SystemClock.unixNanoseconds() / 1_000_000_000)
        var parts = tm()
        localtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%b %e %H:%M:%S", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
