import ConsulConfig
import ConsulDNS
import ConsulHTTP
package import ConsulModel
import HTTPTransport
import LocalAgent
import Logging
import Platform
import PluginAPI
import Primitives
import Synchronization
import TelemetrySinks

extension Agent: AgentControl {
    /// Reads and validates all sources again, then applies all of them or none. Reloads wait for
    /// one another.
    package func reload(isRehearsal: Bool = false) async throws(ConsulError) -> ReloadReport {
        await reloads.enter()
        defer { reloads.leave() }
        let isStopping = changing.withLock { changing in
            changing.isReloadDue = false
            return changing.isStopping
        }
        if isStopping {
            throw ConsulError(.cancelled, "the agent is stopping")
        }
        notify?.reloading()
        defer { notify?.ready() }
        logger.info(isRehearsal ? "Rehearsing a reload..." : "Reloading configuration...")
        let loaded = await host.load(sources)
        let outcome = loaded.outcome
        for warning in outcome.warnings { logger.warning("\(warning)") }
        guard let new = outcome.config else {
            for error in outcome.errors { logger.error("\(error)") }
            logger.error("the old configuration keeps running")
            notify?.status("Reload failed, the old configuration keeps running: see the log")
            await host.discard(loaded)
            throw ConsulError(
                .internal,
                "Errors occurred during reload, the old configuration keeps running:\n"
                    + outcome.errors.map { "\($0)" }.joined(separator: "\n"))
        }
        let difference = ConfigDifference(from: config, to: new)
        if isRehearsal {
            await host.discard(loaded)
            return Self.report(difference)
        }
        // Settings that need a restart keep their old values, and are reported again by the next
        // reload.
        let old = host.install(loaded)
        do throws(ConsulError) {
            try await activate(config.reloaded(with: new), registry: loaded.registry)
        } catch {
            await host.discard(host.install(old))
            throw error
        }
        let pluginChanges = loaded.pluginChanges(from: old)
        await host.release(old)
        host.logFailures()
        var report = Self.report(difference)
        notifyServiceManager(new)
        report.changed += pluginChanges
        for line in report.changed {
            logger.info("Reloaded", metadata: ["change": "\(line)"])
        }
        for line in report.needsRestart {
            logger.warning("Ignored until a restart", metadata: ["change": "\(line)"])
        }
        return report
    }

    /// Applies renewed certificates to new connections. Invalid ones stop the reload.
    private func replaceTLS(_ new: RuntimeConfig) throws(ConsulError) {
        do throws(TLSError) {
            for server in changing.withLock({ $0.servers }) {
                try server.replaceTLS(Listeners.tls(new))
            }
            try changing.withLock({ $0.dns })?.replaceTLS(Self.dnsTLS(new))
        } catch {
            throw ConsulError(.internal, "the old configuration keeps running: \(error)")
        }
    }

    private static func report(_ difference: ConfigDifference) -> ReloadReport {
        var report = ReloadReport()
        report.needsRestart = difference.waiting.map { "\($0)" }
        let waiting = Set(report.needsRestart.map { "setting \($0)" })
        report.changed = difference.report.filter { !waiting.contains($0) }
        return report
    }

    private func activate(_ new: RuntimeConfig, registry: PluginRegistry)
        async
        throws(ConsulError)
    {
        antiEntropy.pause()
        defer { antiEntropy.resume() }
        let dns = changing.withLock { $0.dns }
        do throws(ConsulDNSError) {
            try DNSServer.check(Self.dnsRules(new))
        } catch {
            throw ConsulError(.internal, "the old configuration keeps running: \(error)")
        }
        try replaceTLS(new)
        // Steps that may fail run first; all watches are made before any changes.
        try watches.check(new.watches.map { $0.definition }, registry: registry)
        try await registrar.apply(
            services: new.services.map { $0.definition },
            checks: new.checks.map { $0.definition }, registry: registry,
            policy: ServiceBuilder.policy(new))
        try watches.apply(
            new.watches.map { $0.definition }, registry: registry,
            rules: ServiceBuilder.addedWatchRules(new))
        if let level = Logger.Level(consul: new.logging.level) { logSink.level = level }
        metrics.setFilter(new.telemetry.prefixFilter)
        nodeMeta.node = NodeIdentity.node(new, id: nodeID)
        responders.update(ServiceBuilder.pluginSettings(new))
        antiEntropy.compareSoon()
        let (servers, context) = changing.withLock { changing in
            changing.config = new
            return (changing.servers, changing.context)
        }
        context?.update(Self.faceSettings(new))
        try? dns?.update(Self.dnsRules(new))  // validated above
        for server in servers {
            server.setConnectionsPerClient(new.limits.httpMaxConnectionsPerClient)
        }
    }
}

/// Admits one reload at a time, in order.
final class ReloadQueue: Sendable {
    private struct State {
        var isBusy = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isBusy {
                    state.waiting.append(continuation)
                    return false
                }
                state.isBusy = true
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.isBusy = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
