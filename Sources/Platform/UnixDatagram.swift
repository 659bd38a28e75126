import Glibc

/// The destination of datagrams on this machine: the path of a socket. One that begins with `@` is
/// abstract.
struct UnixDatagram: Sendable {
    private let name: [UInt8]

    /// Nil for an invalid path, or one too long for a socket.
    init?(path: String) {
        guard let first = path.first, first == "/" || first == "@",
            path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        else { return nil }
        var name = Array(path.utf8)
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        self.name = name
    }

    /// Opens a socket to send from; returns a negative number on failure.
    static func open(isBlocking: Bool) -> Int32 {
        let further = isBlocking ? 0 : SOCK_NONBLOCK.rawValue
        return socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | further), 0)
    }

    /// Sends a datagram. Returns false when it was not received; `errno` has the reason.
    func send(_ bytes: [UInt8], from descriptor: Int32) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = MemoryLayout<sa_family_t>.size + name.count
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0,
                    socklen_t(length)) == bytes.count
            }
        }
    }
}
