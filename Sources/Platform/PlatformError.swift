import Glibc

/// Returns the text of an errno as Go prints it, in lower case: `connection refused`.
package func errnoText(_ code: Int32) -> String {
    switch code {
    case ENOENT: return "no such file or directory"
    case EHOSTUNREACH: return "no route to host"
    case ETIMEDOUT: return "connection timed out"
    default: break
    }
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "errno \(code)" }
    let text = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    guard let first = text.first, text.dropFirst().first?.isUppercase != true else { return text }
    return first.lowercased() + text.dropFirst()
}

/// A file operation that failed: `open /etc/x.json: permission denied`.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    package var operation: String
    package var path: String
    /// The system's error number, 0 when this program refused (a file beyond the caller's bound).
    package var code: Int32
    package var reason: String

    package init(_ operation: String, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
        self.reason = errnoText(code)
    }

    package init(_ operation: String, _ path: String, reason: String) {
        self.operation = operation
        self.path = path
        self.code = 0
        self.reason = reason
    }

    package var description: String { "\(operation) \(path): \(reason)" }
}

/// The reason why a long-lived child cannot be started or written to.
package enum ChildProcessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The program could not be started.
    case failedToStart(String)
    /// The child has ended, or its input is closed.
    case closed
    /// Too many senders wait already.
    case busy
    /// The line is longer than `Limits.lineBytesMax`.
    case lineTooLong(Int)

    package var description: String {
        switch self {
        case .failedToStart(let reason): reason
        case .closed: "the process no longer reads its input"
        case .busy: "too many lines wait for the process to read them"
        case .lineTooLong(let count): "a line of \(count) bytes is too long"
        }
    }
}

/// A certificate, key or setting of TLS that cannot be used, with the file's name.
package struct TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
