import ClientCommands
import ConsulClient
import ConsulModel
package import PluginAPI
import Primitives
import Wire

/// Runs `consul exec`: makes an `ExecRun` of its command line.
package struct ExecCommand: Command {
    package let path = ["exec"]
    package let synopsis = "Executes a command on Consul nodes"
    package let usage = """
        Usage: consul exec [options] [-|command...]

          Evaluates a command on remote Consul nodes. The nodes responding can be filtered using
          regular expressions on node name, service, and tag definitions. If a command is '-', stdin
          will be read until EOF and used as a script input.

              $ consul exec -service=web uptime
              $ consul exec -batch=2 -node-meta=rack=b2 deploy v42

          A node runs commands only where its configuration sets disable_remote_exec to false.
          Where it lists remote_exec.jobs, it runs only these, by their names, without a shell.

          -limit, -batch and -node-meta select among the living nodes before the event is sent. The
          next batch waits until every node of the one before has succeeded; after a failure the
          remaining batches do not run.

          Exit codes: 0 every job ended with 0; 2 a job failed, or a node did not report its end; 1
          no job could be started.
        """
    package let flags =
        ClientFlags.server + [
            Flag(
                "batch", .value, "Number of nodes that run it at a time. By default all of them.",
                type: "int"),
            Flag(
                "batch-pause", .value, "Time to wait between one batch and the next.",
                type: "duration"),
            Flag.format,
            Flag(
                "limit", .value,
                "Maximum number of nodes that run it, the first ones in the order of their names.",
                type: "int"),
            Flag("node", .value, "Regular expression to filter on node names."),
            Flag(
                "node-meta", .list,
                "Metadata that a node must have, of the format `key=value`. Can be specified "
                    + "multiple times.",
                type: "pair"),
            Flag("prefix", .value, "Prefix in the KV store to use for request data."),
            Flag("service", .value, "Regular expression to filter on service instances."),
            Flag("shell", .bool, "Use a shell to run the command."),
            Flag(
                "tag", .value,
                "Regular expression to filter on service tags. Must be used with -service."),
            Flag("verbose", .bool, "Enables verbose output."),
            Flag(
                "wait", .value, "Period to wait with no responses before terminating execution.",
                type: "duration"),
            Flag(
                "wait-repl", .value,
                "Period to wait for replication before firing event. This is an optimization to "
                    + "allow stale reads to be performed.",
                type: "duration"),
        ]

    package init() {}

    package func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let options: ExecOptions
        do throws(UsageError) {
            options = try self.options(flags, console)
        } catch {
            console.error("\(error)" + (error.isHelpWanted ? "\n\n\(help)" : ""))
            return 1
        }
        return await withClient(flags, console) { client throws(ConsulClientError) in
            try await ExecRun(
                options: options, client: client, datacenter: flags["datacenter"],
                output: ExecOutput(
                    say: { console.out($0) }, complain: { console.error($0) },
                    write: { console.writeBytes($0) })
            ).run()
        }
    }

    private func options(
        _ flags: ParsedFlags, _ console: Console
    ) throws(UsageError) -> ExecOptions {
        var options = ExecOptions()
        options.job = try job(flags, console)
        if flags.has("prefix") { options.prefix = flags["prefix"] }
        options.node = try pattern(flags, "node")
        options.service = try pattern(flags, "service")
        options.tag = try pattern(flags, "tag")
        if !options.tag.isEmpty, options.service.isEmpty {
            throw UsageError(description: "Cannot provide tag filter without service filter.")
        }
        options.wait = GoDuration(flags["wait"]) ?? options.wait
        options.replicationWait = GoDuration(flags["wait-repl"]) ?? options.replicationWait
        options.isVerbose = flags.isOn("verbose")
        options.limit = try count(flags, "limit")
        options.batch = try count(flags, "batch")
        options.batchPause = GoDuration(flags["batch-pause"]) ?? .zero
        for pair in flags.all("node-meta") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            options.nodeMeta[String(sides[0])] = String(sides[1])
        }
        options.printsJSON = flags["format"] == "json"
        return options
    }

    private func job(_ flags: ParsedFlags, _ console: Console) throws(UsageError) -> ExecJob {
        var job = ExecJob()
        let usesShell = flags.isOn("shell", default: true)
        if flags.arguments == ["-"] {
            if !usesShell {
                throw UsageError(
                    description: "Cannot configure -shell=false when reading from stdin")
            }
            job.script = Bytes(try script(console))
        } else if usesShell {
            job.command = flags.arguments.joined(separator: " ")
        } else {
            job.args = flags.arguments
        }
        if job.command.isEmpty, job.args.isEmpty, job.script.isEmpty {
            throw UsageError(description: "Must specify a command to execute", isHelpWanted: true)
        }
        return job
    }

    private func script(_ console: Console) throws(UsageError) -> [UInt8] {
        let text = try console.readInput(ExecOptions.scriptBytesMax)
        if text.count > ExecOptions.scriptBytesMax {
            throw UsageError(
                description: "The script on stdin has more than \(ExecOptions.scriptBytesMax) "
                    + "bytes: put it on the nodes, and call it there")
        }
        return text
    }

    private func pattern(_ flags: ParsedFlags, _ name: String) throws(UsageError) -> String {
        do throws(TextPattern.Fault) {
            _ = try TextPattern(flags[name])
            return flags[name]
        } catch {
            throw UsageError(description: "Failed to compile \(name) filter regexp: \(error)")
        }
    }

    private func count(_ flags: ParsedFlags, _ name: String) throws(UsageError) -> Int? {
        guard flags.has(name) else { return nil }
        guard let count = Int(flags[name]), count > 0 else {
            throw UsageError(description: "-\(name) must be at least 1")
        }
        return count
    }
}
