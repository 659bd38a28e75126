import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI

/// `consul kv copy` and `consul kv move`.
struct KVCopyCommand: Command {
    enum Kind: String {
        case copy, move
    }
    let kind: Kind
    var path: [String] { ["kv", kind.rawValue] }
    var synopsis: String {
        kind == .copy ? "Copies a key or a tree of keys" : "Moves a key or a tree of keys"
    }
    var usage: String {
        let did = kind == .copy ? "Writes" : "Writes, and then deletes,"
        return """
            Usage: consul kv \(kind.rawValue) [options] FROM TO

              \(did) the key FROM as TO, flags and all, in one transaction; with -recurse every key
              that begins with FROM, with TO in that place. What stands at TO is left alone without
              -force, and nothing is done then. A tree of more than 16 keys may take
              several transactions, each a whole.

                  $ consul kv \(kind.rawValue) app/mode app/former-mode
                  $ consul kv \(kind.rawValue) -recurse app/ old/app/
            """
    }
    let flags =
        ClientFlags.all + [
            Flag("dry-run", .bool, "Print the changes without making them."),
            Flag("force", .bool, "Overwrite an existing key at TO."),
            Flag("recurse", .bool, "Take every key that begins with FROM."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count == 2, !flags.arguments[1].isEmpty else {
            console.error("Error! Expected FROM and TO")
            return 1
        }
        let (from, to) = (flags.arguments[0], flags.arguments[1])
        let isTree = flags.isOn("recurse")
        if from == to || (isTree && (from.hasPrefix(to) || to.hasPrefix(from))) {
            console.error("Error! \(from) and \(to) overlap: one contains the other")
            return 1
        }
        return await withClient(flags, console) { client throws(ConsulClientError) in
            let found =
                isTree
                ? try await client.kvList(from) : try await client.kvGet(from).map { [$0] } ?? []
            guard !found.isEmpty else {
                console.error("Error! No key exists at: \(from)")
                return 1
            }
            var batches = KVBatches()
            for entry in found {
                let rest = entry.key.utf8.dropFirst(from.utf8.count)
                let target = to + String(decoding: rest, as: UTF8.self)
                console.out("\(entry.key) -> \(target)")
                let steps = steps(entry, target, isForced: flags.isOn("force"))
                batches.add(steps, bytes: entry.value.count)
            }
            if flags.isOn("dry-run") {
                console.out("Nothing was done.")
                return 0
            }
            if let reason = try await batches.carryOut(client) {
                console.error("Error! \(reason)")
                return 1
            }
            return 0
        }
    }

    /// Returns the steps for one key. They fail if the key was written meanwhile.
    private func steps(_ entry: KVEntry, _ target: String, isForced: Bool) -> [TxnStep] {
        let value = entry.value.array
        let index = entry.raftIndex.modifyIndex
        var steps: [TxnStep] = [.checkIndex(entry.key, is: index)]
        if !isForced { steps.append(.checkNotExists(target)) }
        steps.append(.set(target, value, flags: entry.flags))
        if kind == .move { steps.append(.deleteUnchanged(entry.key, since: index)) }
        return steps
    }
}
