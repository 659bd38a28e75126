import ClientCommands
import ConsulState
import PluginAPI
import Raft
import RaftNode
import Wire

/// `consul operator raft inspect DATA-DIR`.
struct RaftInspectCommand: PluginAPI.Command {
    let path = ["operator", "raft", "inspect"]
    let synopsis = "Inspects the log of a stopped server"
    let usage = """
        Usage: consul operator raft inspect [options] DATA-DIR

          Reads the log and the snapshots of a server that does not run, checks all of them, and
          says what they hold and what is damaged, with file and place. Nothing is changed. Exits
          with 0 when nothing is damaged, else with 1.
        """
    let flags = [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count == 1 else {
            console.error("Expected a server's data directory")
            return 1
        }
        let directory = flags.arguments[0]
        var contents = StoreContents()
        do throws(RaftNodeError) {
            contents.store = try StoreInspection.look(directory: "\(directory)/raft") {
                contents.count($0)
            }
        } catch {
            if case .locked = error {
                console.error(
                    "An agent runs on \(directory). Stop it first: its log changes meanwhile.")
            } else {
                console.error("Error inspecting the log: \(error)")
            }
            return 1
        }
        console.out(flags["format"] == "json" ? Output.json(contents.json) : contents.text)
        return contents.store.problems.isEmpty ? 0 : 1
    }
}

/// The counts and findings of a store, in printable form.
private struct StoreContents {
    var store = StoreInspection()
    /// The number of entries by the name of their kind.
    private var counts: [String: Int64] = [:]

    mutating func count(_ entry: LogEntry) { counts[Self.name(of: entry), default: 0] += 1 }

    private static func name(of entry: LogEntry) -> String {
        switch entry.kind {
        case .command: break
        case .noop: return "(noop)"
        case .barrier: return "(barrier)"
        case .configuration: return "(configuration)"
        case .addPeer, .removePeer: return "(peers)"
        }
        // Only the first piece of a command contains its type.
        if !entry.extensions.isEmpty { return "(piece of a long command)" }
        guard let type = entry.data.first else { return "(empty)" }
        return MessageType.name(of: type) ?? "(unknown type \(type))"
    }

    private static func suffrage(_ server: Server) -> String {
        switch server.suffrage {
        case .voter: "voter"
        case .nonvoter: "nonvoter"
        case .staging: "staging"
        }
    }

    var text: String {
        let log = store.lastIndex == 0 ? "empty" : "\(store.firstIndex) to \(store.lastIndex)"
        var rows = [
            ["Term", "\(store.hardState.term)"],
            ["Vote", store.hardState.vote.isEmpty ? "-" : store.hardState.vote],
            ["Log", log],
            ["Last term", "\(store.lastTerm)"],
            ["Configuration", "of entry \(store.configurationIndex)"],
        ]
        for server in store.configuration.servers {
            rows.append(["  \(server.id)", "\(server.address) \(Self.suffrage(server))"])
        }
        rows.append(["Entries", "\(counts.values.reduce(0, +))"])
        rows += counts.sorted { $0.key < $1.key }.map { ["  \($0.key)", "\($0.value)"] }
        rows.append(["Snapshots", "\(store.snapshots.count)"])
        rows += store.snapshots.map {
            ["  \($0.id)", "index \($0.index), term \($0.term), \($0.size) bytes"]
        }
        if store.hasPeersFile { rows.append(["peers.json", "takes effect at the next start"]) }
        rows.append(["Problems", store.problems.isEmpty ? "none" : "\(store.problems.count)"])
        let notes = store.notes.map { "Note: \($0)" }
        return ([Table.format(rows)] + store.problems.map { "  \($0)" } + notes)
            .joined(separator: "\n")
    }

    var json: JSONValue {
        let servers = store.configuration.servers.map { server -> JSONValue in
            .object([
                "ID": .string(server.id), "Address": .string(server.address),
                "Suffrage": .string(Self.suffrage(server)),
            ])
        }
        let snapshots = store.snapshots.map { meta -> JSONValue in
            .object([
                "ID": .string(meta.id), "Index": Self.number(meta.index),
                "Term": Self.number(meta.term), "Size": Self.number(meta.size),
            ])
        }
        return .object([
            "Term": Self.number(store.hardState.term), "Vote": .string(store.hardState.vote),
            "FirstIndex": Self.number(store.firstIndex),
            "LastIndex": Self.number(store.lastIndex), "LastTerm": Self.number(store.lastTerm),
            "ConfigurationIndex": Self.number(store.configurationIndex),
            "Servers": .array(servers), "Entries": .object(counts.mapValues { .integer($0) }),
            "Snapshots": .array(snapshots), "PeersFile": .bool(store.hasPeersFile),
            "Problems": .array(store.problems.map { .string("\($0)") }),
            "Notes": .array(store.notes.map { .string($0) }),
        ])
    }

    private static func number(_ value: UInt64) -> JSONValue {
        .integer(Int64(clamping: value))
    }
}
