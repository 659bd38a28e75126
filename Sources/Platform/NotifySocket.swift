import Glibc
import Primitives

/// Tells systemd how the service fares. Does nothing when not started by systemd.
package struct NotifySocket: Sendable {
    private let path: String

    /// nil when `NOTIFY_SOCKET` is not set. A path that begins with `@` is an abstract socket.
    package init?() {
        guard let path = getenv("NOTIFY_SOCKET") else { return nil }
        self.init(path: String(cString: path))
    }

    package init?(path: String) {
        guard let first = path.first, first == "/" || first == "@",
            path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        else { return nil }
        self.path = path
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
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = MemoryLayout<sa_family_t>.size + name.count
        let bytes = Array(state.utf8)
        let count = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0,
                    socklen_t(length))
            }
        }
        return count == bytes.count
    }
}
