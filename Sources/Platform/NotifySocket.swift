import Glibc
import Primitives

/// Reports the service's state to systemd. Does nothing when not started by systemd.
package struct NotifySocket: Sendable {
    /// The variables that a service manager sets for the service itself. A child that inherited
    /// them could report states for the service, or take over its sockets.
    package static let serviceVariables: Set<String> = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID",
        "LISTEN_FDNAMES",
    ]

    private let socket: UnixDatagram

    /// Reads `NOTIFY_SOCKET`; nil when it is not set. A path that begins with `@` is an abstract
    /// socket.
    package init?() {
        guard let path = getenv("NOTIFY_SOCKET") else { return nil }
        self.init(path: String(cString: path))
    }

    package init?(path: String) {
        guard let socket = UnixDatagram(path: path) else { return nil }
        self.socket = socket
    }

    package func ready() { send("READY=1") }
    /// Reports a reload. systemd requires the monotonic time with it since version 253.
    package func reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(SystemClock.now().nanoseconds / 1000)")
    }
    package func stopping() { send("STOPPING=1") }
    package func status(_ text: String) {
        send("STATUS=" + text.split(whereSeparator: \.isNewline).joined(separator: " "))
    }
    package func watchdog() { send("WATCHDOG=1") }

    /// Sends a message without blocking. Returns false when it was not received.
    @discardableResult
    package func send(_ state: String) -> Bool {
        let descriptor = UnixDatagram.open(isBlocking: false)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return socket.send(Array(state.utf8), from: descriptor)
    }
}
