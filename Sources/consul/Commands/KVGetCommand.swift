import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI
import Primitives
import Wire

/// `consul kv get`.
struct KVGetCommand: Command {
    let path = ["kv", "get"]
    let synopsis = "Retrieves or lists data from the KV store"
    let usage = """
        Usage: consul kv get [options] [KEY_OR_PREFIX]

          Retrieves the value from Consul's key-value store at the given key name. If no key exists
          with that name, an error is returned. If a key exists with that name but has no data,
          nothing is returned.

              $ consul kv get app/mode
              $ consul kv get -recurse app
        """
    let flags =
        ClientFlags.all + [
            Flag("base64", .bool, "Base64 encode the value. The default value is false."),
            Flag(
                "detailed", .bool,
                "Provide additional metadata about the key in addition to the value such as the "
                    + "ModifyIndex and any flags that may have been set on the key. The default "
                    + "value is false."),
            Flag.format,
            Flag(
                "keys", .bool,
                "List keys which start with the given prefix, but not their values. The default "
                    + "value is false."),
            Flag(
                "recurse", .bool,
                "Recursively look at all keys prefixed with the given path. The default value is "
                    + "false."),
            Flag(
                "separator", .value,
                "String to use as a separator between keys. The default value is \"/\", but this "
                    + "option is only taken into account when paired with the -keys flag."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count <= 1 else {
            console.error("Too many arguments (expected 1, got \(flags.arguments.count))")
            return 1
        }
        var key = flags.arguments.first ?? ""
        if key.hasPrefix("/") { key.removeFirst() }
        let lists = flags.isOn("keys") || flags.isOn("recurse")
        guard lists || !key.isEmpty else {
            console.error("Error! Missing KEY argument")
            return 1
        }
        return await withClient(flags, console) { client throws(ConsulClientError) in
            if flags.isOn("keys") {
                let separator = flags.has("separator") ? flags["separator"] : "/"
                let keys = try await client.kvKeys(key, separator: separator)
                if flags["format"] == "json" {
                    console.out(Output.json(keys))
                } else {
                    for key in keys { console.out(key) }
                }
                return 0
            }
            if flags.isOn("recurse") {
                try await list(client, key, flags, console)
                return 0
            }
            return try await one(client, key, flags, console)
        }
    }

    private func list(
        _ client: ConsulClient, _ prefix: String, _ flags: ParsedFlags, _ console: Console
    ) async throws(ConsulClientError) {
        let entries = try await client.kvList(prefix)
        if flags["format"] == "json" {
            console.out(OrderedJSON.text(entries))
            return
        }
        for (index, entry) in entries.enumerated() {
            if flags.isOn("detailed") {
                console.writeBytes(detail(entry, flags))
                if index < entries.count - 1 { console.out("") }
            } else {
                console.writeBytes(Array("\(entry.key):".utf8) + value(entry, flags) + [0x0A])
            }
        }
    }

    private func one(
        _ client: ConsulClient, _ key: String, _ flags: ParsedFlags, _ console: Console
    ) async throws(ConsulClientError) -> Int32 {
        guard let entry = try await client.kvGet(key) else {
            console.error("Error! No key exists at: \(key)")
            return 1
        }
        if flags["format"] == "json" {
            console.out(OrderedJSON.text(entry))
        } else if flags.isOn("detailed") {
            console.writeBytes(detail(entry, flags))
        } else {
            console.writeBytes(value(entry, flags) + [0x0A])
        }
        return 0
    }

    /// Returns bytes, because a value may be other than text.
    private func value(_ entry: KVEntry, _ flags: ParsedFlags) -> [UInt8] {
        flags.isOn("base64") ? Array(Base64.encode(entry.value.array).utf8) : entry.value.array
    }

    private func detail(_ entry: KVEntry, _ flags: ParsedFlags) -> [UInt8] {
        var rows = [
            ("CreateIndex", "\(entry.raftIndex.createIndex)"), ("Flags", "\(entry.flags)"),
            ("Key", entry.key), ("LockIndex", "\(entry.lockIndex)"),
            ("ModifyIndex", "\(entry.raftIndex.modifyIndex)"),
            ("Session", entry.session.isEmpty ? "-" : entry.session),
        ].map { ($0.0, Array($0.1.utf8)) }
        rows.append(("Value", value(entry, flags)))
        if !entry.expires.isNever {
            rows.insert(("Expires", Array(entry.expires.description.utf8)), at: 1)
        }
        if !entry.lease.isEmpty { rows.insert(("Lease", Array(entry.lease.utf8)), at: 3) }
        return rows.flatMap { name, value in
            let blanks = value.isEmpty ? "" : String(repeating: " ", count: 17 - name.count)
            return Array((name + blanks).utf8) + value + [0x0A]
        }
    }
}
