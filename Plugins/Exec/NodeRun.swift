import ConsulConfig
import ConsulModel
import PluginAPI
import Primitives
import Wire

/// One job on this node, from reading its key to writing its exit code.
struct NodeRun: Sendable {
    let event: UserEvent
    let notice: ExecNotice
    /// The rules at the event's arrival.
    let rules: RemoteExecRules
    let context: ResponderContext

    // MARK: Keys

    /// Reads the caller's job: by a stale read first, which costs the leader nothing.
    func job() async -> ExecJob? {
        for consistency in [QueryOptions.Consistency.stale, .standard] {
            var query = KeyRequest(notice.jobKey)
            query.options.consistency = consistency
            do {
                guard let entry = try await context.backend.call(.kvsGet, query).value.first
                else { continue }
                return try JSONReader.decode(ExecJob.self, from: entry.value.array)
            } catch {
                context.log(.error, "failed to get remote exec job", [("error", "\(error)")])
                return nil
            }
        }
        context.log(.debug, "remote exec aborted, job spec missing", [("id", event.id)])
        return nil
    }

    /// Writes a result.
    /// - Returns: false when the caller is gone, or the store cannot be written.
    func write(_ result: ExecResult, _ value: [UInt8]) async -> Bool {
        var entry = KVEntry()
        entry.key = notice.key(context.nodeName, result)
        entry.value = Bytes(value)
        entry.session = notice.session
        var request = KVSRequest(.lock, entry)
        request.datacenter = context.datacenter
        for attempt in 1...Limits.writeTriesMax {
            do throws(ConsulError) {
                if try await context.backend.call(.kvsApply, request) { return true }
                context.log(.error, "failed to write a remote exec result", [("key", entry.key)])
                return false
            } catch {
                let mayPass = error.kind == .noLeader && attempt < Limits.writeTriesMax
                if mayPass, await pause(Limits.writeRetry) { continue }
                context.log(
                    .error, "failed to write a remote exec result",
                    [("key", entry.key), ("error", "\(error)")])
                return false
            }
        }
        return false
    }

    private func pause(_ wait: GoDuration) async -> Bool {
        await context.clock.sleep(until: context.clock.now() + wait)
    }

    // MARK: The run

    func refuse(_ job: ExecJob, _ reason: String, code: String) async {
        audit(.warning, "remote exec refused", job, [("reason", reason)])
        _ = await write(.part(0), Array("remote exec refused: \(reason)\n".utf8))
        _ = await write(.ended, Array(code.utf8))
    }

    /// Runs the program and writes its output concurrently. The job outlives its caller, as in
    /// Consul: half of a deployment is worse than one without an observer.
    func run(_ job: ExecJob, _ request: ProcessRequest) async {
        let caller = await caller()
        audit(
            .info, "remote exec begins", job,
            [
                ("from", caller), ("runs", request.arguments.joined(separator: " ")),
                ("user", request.user.isEmpty ? "the agent's" : request.user),
            ])
        let started = context.clock.now()
        let (events, feed) = AsyncStream.makeStream(of: OutputUpload.Event.self)
        let gate = OutputGate(most: rules.outputMax)
        let program = Task { [processes = context.processes] in
            let outcome = await processes.run(request) { bytes in
                if let taken = gate.take(bytes) { feed.yield(.output(taken)) }
            }
            feed.yield(.ended(outcome.ending))
            return outcome.ending
        }
        var upload = OutputUpload(
            run: self, wait: GoDuration(nanoseconds: Int64(job.wait)), feed: feed)
        var isReported = await upload.follow(events) != nil
        let (code, reason) = Self.code(await program.value)
        if isReported, let text = [gate.notice, reason].compactMap({ $0 }).first {
            isReported = await upload.add(Array("\(text)\n".utf8))
        }
        if isReported { isReported = await write(.ended, Array(code.utf8)) }
        audit(
            .info, "remote exec ended", job,
            [
                ("code", code), ("took", "\(context.clock.now() - started)"),
                ("output_bytes", "\(gate.total)"), ("reported", "\(isReported)"),
            ])
    }

    /// Returns the node at whose agent the caller made its session.
    private func caller() async -> String {
        let query = SessionSpecificRequest(notice.session)
        let found = try? await context.backend.call(.sessionGet, query).value.first
        return found?.node ?? ""
    }

    private static func code(_ ending: ProcessEnding) -> (code: String, reason: String?) {
        switch ending {
        case .exited(let code): ("\(code)", nil)
        case .signalled: (ExecCode.signalled, nil)
        case .timedOut: (ExecCode.timedOut, "[timed out on this node]")
        case .failedToStart, .cancelled: (ExecCode.failed, nil)
        }
    }

    /// Logs the event, the caller's session and the job, for an audit.
    private func audit(
        _ level: ResponderContext.Level, _ text: String, _ job: ExecJob,
        _ further: [(String, String)]
    ) {
        let shown =
            !job.args.isEmpty
            ? job.args.joined(separator: " ")
            : job.script.isEmpty ? job.command : "a script of \(job.script.count) bytes"
        context.log(
            level, text,
            [("id", event.id), ("session", notice.session), ("command", shown)] + further)
    }
}
