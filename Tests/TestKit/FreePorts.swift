import Glibc
import Synchronization

/// Ports for servers that are given theirs before they bind it.
///
/// A port that the kernel chose for a test that closes it again may belong to any process by the
/// time the server binds: the kernel gives it to the next connection or the next test. These are
/// below the range from which the kernel chooses, and each process has a block of its own, held by
/// a name among the abstract sockets, which ends with the process. Within a block they are given in
/// turn, so that one comes again only after all others.
package enum FreePorts {
    /// Below the range that Linux assigns, 32768 on.
    private static let range = 22000..<32000
    private static let blockSize = 500

    package struct NoneLeft: Error, CustomStringConvertible {
        package let description: String
    }

    /// Returns free ports.
    ///
    /// - Returns: ports that nothing listens on, neither TCP nor UDP, on any local address.
    package static func take(_ count: Int) throws -> [Int] {
        let block = try block.get()
        return try next.withLock { next in
            var found: [Int] = []
            for _ in 0..<blockSize where found.count < count {
                let port = block + next % blockSize
                next += 1
                if isFree(port) { found.append(port) }
            }
            guard found.count == count else {
                throw NoneLeft(description: "fewer than \(count) free ports from \(block) on")
            }
            return found
        }
    }

    package static func take() throws -> Int { try take(1)[0] }

    private static let next = Mutex(0)

    private static let block: Result<Int, NoneLeft> = {
        for first in stride(from: range.lowerBound, to: range.upperBound, by: blockSize) {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let name = Array("\0consul-tests-ports-\(first)".utf8)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
            let size = MemoryLayout<sa_family_t>.size + name.count
            let isHeld = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(size)) == 0
                }
            }
            // Left open to the end of the process.
            if isHeld { return .success(first) }
            close(descriptor)
        }
        return .failure(NoneLeft(description: "all blocks of ports are held by other tests"))
    }()

    private static func isFree(_ port: Int) -> Bool {
        [SOCK_STREAM, SOCK_DGRAM].allSatisfy { kind in
            let descriptor = socket(AF_INET, Int32(kind.rawValue | SOCK_CLOEXEC.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
    }
}
