import ClientCommands
import ConsulClient
import PluginAPI

/// `consul kv delete`.
struct KVDeleteCommand: Command {
    let path = ["kv", "delete"]
    let synopsis = "Removes data from the KV store"
    let usage = """
        Usage: consul kv delete [options] KEY_OR_PREFIX

          Removes the value from Consul's key-value store at the given path. If no key exists at the
          path, no action is taken.

              $ consul kv delete app/mode
              $ consul kv delete -recurse app
        """
    let flags =
        ClientFlags.all + [
            Flag(
                "cas", .bool,
                "Perform a Check-And-Set operation. Specifying this value also requires the "
                    + "-modify-index flag to be set. The default value is false."),
            Flag(
                "modify-index", .value,
                "Unsigned integer representing the ModifyIndex of the key. This is used in "
                    + "combination with the -cas flag.",
                type: "uint"),
            Flag(
                "recurse", .bool,
                "Recursively delete all keys with the path. The default value is false."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count <= 1 else {
            console.error("Too many arguments (expected 1, got \(flags.arguments.count))")
            return 1
        }
        var key = flags.arguments.first ?? ""
        if key.hasPrefix("/") { key.removeFirst() }
        if let problem = problem(key, flags) {
            console.error(problem)
            return 1
        }
        let subject = key
        let failure =
            flags.isOn("recurse")
            ? "Error! Did not delete prefix \(key)"
            : flags.isOn("cas") ? "Error! Did not delete key \(key)" : "Error deleting key \(key)"
        return await withClient(flags, console, doing: failure) {
            client throws(ConsulClientError) in
            if flags.isOn("recurse") {
                _ = try await client.kvDelete(subject, [("recurse", "")])
                console.out("Success! Deleted keys with prefix: \(subject)")
                return 0
            }
            guard flags.isOn("cas") else {
                _ = try await client.kvDelete(subject)
                console.out("Success! Deleted key: \(subject)")
                return 0
            }
            let done = try await client.kvDelete(subject, [("cas", flags["modify-index"])])
            if done {
                console.out("Success! Deleted key: \(subject)")
                return 0
            }
            console.error("Error! Did not delete key \(subject): CAS failed")
            return 1
        }
    }

    private func problem(_ key: String, _ flags: ParsedFlags) -> String? {
        let recurses = flags.isOn("recurse")
        if key.isEmpty, !recurses { return "Error! Missing KEY argument" }
        if flags.has("modify-index"), !flags.isOn("cas") {
            return "Cannot specify -modify-index without -cas!"
        }
        if flags.isOn("cas"), flags["modify-index"].isEmpty {
            return "Must specify -modify-index with -cas!"
        }
        if flags.isOn("cas"), recurses { return "Cannot specify both -cas and -recurse!" }
        return nil
    }
}
