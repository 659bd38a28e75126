import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI

/// The source tree of `kv diff` and `kv sync`, and the prefix that it is compared with.
struct KVSyncSource {
    static let flags = [
        Flag(
            "from-datacenter", .value,
            "Take the keys of this datacenter instead of a file."),
        Flag(
            "from-http-addr", .value,
            "Take the keys of the agent at this address instead of a file: of another cluster, "
                + "HashiCorp's too."),
        Flag(
            "from-prefix", .value,
            "With the former two: the prefix of the keys to take, which PREFIX replaces. The "
                + "default is PREFIX."),
        Flag("from-token", .value, "The token for that agent."),
    ]
    private static let all = ["from-datacenter", "from-http-addr"]

    let prefix: String
    let entries: [ExportedEntry]

    init(_ flags: ParsedFlags) async throws(UsageError) {
        let isRemote = Self.all.contains { flags.has($0) }
        let names = flags.arguments
        guard names.count <= (isRemote ? 1 : 2), isRemote || !names.isEmpty else {
            throw UsageError(
                description: isRemote
                    ? "Expected PREFIX alone with -from-datacenter or -from-http-addr"
                    : "Expected SOURCE and PREFIX")
        }
        prefix = names.count > (isRemote ? 0 : 1) ? names[names.count - 1] : ""
        let found: [ExportedEntry]
        if isRemote {
            let from = flags.has("from-prefix") ? flags["from-prefix"] : prefix
            found = try await Self.remote(flags, from)
        } else {
            found = try KVTree.read(names[0])
        }
        let target = prefix
        entries = found.map { ExportedEntry(target + $0.key, $0.value.array, flags: $0.flags) }
    }

    private static func remote(
        _ flags: ParsedFlags, _ prefix: String
    ) async throws(UsageError) -> [ExportedEntry] {
        var settings = ClientFlags.settings(flags)
        if flags.has("from-http-addr") { settings.address = flags["from-http-addr"] }
        if flags.has("from-token") { settings.token = flags["from-token"] }
        settings.datacenter = flags["from-datacenter"]
        do throws(ConsulClientError) {
            let client = try ConsulClient(settings)
            let entries = try await client.kvList(prefix)
            await client.shutdown()
            return entries.map { entry in
                let rest = String(
                    decoding: entry.key.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
                return ExportedEntry(rest, entry.value.array, flags: entry.flags)
            }
        } catch {
            throw UsageError(description: "cannot read the source: \(error)")
        }
    }
}

/// `consul kv diff`.
struct KVDiffCommand: Command {
    let path = ["kv", "diff"]
    let synopsis = "Compares a tree of keys with a file, a directory or another datacenter"
    let usage = """
        Usage: consul kv diff [options] SOURCE [PREFIX]
               consul kv diff [options] -from-datacenter=DC [PREFIX]

          Says what "consul kv sync" would do: + for a key to be created, ~ for one to be changed,
          - for one that only the servers have, which "-prune" would delete. Exits with 0 when there
          is no difference and with 2 when there is one.

          SOURCE is a directory, of which every file is a key, a .yaml file, whose levels become the
          parts of keys, or what "consul kv export" wrote (- for standard input).

              $ consul kv diff ./settings app/
              $ consul kv diff -from-datacenter=dc2 app/
        """
    let flags = ClientFlags.all + KVSyncSource.flags + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let source: KVSyncSource
        do throws(UsageError) { source = try await KVSyncSource(flags) } catch {
            console.error("Error! \(error)")
            return 1
        }
        return await withClient(flags, console) { client throws(ConsulClientError) in
            let existing = try await client.kvList(source.prefix)
            let difference = KVDifference(wanted: source.entries, existing: existing)
            if flags["format"] == "json" {
                console.out(Output.json(difference.json))
            } else if !difference.isEmpty {
                console.out(difference.text)
            }
            return difference.isEmpty ? 0 : 2
        }
    }
}

/// `consul kv sync`.
struct KVSyncCommand: Command {
    let path = ["kv", "sync"]
    let synopsis = "Makes a tree of keys equal to a file, a directory or another datacenter"
    let usage = """
        Usage: consul kv sync [options] SOURCE [PREFIX]
               consul kv sync [options] -from-datacenter=DC [PREFIX]

          Writes the keys of SOURCE under PREFIX, those alone that differ, in transactions. A key
          that somebody else writes meanwhile is left to them: then the command stops and says so.
          "consul kv diff" says what SOURCE can be.

              $ consul kv sync -prune ./settings app/
              $ consul kv sync -dry-run settings.yaml app/
              $ consul kv sync -from-http-addr=10.0.0.9:8500 app/
        """
    let flags =
        ClientFlags.all + KVSyncSource.flags + [
            Flag("dry-run", .bool, "Print the changes without making them."),
            Flag("prune", .bool, "Delete the keys under PREFIX that SOURCE does not have."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let source: KVSyncSource
        do throws(UsageError) { source = try await KVSyncSource(flags) } catch {
            console.error("Error! \(error)")
            return 1
        }
        return await withClient(flags, console) { client throws(ConsulClientError) in
            let existing = try await client.kvList(source.prefix)
            var difference = KVDifference(wanted: source.entries, existing: existing)
            if !flags.isOn("prune") { difference.keepOthers() }
            if !difference.isEmpty { console.out(difference.text) }
            let counts =
                "\(difference.count(.create)) created, \(difference.count(.update)) changed, "
                + "\(difference.count(.delete)) deleted"
            if flags.isOn("dry-run") {
                console.out("Nothing was done. Would be: \(counts)")
                return 0
            }
            var batches = KVBatches()
            for line in difference.lines {
                batches.add([step(line)], bytes: line.entry.value.count)
            }
            if let reason = try await batches.carryOut(client) {
                console.error("Error! \(reason)")
                return 1
            }
            console.out("Done: \(counts)")
            return 0
        }
    }

    private func step(_ line: KVDifference.Line) -> TxnStep {
        let entry = line.entry
        if line.change == .delete { return .deleteUnchanged(entry.key, since: line.index) }
        return .setUnchanged(entry.key, entry.value.array, since: line.index, flags: entry.flags)
    }
}
