import ConsulClient
import Dispatch
import Glibc

/// Chooses the example, and cancels it on SIGINT and SIGTERM.
@main
enum Main {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        let (ends, feed) = AsyncStream<Void>.makeStream()
        var sources: [any DispatchSourceSignal] = []
        for number in [SIGINT, SIGTERM] {
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { @Sendable in feed.yield() }
            // Before any work that an end would have to undo.
            await withCheckedContinuation { continuation in
                source.setRegistrationHandler { @Sendable in continuation.resume() }
                source.resume()
            }
            sources.append(source)
        }
        let task = Task { try await run(words) }
        let watching = Task {
            for await _ in ends { task.cancel() }
        }
        defer {
            watching.cancel()
            for source in sources { source.cancel() }
        }
        do {
            try await task.value
        } catch  where task.isCancelled {
            // The call was cancelled because the program is ending.
        } catch {
            say("error: \(error)")
            exit(1)
        }
    }

    private static func run(_ words: [String]) async throws {
        let address = getenv("CONSUL_HTTP_ADDR").map { String(cString: $0) } ?? "127.0.0.1:8500"
        let client = try ConsulClient(address: address)
        do {
            switch (words.first, words.count) {
            case ("leader-election", 2): try await leaderElection(client, key: words[1])
            case ("config-reload", 2): try await configReload(client, key: words[1])
            case ("service-heartbeat", 3):
                try await serviceHeartbeat(client, name: words[1], port: Int(words[2]) ?? 0)
            default:
                say("usage: client-examples leader-election KEY | config-reload KEY")
                say("       | service-heartbeat NAME PORT")
            }
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }
}

/// Writes a line at once, also into a pipe.
func say(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}
