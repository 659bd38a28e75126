package import ConsulModel
package import Logging
package import PluginAPI
import Synchronization

/// Passes events to the plugins that respond to their names.
package final class Responders: Sendable {
    private let registry: @Sendable () -> PluginRegistry
    private let context: Mutex<ResponderContext>

    package init(_ context: ResponderContext, registry: @escaping @Sendable () -> PluginRegistry) {
        self.registry = registry
        self.context = Mutex(context)
    }

    /// Replaces the settings. They apply from the next event on.
    package func update(_ settings: PluginSettings) { context.withLock { $0.settings = settings } }

    /// Starts the responder of an event. Returns false when no plugin responds to it.
    func respond(to event: UserEvent) -> Bool {
        guard let responder = registry().eventResponders[event.name] else { return false }
        let context = context.withLock { $0 }
        Task { await responder.respond(to: event, in: context) }
        return true
    }

    /// Returns the responders' log function, which writes to `logger`.
    package static func log(_ logger: Logger)
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
