package import ConsulClient
package import PluginAPI
package import Wire

/// Prints values for the user.
package enum Output {
    package static func json(_ value: some WireValue) -> String {
        String(decoding: JSONWriter.encode(value, pretty: true, audience: .client), as: UTF8.self)
    }
}

extension Command {
    /// Prints an error if arguments were given to a command without any.
    package func takesNoArguments(_ flags: ParsedFlags, _ console: Console) -> Bool {
        let count = flags.arguments.count
        if count == 0 { return true }
        console.error("Too many arguments (expected 0, got \(count))")
        return false
    }

    /// Runs `body` with a client made from the flags; its errors go to stderr, and the exit code
    /// is 1.
    package func withClient(
        _ flags: ParsedFlags, _ console: Console,
        doing what: String = "Error querying Consul agent",
        _ body: (ConsulClient) async throws(ConsulClientError) -> Int32
    ) async -> Int32 {
        let client: ConsulClient
        do {
            client = try ClientFlags.client(flags)
        } catch {
            console.error("Error connecting to Consul agent: \(error)")
            return 1
        }
        let code: Int32
        do throws(ConsulClientError) {
            code = try await body(client)
        } catch {
            console.error("\(what): \(error)")
            code = 1
        }
        await client.shutdown()
        return code
    }
}
