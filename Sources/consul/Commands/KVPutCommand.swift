import ClientCommands
import ConsulClient
import Platform
import PluginAPI
import Primitives

/// `consul kv put`.
struct KVPutCommand: Command {
    let path = ["kv", "put"]
    let synopsis = "Sets or updates data in the KV store"
    let usage = """
        Usage: consul kv put [options] KEY [DATA]

          Writes the data to the given path in the key-value store. The data can be of any type.

              $ consul kv put app/mode production

          Data can also be consumed from a file by prefixing with the "@" symbol, or from stdin with
          the "-" symbol.

              $ consul kv put app/config @app.json
              $ echo "abcd1234" | consul kv put app/key -
        """
    let flags =
        ClientFlags.all + [
            Flag(
                "acquire", .bool,
                "Obtain a lock on the key. If the key does not exist, this operation will create "
                    + "the key and obtain the lock. The session must already exist and be "
                    + "specified via the -session flag. The default value is false."),
            Flag("base64", .bool, "Treat the data as base 64 encoded. The default value is false."),
            Flag(
                "cas", .bool,
                "Perform a Check-And-Set operation. Specifying this value also requires the "
                    + "-modify-index flag to be set. The default value is false."),
            Flag(
                "flags", .value,
                "Unsigned integer value to assign to this key-value pair. This value is not read "
                    + "by Consul, so clients can use this value however makes sense for their use "
                    + "case. The default value is 0 (no flags).",
                type: "uint"),
            Flag(
                "lease", .value,
                "Let the key live as long as this other key, which has a -ttl: it is deleted with "
                    + "that one. HashiCorp's agents ignore this and keep the key.",
                type: "key"),
            Flag(
                "modify-index", .value,
                "Unsigned integer representing the ModifyIndex of the key. This is used in "
                    + "combination with the -cas flag.",
                type: "uint"),
            Flag(
                "release", .bool,
                "Forfeit the lock on the key at the given path. This requires the -session flag "
                    + "to be set. The default value is false."),
            Flag(
                "session", .value,
                "User-defined identifer for this session as a string. This is commonly used with "
                    + "the -acquire and -release operations to build robust locking, but it can be "
                    + "set on any key. The default value is empty (no session)."),
            Flag(
                "ttl", .value,
                "Delete the key by itself after this time, as in \"90s\" or \"24h\", unless it is "
                    + "written again before. By default a key stays. HashiCorp's agents ignore "
                    + "this and keep the key.",
                type: "duration"),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        do throws(UsageError) {
            let (key, data) = try subject(flags)
            if flags.isOn("cas"), !flags.has("modify-index") {
                console.error("Must specify -modify-index with -cas!")
                return 1
            }
            let parameters = try parameters(flags)
            return await withClient(flags, console, doing: "Error! Failed writing data") {
                client throws(ConsulClientError) in
                let done = try await client.kvPut(key, data, parameters)
                if done {
                    console.out("Success! \(Self.outcome(flags)): \(key)")
                    return 0
                }
                if flags.isOn("cas") {
                    console.error("Error! Did not write to \(key): CAS failed")
                } else if flags.isOn("acquire") {
                    console.error("Error! Did not acquire lock")
                } else if flags.isOn("release") {
                    console.error("Error! Did not release lock")
                } else {
                    console.error("Error! Did not write to \(key): CAS failed")
                }
                return 1
            }
        } catch {
            console.error("Error! \(error)")
            return 1
        }
    }

    /// Returns the text for the effective condition when several are given, in the order of the
    /// parameters.
    private static func outcome(_ flags: ParsedFlags) -> String {
        if flags.isOn("cas") { return "Data written to" }
        if flags.isOn("acquire") { return "Lock acquired on" }
        return flags.isOn("release") ? "Lock released on" : "Data written to"
    }

    private func subject(_ flags: ParsedFlags) throws(UsageError) -> (String, [UInt8]) {
        guard let key = flags.arguments.first else {
            throw UsageError(description: "Missing KEY argument")
        }
        guard flags.arguments.count <= 2 else {
            throw UsageError(
                description: "Too many arguments (expected 1 or 2, got \(flags.arguments.count))")
        }
        var data = try DataArgument.read(flags.arguments.count == 2 ? flags.arguments[1] : "")
        if flags.isOn("base64") {
            guard let decoded = Base64.decode(data) else {
                throw UsageError(description: "Cannot base 64 decode data")
            }
            data = decoded
        }
        return (key, data)
    }

    private func parameters(_ flags: ParsedFlags) throws(UsageError) -> [(String, String)] {
        var parameters: [(String, String)] = []
        if flags.has("flags") { parameters.append(("flags", flags["flags"])) }
        if flags.has("ttl") { parameters.append(("ttl", flags["ttl"])) }
        if flags.has("lease") {
            let lease = flags["lease"]
            parameters.append(("lease", String(lease.dropFirst(lease.hasPrefix("/") ? 1 : 0))))
        }
        let index = flags.has("modify-index") ? flags["modify-index"] : "0"
        let locking = ["acquire", "release"].filter { flags.isOn($0) }
        guard locking.isEmpty || flags.has("session") else {
            throw UsageError(
                description: "Missing -session (required with -acquire and -release)")
        }
        // Only one of several conditions has an effect.
        if flags.isOn("cas") {
            parameters.append(("cas", index))
        } else if let verb = locking.first {
            parameters.append((verb, flags["session"]))
        }
        return parameters
    }
}

/// Data on a command line: literal, `@file`, or `-` for stdin.
enum DataArgument {
    /// The bound in bytes; the server accepts less.
    private static let bytesMax = 64 << 20

    static func read(_ argument: String) throws(UsageError) -> [UInt8] {
        do throws(FileError) {
            if argument == "-" { return try Files.readStandardInput(limit: bytesMax) }
            if argument.hasPrefix("@") {
                return try Files.readAny(String(argument.dropFirst()), limit: bytesMax)
            }
            return GivenArguments.bytes(of: argument)
        } catch {
            throw UsageError(description: "Failed to read file: \(error)")
        }
    }
}
