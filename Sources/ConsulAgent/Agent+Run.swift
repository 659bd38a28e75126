import ConsulConfig
import ConsulModel
import HTTPTransport
import LocalAgent
import Logging
import Platform
import Primitives
import Synchronization

extension Agent {
    /// Works until a signal or the API ends the agent.
    /// - Returns: the exit code: 0 after a graceful leave, 1 otherwise, as Consul has it.
    package func run() async -> Int32 {
        let signals = Task { await obeySignals() }
        var isGraceful = false
        for await graceful in ended {
            isGraceful = graceful
            break
        }
        signals.cancel()
        return isGraceful ? 0 : 1
    }

    private func obeySignals() async {
        for await signal in Signals.stream() {
            switch signal {
            case .hangup:
                Task { _ = try? await reload() }
            case .interrupt, .terminate:
                let isFirst = changing.withLock { !$0.isStopping }
                guard isFirst else {
                    // A second signal means now.
                    endedFeed.yield(false)
                    return
                }
                logger.info("Caught", metadata: ["signal": "\(signal.name)"])
                Task { await stop(gracefully: leaves(on: signal)) }
            case .user1:
                logger.info("\(AgentDescription.metricsLine(of: self))")
            }
        }
    }

    private func leaves(on signal: ProcessSignal) -> Bool {
        let node = config.node
        return signal == .interrupt ? !node.skipLeaveOnInterrupt : node.leaveOnTerminate
    }

    package func leave() async { await stop(gracefully: true) }

    /// Ends everything: no new work, then handlers and checks, then the network. Bounded in time.
    package func stop(gracefully: Bool) async {
        let isFirst = changing.withLock { changing in
            defer { changing.isStopping = true }
            return !changing.isStopping
        }
        guard isFirst else { return }
        notify?.stopping()
        logger.info(
            gracefully ? "Gracefully shutting down agent..." : "Graceful shutdown disabled. Exiting")
        if gracefully { await membership.leave() }
        let deadline = Task {
            // Consul gives a graceful leave 15 seconds.
            if await clock.sleep(until: clock.now() + .seconds(15)) { endedFeed.yield(false) }
        }
        await shutDownParts()
        deadline.cancel()
        logger.info("shutdown complete")
        logSink.flush()
        endedFeed.yield(gracefully)
    }

    private func shutDownParts() async {
        runners.stopAll()
        await watches.shutDown()
        await host.stop()
        let (servers, tasks, pidFile) = changing.withLock { changing in
            (changing.servers, changing.tasks, changing.pidFile)
        }
        for task in tasks { task.cancel() }
        for server in servers { await server.stop(grace: .milliseconds(500)) }
        await client.shutdown()
        do throws(FileError) {
            try pidFile?.remove()
        } catch {
            logger.error("cannot remove the PID file", metadata: ["error": "\(error)"])
        }
    }
}
