import CPosix

/// Replaces this process by another program.
package enum ProcessReplacement {
    /// Replaces this process by a program, with the same process ID, terminal, streams and parent,
    /// so that signals and the exit code need no forwarding. Returns only when the program cannot
    /// be started, with the reason.
    /// - Parameter arguments: the first is the program's path. Not empty.
    package static func become(
        _ arguments: [String], environment: ProcessEnvironment
    ) -> String {
        for text in arguments where text.utf8.contains(0) {
            return "exec: invalid argument: \(text.debugDescription)"
        }
        let (words, variables) = (CStrings(arguments), CStrings(environment.lines))
        let code = withExtendedLifetime((words, variables)) {
            cposix_replace(arguments[0], words.pointer, variables.pointer)
        }
        return "exec \(arguments[0]): \(errnoText(code))"
    }
}
