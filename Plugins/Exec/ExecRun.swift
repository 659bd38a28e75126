package import ConsulClient
import ConsulModel
import Platform
import Primitives
import Wire

/// The caller's side of `consul exec`: writes a job held by its own session, fires the event, and
/// follows the nodes' reports until they are complete or quiet.
package struct ExecRun: Sendable {
    let options: ExecOptions
    let client: ConsulClient
    let datacenter: String
    let output: ExecOutput

    /// Makes a run.
    /// - Parameter datacenter: the requested one; empty for the agent's own.
    package init(
        options: ExecOptions, client: ConsulClient, datacenter: String, output: ExecOutput
    ) {
        self.options = options
        self.client = client
        self.datacenter = datacenter
        self.output = output
    }

    func complain(_ text: String) { output.complain(text) }

    /// Prints progress, unless the output is a JSON document.
    func progress(_ text: String, isVerbose: Bool = true) {
        if !options.printsJSON, options.isVerbose || !isVerbose { output.say(text) }
    }

    /// Runs the job on all batches.
    /// - Returns: the exit code.
    package func run() async throws(ConsulClientError) -> Int32 {
        let own = try await client.ownPlace()
        let isForeign = !datacenter.isEmpty && datacenter != own.datacenter
        if isForeign { progress("Remote exec in foreign datacenter, using Session TTL") }
        guard options.namesNodes else {
            let (code, report) = await runBatch(Batch(), own, isForeign)
            return end(code, report)
        }
        let nodes: [String]
        do throws(ConsulClientError) {
            nodes = try await NodeChoice(options, client).nodes()
        } catch {
            complain("Failed to choose nodes: \(error)")
            return ExecExit.failed
        }
        let batches = Batch.plan(nodes, size: options.batch ?? .max)
        var whole = ExecReport()
        for (number, batch) in batches.enumerated() {
            if batches.count > 1 {
                progress(
                    "Batch \(number + 1) of \(batches.count): "
                        + batch.nodes.joined(separator: ", "), isVerbose: false)
            }
            let (code, report) = await runBatch(batch, own, isForeign)
            whole.add(report)
            let isLast = number + 1 == batches.count
            if code == ExecExit.done, !isLast {
                guard await Stop.pause(options.batchPause) else { return ExecExit.failed }
                continue
            }
            whole.skipped = batches.dropFirst(number + 1).flatMap { $0.nodes }
            if !isLast {
                complain("Not run on \(whole.skipped.joined(separator: ", "))")
            }
            return end(code, whole)
        }
        complain("No living node matches")
        return end(ExecExit.jobFailed, whole)
    }

    private func end(_ code: Int32, _ report: ExecReport) -> Int32 {
        if options.printsJSON, code != ExecExit.failed {
            output.say(String(decoding: JSONWriter.encode(report, pretty: true), as: UTF8.self))
        }
        return code
    }

    /// Runs one batch with one session, one job, one event.
    private func runBatch(
        _ batch: Batch, _ own: OwnPlace, _ isForeign: Bool
    ) async -> (Int32, ExecReport) {
        let keeper: SessionKeeper
        do throws(ConsulClientError) {
            let session = try await newSession(own, isForeign)
            keeper = try await SessionKeeper.create(
                session, ttl: Limits.sessionTTL, client: client)
        } catch {
            complain("Failed to create session: \(error)")
            return (ExecExit.failed, ExecReport())
        }
        progress("Created remote execution session: \(keeper.id)")
        var notice = ExecNotice()
        notice.prefix = options.prefix
        notice.session = keeper.id
        let stop = Stop()
        let (code, report) =
            await stop.guarding(keeper, output.complain) { [notice] in
                await begin(notice, batch)
            } ?? (ExecExit.failed, ExecReport())
        // The session is destroyed first: without it no node can write further keys.
        await keeper.destroy()
        _ = try? await client.kvDeleteTree("\(notice.folder)/", timeout: Limits.lastRequestTimeout)
        return (code, report)
    }

    private func newSession(
        _ own: OwnPlace, _ isForeign: Bool
    ) async throws(ConsulClientError) -> NewSession {
        var session = NewSession()
        session.name = "Remote Exec"
        session.behavior = SessionBehavior.delete.rawValue
        guard isForeign else { return session }
        let node: String?
        do throws(ConsulClientError) {
            node = try await client.healthyNode(ofService: "consul")
        } catch {
            throw ConsulClientError(
                "Failed to find Consul server in remote datacenter: \(error)")
        }
        guard let node else {
            throw ConsulClientError("Failed to find Consul server in remote datacenter")
        }
        progress("Binding session to remote node \(node)@\(datacenter)")
        session.name = "Remote Exec via \(own.node)@\(own.datacenter)"
        session.node = node
        session.checks = []
        return session
    }

    private func begin(_ notice: ExecNotice, _ batch: Batch) async -> (Int32, ExecReport) {
        let failure = (ExecExit.failed, ExecReport())
        var job = options.job
        job.wait = Int(options.wait.nanoseconds)
        do throws(ConsulClientError) {
            let value = JSONWriter.encode(job)
            let parameters = [("acquire", notice.session)]
            guard try await client.kvPut(notice.jobKey, value, parameters) else {
                throw ConsulClientError("failed to acquire key \(notice.jobKey)")
            }
        } catch {
            complain("Failed to create job file: \(error)")
            return failure
        }
        progress("Uploaded remote execution spec")
        guard await Stop.pause(options.replicationWait) else { return failure }
        var event = UserEvent()
        event.name = ExecNotice.eventName
        event.payload = Bytes(JSONWriter.encode(notice))
        event.nodeFilter = batch.nodes.isEmpty ? options.node : batch.filter
        if batch.nodes.isEmpty {
            event.serviceFilter = options.service
            event.tagFilter = options.tag
        }
        do throws(ConsulClientError) {
            let fired = try await client.fire(event)
            progress("Fired remote execution event: \(fired.id)")
        } catch {
            complain("Failed to fire event: \(error)")
            return failure
        }
        var follow = ResultsFollow(run: self, notice: notice, expected: Set(batch.nodes))
        return await follow.run()
    }
}
