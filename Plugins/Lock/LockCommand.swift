import ClientCommands
import ConsulClient
package import PluginAPI
import Primitives

/// Runs `consul lock`: makes a `LockRun` of its command line.
package struct LockCommand: Command {
    package let path = ["lock"]
    package let synopsis = "Execute a command holding a lock"
    package let usage = """
        Usage: consul lock [options] prefix child...

          Takes a lock or a semaphore's place below the prefix, waiting for it if need be, and runs
          the child while it is held. When the lock is lost, the child and all that it started get
          SIGTERM, and SIGKILL 5 seconds later: it is dead before another can hold the lock, also
          when the agent cannot be reached.

              $ consul lock locks/backup ./backup.sh
              $ consul lock -nowait -child-exit-code-exact locks/report ./report.sh
              $ consul lock -n 3 locks/import ./import.sh

          The child finds in its environment: CONSUL_LOCK_HELD=true, CONSUL_LOCK_KEY,
          CONSUL_LOCK_SESSION, and CONSUL_LOCK_INDEX, which rises with each holder.

          With -fair those who wait get it in the order of their coming. With -shared several hold
          it at once, but none beside one who holds it alone. consul lock list, show and break look
          at locks and take them away; a prefix of such a name needs a slash before it.

          Exit codes of -child-exit-code-exact: the child's own; 128 plus the number of the signal
          that ended it; 75 another holds the lock (-nowait); 124 it was not to be had in time
          (-timeout); 76 it was lost; 125 the agent refused or was not there; 127 the child could
          not be started.
        """
    package let flags =
        ClientFlags.all + [
            Flag(
                "child-exit-code", .bool,
                "Exit 2 if the child process exited with an error if this is true, otherwise this "
                    + "doesn't propagate an error from the child. The default value is false."),
            Flag(
                "child-exit-code-exact", .bool,
                "End with the child's own exit code, or with one that says why it did not run to "
                    + "its end."),
            Flag(
                "fair", .bool,
                "Those who wait with -fair or -shared get the lock in the order of their coming. "
                    + "Others exclude them and are excluded by them, but do not stand in line."),
            Flag(
                "hold", .value,
                "Keep the lock for at least so long after the child's start, so that a machine "
                    + "whose clock is late does not run the same job once more.",
                type: "duration"),
            Flag(
                "monitor-retry", .value,
                "How many looks at the lock may fail in a row, a second apart, before it counts as "
                    + "lost. By default as many as fit into the session's TTL.",
                type: "int"),
            Flag(
                "n", .value,
                "How many may hold it at once. Above 1 it is a semaphore. The default value is 1.",
                type: "int"),
            Flag(
                "name", .value,
                "Name of the lock's session. By default one that says the child and the prefix."),
            Flag("nowait", .bool, "Where another holds the lock, end at once, with exit code 75."),
            Flag("pass-stdin", .bool, "Pass stdin to the child process."),
            Flag(
                "shared", .bool,
                "Hold the lock beside others who share it, but beside nobody who holds it alone. "
                    + "Stands in line as with -fair."),
            Flag(
                "shell", .bool,
                "Run the child by the shell that SHELL names, else /bin/sh. The default value is "
                    + "true."),
            Flag(
                "timeout", .value,
                "How long to wait for the lock, as \"1s\" or \"3h\". By default as long as it "
                    + "takes.",
                type: "duration"),
            Flag("try", .value, "DEPRECATED. Use -timeout instead.", type: "duration"),
            Flag("verbose", .bool, "Say what is being done."),
        ]

    private let shell: String

    /// - Parameter shell: runs the child's command line.
    package init(shell: String) { self.shell = shell }

    package func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        LockRun.guardIfAsked()
        let options: LockOptions
        do throws(UsageError) {
            options = try self.options(flags)
        } catch {
            console.error("\(error)")
            return 1
        }
        let code = await withClient(flags, console) { client throws(ConsulClientError) in
            _ = try await client.send("GET", "/v1/agent/self").successful()
            return await LockRun(
                options: options, client: client, guardCommand: Self.guardCommand,
                say: { console.out($0) },
                complain: { console.error($0) }
            ).run() + Self.ran
        }
        if code >= Self.ran { return code - Self.ran }
        return options.exactCodes ? LockExit.noLock : code
    }

    /// This very program, even if another was installed in its place meanwhile.
    private static let guardCommand = ["/proc/self/exe", "lock"]

    /// Tells a run's code from that of a client that came to nothing.
    private static let ran: Int32 = 1_000

    private func options(_ flags: ParsedFlags) throws(UsageError) -> LockOptions {
        var options = LockOptions()
        guard flags.arguments.count >= 2 else {
            throw UsageError(description: "Key prefix and child command must be specified")
        }
        options.limit = Int(flags["n"]) ?? 1
        if options.limit <= 0 {
            throw UsageError(description: "Lock holder limit must be positive")
        }
        let given = flags.has("timeout") ? "timeout" : "try"
        if let timeout = GoDuration(flags[given]) {
            if timeout < .zero { throw UsageError(description: "Timeout must be positive") }
            options.timeout = timeout == .zero ? nil : timeout
        }
        options.isFair = flags.isOn("fair")
        options.isShared = flags.isOn("shared")
        if options.limit > 1, options.isFair || options.isShared {
            throw UsageError(description: "-n is not to be had with -fair or -shared")
        }
        if let hold = GoDuration(flags["hold"]) {
            if hold < .zero { throw UsageError(description: "Hold must be positive") }
            options.hold = hold
        }
        if let retries = Int(flags["monitor-retry"]) {
            if retries < 0 {
                throw UsageError(description: "Number for 'monitor-retry' must be >= 0")
            }
            options.monitorRetries = retries
        }
        options.prefix = flags.arguments[0]
        if options.prefix.hasPrefix("/") { options.prefix.removeFirst() }
        let words = Array(flags.arguments.dropFirst())
        let line = words.joined(separator: " ")
        options.child =
            flags.isOn("shell", default: true) ? [shell, "-c", line] : words
        options.sessionName =
            flags["name"].isEmpty
            ? "Consul lock for '\(line)' at '\(options.prefix)'" : flags["name"]
        options.doesNotWait = flags.isOn("nowait")
        options.passesInput = flags.isOn("pass-stdin")
        options.tellsChildFailure = flags.isOn("child-exit-code")
        options.exactCodes = flags.isOn("child-exit-code-exact")
        options.isVerbose = flags.isOn("verbose")
        return options
    }
}
