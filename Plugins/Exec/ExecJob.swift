package import Wire

/// What the event `_rexec` carries: where the job is.
package struct ExecNotice: Record, Hashable, Sendable {
    package static let eventName = "_rexec"

    package var prefix = ""
    package var session = ""
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Prefix", &prefix)
        try visit.field("Session", &session)
    }

    /// The folder of everything that belongs to this job, without a slash at its end.
    package var folder: String {
        let parts = "\(prefix)/\(session)".split(separator: "/").joined(separator: "/")
        return prefix.hasPrefix("/") ? "/\(parts)" : parts
    }

    package var jobKey: String { "\(folder)/job" }

    package func key(_ node: String, _ result: ExecResult) -> String {
        switch result {
        case .acknowledged: "\(folder)/\(node)/ack"
        case .ended: "\(folder)/\(node)/exit"
        case .part(let number): "\(folder)/\(node)/out/\(Self.hex(number))"
        }
    }

    /// Five digits at least, so that the parts' keys stand in order.
    private static func hex(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// What a key below the folder tells, and of which node; nil for the job and for what is
    /// neither.
    package func result(_ key: String) -> (node: String, result: ExecResult)? {
        guard key.hasPrefix("\(folder)/") else { return nil }
        let words = key.dropFirst(folder.count + 1)
            .split(separator: "/", omittingEmptySubsequences: false)
        if words.count == 2 {
            if words[1] == "ack" { return (String(words[0]), .acknowledged) }
            if words[1] == "exit" { return (String(words[0]), .ended) }
        }
        if words.count == 3, words[1] == "out", let number = Int(words[2], radix: 16) {
            return (String(words[0]), .part(number))
        }
        return nil
    }
}

/// What a node tells of its run, each in a key of its own.
package enum ExecResult: Hashable, Sendable {
    case acknowledged
    /// A part of the output; an empty one says that the job still runs.
    case part(Int)
    /// The exit code, in decimal.
    case ended
}

/// What is to be run: one of the three.
package struct ExecJob: Record, Hashable, Sendable {
    /// A line for the shell.
    package var command = ""
    /// A program and its arguments.
    package var args: [String] = []
    /// The bytes of a file that is executed.
    package var script = Bytes()
    /// How long the caller waits for a sign of life, in nanoseconds.
    package var wait = 0
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Command", &command, .omitEmpty)
        try visit.field("Args", &args, .omitEmpty)
        try visit.field("Script", &script, .omitEmpty)
        try visit.field("Wait", &wait)
    }
}
