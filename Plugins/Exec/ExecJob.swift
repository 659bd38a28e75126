package import Wire

/// The payload of the event `_rexec`: the location of the job.
package struct ExecNotice: Record, Hashable, Sendable {
    package static let eventName = "_rexec"

    package var prefix = ""
    package var session = ""
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Prefix", &prefix)
        try visit.field("Session", &session)
    }

    /// The folder of this job's keys, without a slash at its end.
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

    /// Formats at least five digits, so that the parts' keys are in order.
    private static func hex(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// Parses a key below the folder into its node and result; returns nil for the job's key and
    /// for other keys.
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

/// A result that a node reports of its run, each in a key of its own.
package enum ExecResult: Hashable, Sendable {
    case acknowledged
    /// A part of the output; an empty one means that the job still runs.
    case part(Int)
    /// The exit code, in decimal.
    case ended
}

/// The job to run: exactly one of command, arguments and script.
package struct ExecJob: Record, Hashable, Sendable {
    /// A command line for the shell.
    package var command = ""
    /// A program and its arguments.
    package var args: [String] = []
    /// The content of a file to execute.
    package var script = Bytes()
    /// The time in nanoseconds that the caller waits for a result or an empty part.
    package var wait = 0
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Command", &command, .omitEmpty)
        try visit.field("Args", &args, .omitEmpty)
        try visit.field("Script", &script, .omitEmpty)
        try visit.field("Wait", &wait)
    }
}
