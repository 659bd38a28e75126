import Glibc
import Primitives

/// Tells systemd how the service fares. Does nothing when not started by systemd.
package struct NotifySocket: Sendable {
    /// Names that a service manager sets for the service itself. A child that inherited them
    /// could report states for the service, or take over its sockets.
    package static let serviceVariables: Set<String> = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID",
        "LISTEN_FDNAMES",
    ]

    private let socket: UnixDatagram

    /// nil when `NOTIFY_SOCKET` is not set. A path that begins with `@` is an abstract socket.
    package init?() {
        guard let path = getenv("NOTIFY_SOCKET") else { return nil }
        self.init(path: String(cString: path))
    }

    package init?(path: String) {
        guard let socket = UnixDatagram(path: path) else { return nil }
        self.socket = socket
    }

    package func ready() { send("READY=1") }
    /// systemd asks for the monotonic time with it since version 253.
    package func reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(SystemClock.now().nanoseconds / 1000)")
    }
    package func stopping() { send("STOPPING=1") }
    package func status(_ text: String) {
        send("STATUS=" + text.split(whereSeparator: \.isNewline).joined(separator: " "))
    }
    package func watchdog() { send("WATCHDOG=1") }

    /// Never blocks; false when nobody took it.
    @discardableResult
    package func send(_ state: String) -> Bool {
        let descriptor = UnixDatagram.open(isBlocking: false)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return socket.send(Array(state.utf8), from: descriptor)
    }
}
