import ConsulModel
import Logging
import Platform
import PluginAPI
import Synchronization

/// Hands events to the plugins that answer to their names.
final class Responders: Sendable {
    private let registry: @Sendable () -> PluginRegistry
    private let context: Mutex<ResponderContext>

    init(_ context: ResponderContext, registry: @escaping @Sendable () -> PluginRegistry) {
        self.registry = registry
        self.context = Mutex(context)
    }

    /// Replaces the settings, from the next event on.
    func update(_ settings: PluginSettings) { context.withLock { $0.settings = settings } }

    /// - Returns: false when nobody answers to this event: it goes its ordinary way.
    func take(_ event: UserEvent) -> Bool {
        guard let responder = registry().eventResponders[event.name] else { return false }
        let context = context.withLock { $0 }
        Task { await responder.respond(to: event, in: context) }
        return true
    }

    static func log(_ logger: Logger)
        -> @Sendable (
            ResponderContext.Level, String, [(String, String)]
        ) -> Void
    {
        { level, text, details in
            var metadata: Logger.Metadata = [:]
            for (name, value) in details { metadata[name] = "\(value)" }
            logger.log(level: Self.level(level), "\(text)", metadata: metadata)
        }
    }

    private static func level(_ level: ResponderContext.Level) -> Logger.Level {
        switch level {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
