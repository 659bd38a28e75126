import ConsulConfig
import ConsulDNS
import ConsulModel
import ConsulServer
import HTTPTransport
import LocalAgent
import Logging
import Platform
import Primitives
import Synchronization

extension Agent {
    /// Runs until a signal or the API stops the agent.
    /// - Returns: the exit code: 0 after a graceful leave, 1 otherwise, as in Consul.
    package func run() async -> Int32 {
        let signals = changing.withLock { $0.signals } ?? Signals.stream()
        let handling = Task { await handleSignals(signals) }
        var isGraceful = false
        for await graceful in ended {
            isGraceful = graceful
            break
        }
        handling.cancel()
        ProcessRun.killAll()
        removePIDFile()
        return isGraceful ? 0 : 1
    }

    private func handleSignals(_ signals: AsyncStream<ProcessSignal>) async {
        var isEnding = false
        for await signal in signals {
            switch signal {
            case .hangup:
                logSink.reopenFile()
                // All hangups that arrive before a reload begins cause one reload.
                let isFirst = changing.withLock { changing in
                    defer { changing.isReloadDue = true }
                    return !changing.isReloadDue
                }
                if isFirst { Task { _ = try? await reload() } }
            case .interrupt, .terminate:
                guard !isEnding, changing.withLock({ !$0.isStopping }) else {
                    // A second signal stops at once.
                    endedFeed.yield(false)
                    return
                }
                isEnding = true
                logger.info("Caught", metadata: ["signal": "\(signal.name)"])
                Task { await stop(gracefully: leaves(on: signal)) }
            case .user1:
                dumpMetrics()
            }
        }
    }

    private func leaves(on signal: ProcessSignal) -> Bool {
        let node = config.node
        return signal == .interrupt ? !node.skipLeaveOnInterrupt : node.leaveOnTerminate
    }

    /// Leaves the cluster and returns, then stops in a task of its own: the API's answer still
    /// needs the server that the stop closes.
    package func leave() async {
        await membership.leave()
        Task { await stop(gracefully: true) }
    }

    /// Stops everything: no new work, then handlers and checks, then the network. Bounded in time.
    package func stop(gracefully: Bool) async {
        let isFirst = changing.withLock { changing in
            defer { changing.isStopping = true }
            return !changing.isStopping
        }
        guard isFirst else { return }
        notify?.stopping()
        logger.info(
            gracefully
                ? "Gracefully shutting down agent..." : "Graceful shutdown disabled. Exiting")
        let deadline = Task {
            // Consul gives a graceful leave 15 seconds.
            if await clock.sleep(until: clock.now() + .seconds(15)) { endedFeed.yield(false) }
        }
        // A reload under way finishes first; waiting ones then see `isStopping`.
        await reloads.enter()
        if gracefully { await membership.leave() }
        await shutDownParts()
        reloads.leave()
        deadline.cancel()
        logger.info("shutdown complete")
        logSink.flush()
        endedFeed.yield(gracefully)
    }

    func shutDownParts() async {
        runners.stopAll()
        await watches.shutDown()
        await host.stop()
        let (servers, dns, tasks) = changing.withLock { ($0.servers, $0.dns, $0.tasks) }
        for task in tasks { task.cancel() }
        await membership.stop()
        await dns?.stop()
        for server in servers { await server.stop(grace: .milliseconds(500)) }
        await serverBackend?.stop()
        removePIDFile()
    }

    private func removePIDFile() {
        let pidFile = changing.withLock { changing in
            defer { changing.pidFile = nil }
            return changing.pidFile
        }
        do throws(FileError) {
            try pidFile?.remove()
        } catch {
            logger.error("cannot remove the PID file", metadata: ["error": "\(error)"])
        }
    }
}
