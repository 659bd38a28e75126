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

          Acquires a lock or a semaphore's slot below the prefix, waiting for it if necessary, and
          runs the child while it is held. When the lock is lost, the child and its descendants get
          SIGTERM, and SIGKILL 5 seconds later: it is dead before another can hold the lock, also
          when the agent is unreachable.

              $ consul lock locks/backup ./backup.sh
              $ consul lock -nowait -child-exit-code-exact locks/report ./report.sh
              $ consul lock -n 3 locks/import ./import.sh

          The child's environment has: CONSUL_LOCK_HELD=true, CONSUL_LOCK_KEY,
          CONSUL_LOCK_SESSION, and CONSUL_LOCK_INDEX, which rises with each holder.

          With -fair waiters get the lock in the order of their arrival. With -shared several hold
          it at once, but not together with an exclusive holder. consul lock list, show and break
          inspect and break locks; a prefix of such a name needs a slash before it.

          Exit codes of -child-exit-code-exact: the child's own; 128 plus the number of the signal
          that ended it; 75 another holds the lock (-nowait); 124 it was not acquired in time
          (-timeout); 76 it was lost; 125 the agent refused or was unreachable; 127 the child could
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
                "Exit with the child's own exit code, or with one that gives the reason why it did "
                    + "not run to its end."),
            Flag(
                "fair", .bool,
                "Waiters with -fair or -shared get the lock in the order of their arrival. Other "
                    + "contenders exclude them and are excluded by them, but do not queue."),
            Flag(
                "hold", .value,
                "Keep the lock for at least this time after the child's start, so that a machine "
                    + "whose clock is late does not run the same job once more.",
                type: "duration"),
            Flag(
                "monitor-retry", .value,
                "Number of consecutive failures of monitoring the lock, a second apart, before it "
                    + "counts as lost. By default as many as fit into the session's TTL.",
                type: "int"),
            Flag(
                "n", .value,
                "Number of concurrent holders. Above 1 it is a semaphore. The default value is 1.",
                type: "int"),
            Flag(
                "name", .value,
                "Name of the lock's session. By default one that names the child and the prefix."),
            Flag("nowait", .bool, "Exit at once with code 75 where another holds the lock."),
            Flag("pass-stdin", .bool, "Pass stdin to the child process."),
            Flag(
                "shared", .bool,
                "Hold the lock together with other sharing holders, but not with an exclusive one. "
                    + "Queues as with -fair."),
            Flag(
                "shell", .bool,
                "Run the child by the shell that SHELL names, else /bin/sh. The default value is "
                    + "true."),
            Flag(
                "timeout", .value,
                "Time to wait for the lock, as \"1s\" or \"3h\". By default without a limit.",
                type: "duration"),
            Flag("try", .value, "DEPRECATED. Use -timeout instead.", type: "duration"),
            Flag("verbose", .bool, "Print the progress."),
        ]

    private let shell: String

    /// Makes the command.
    /// - Parameter shell: runs the child's command line.
    package init(shell: String) { self.shell = shell }

    package func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        LockRun.guardIfRequested()
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

    /// The path of this very program, even if its file has been replaced meanwhile.
    private static let guardCommand = ["/proc/self/exe", "lock"]

    /// Added to a run's code, to distinguish it from the code of a failed client.
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
            throw UsageError(description: "-n cannot be combined with -fair or -shared")
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
        options.returnsChildFailure = flags.isOn("child-exit-code")
        options.exactCodes = flags.isOn("child-exit-code-exact")
        options.isVerbose = flags.isOn("verbose")
        return options
    }
}
