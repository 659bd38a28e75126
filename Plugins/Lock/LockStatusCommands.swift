import ClientCommands
import ConsulClient
package import PluginAPI
import Wire

/// Runs `consul lock list`: lists locks and their holders.
package struct LockListCommand: Command {
    package let path = ["lock", "list"]
    package let synopsis = "Lists locks and their holders"
    package let usage = """
        Usage: consul lock list [options] [PREFIX]

          Lists the locks and semaphores at and below a prefix, or all of them: those of consul
          lock, and of other programs with the same layout.

          To hold a lock whose prefix is the word list, write a slash before it: consul lock /list …
        """
    package let flags = ClientFlags.all + [Flag.format]

    package init() {}

    package func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count <= 1 else {
            console.error("Too many arguments (expected at most 1, got \(flags.arguments.count))")
            return 1
        }
        return await withClient(flags, console, doing: "Error listing locks") {
            client throws(ConsulClientError) in
            let locks = try await client.locks(
                below: LockPath.cleaned(flags.arguments.first ?? ""))
            if flags["format"] == "json" {
                console.out(Output.json(locks))
                return 0
            }
            console.out(
                Table.format(
                    [["Prefix", "Kind", "Holders", "Waiters", "Held By"]]
                        + locks.map { lock in
                            [
                                lock.prefix, lock.kind,
                                lock.limit > 1
                                    ? "\(lock.holders.count) of \(lock.limit)"
                                    : "\(lock.holders.count)",
                                "\(lock.waiters.count)",
                                lock.holders.map { $0.node }.joined(separator: ","),
                            ]
                        }))
            return 0
        }
    }
}

/// Runs `consul lock show`: shows one lock with its waiters.
package struct LockShowCommand: Command {
    package let path = ["lock", "show"]
    package let synopsis = "Shows the holders and the waiters of a lock"
    package let usage = """
        Usage: consul lock show [options] PREFIX

          Shows the sessions that hold a lock or a semaphore, and those known to wait for it.
          Only holders and waiters with -fair or -shared record a time; the index of the others
          rises with time.

          The exit code is 2 without a holder.
        """
    package let flags = ClientFlags.all + [Flag.format]

    package init() {}

    package func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard let prefix = LockPrefix.only(flags, console) else { return 1 }
        return await withClient(flags, console, doing: "Error reading the lock") {
            client throws(ConsulClientError) in
            guard let lock = try await client.lock(at: prefix) else {
                console.error("There is no lock at \(prefix)")
                return 2
            }
            let code: Int32 = lock.holders.isEmpty ? 2 : 0
            if flags["format"] == "json" {
                console.out(Output.json(lock))
                return code
            }
            let kind = lock.limit > 1 ? "\(lock.kind), \(lock.limit) may hold it" : lock.kind
            console.out("\(lock.prefix): \(kind)\n")
            console.out(
                Table.format(
                    [["State", "Node", "Since", "Index", "Session", "Name"]]
                        + lock.holders.map { Self.row("held", $0) }
                        + lock.waiters.map { Self.row("waits", $0) }))
            return code
        }
    }

    private static func row(_ state: String, _ party: LockParty) -> [String] {
        [
            party.mode == "shared" ? "\(state) shared" : state, party.node,
            party.since.isEmpty ? "-" : party.since, "\(party.index)", party.session, party.name,
        ]
    }
}

/// Runs `consul lock break`: ends the sessions that hold a lock.
package struct LockBreakCommand: Command {
    package let path = ["lock", "break"]
    package let synopsis = "Takes a lock away from its holders"
    package let usage = """
        Usage: consul lock break [options] PREFIX

          Ends the sessions that hold a lock or a semaphore, after a confirmation. consul lock then
          kills its child; another can hold the lock when the lock-delay, 15 seconds, is over. A
          semaphore's slot has no such delay: it is free while the old holder's child still ends.

          The exit code is 2 without a holder, 3 when the answer was no.
        """
    package let flags =
        ClientFlags.all + [
            Flag("force", .bool, "Do not ask for a confirmation."),
            Flag(
                "session", .value,
                "End only this session, where a lock or a semaphore has several holders."),
        ]

    package init() {}

    package func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard let prefix = LockPrefix.only(flags, console) else { return 1 }
        return await withClient(flags, console, doing: "Error breaking the lock") {
            client throws(ConsulClientError) in
            var holders = try await client.lock(at: prefix)?.holders ?? []
            if flags.has("session") { holders = holders.filter { $0.session == flags["session"] } }
            guard !holders.isEmpty else {
                console.error("\(prefix) has no holder")
                return 2
            }
            for holder in holders {
                console.out(
                    "\(prefix) is held by \(holder.session) (\(holder.name)) on \(holder.node)")
            }
            if !flags.isOn("force"), !Self.isSure(console) {
                console.error("Nothing was done")
                return 3
            }
            for holder in holders {
                try await client.sessionDestroy(holder.session)
                console.out("Ended session \(holder.session)")
            }
            return 0
        }
    }

    private static func isSure(_ console: Console) -> Bool {
        console.writeErrorBytes(Array("Take it away? [y/N] ".utf8))
        guard let answer = readLine() else { return false }
        return ["y", "yes"].contains(answer.lowercased())
    }
}

enum LockPrefix {
    static func only(_ flags: ParsedFlags, _ console: Console) -> String? {
        guard flags.arguments.count == 1 else {
            console.error("This command takes one argument: the lock's prefix")
            return nil
        }
        return LockPath.cleaned(flags.arguments[0])
    }
}
