import NIOSSL
import Platform
import Synchronization

/// Caches the contexts of recent TLS configurations: making one reads the system's authorities,
/// which takes longer than a probe.
final class TLSContexts: Sendable {
    private struct Entry {
        let configuration: TLSConfiguration
        let context: NIOSSLContext
    }
    private let recent = Mutex<[Entry]>([])

    /// Reads the files of the settings again, so that renewed certificates count at once.
    func context(for settings: TLSSettings) throws -> NIOSSLContext {
        let configuration = try settings.clientConfiguration()
        let known = recent.withLock { recent in
            recent.first { $0.configuration.bestEffortEquals(configuration) }?.context
        }
        if let known { return known }
        let context = try NIOSSLContext(configuration: configuration)
        recent.withLock { recent in
            recent.append(Entry(configuration: configuration, context: context))
            recent.removeFirst(max(0, recent.count - Limits.tlsContextsMax))
        }
        return context
    }
}
