/// An error (or warning) in the configuration, in one line: `config.d/web.yaml:12:5:
/// services[0].check.intervall: unknown key (did you mean "interval"?)`.
package struct ConfigError: Error, Hashable, Sendable, CustomStringConvertible {
    package var origin: SourceOrigin
    /// The key's path, `services[0].check.interval`; empty for the file itself.
    package var path: String
    package var message: String
    /// True when a start continues despite this error, without the item or the value;
    /// `consul validate`, a reload and a strict start refuse it.
    package var isTolerated: Bool

    package init(
        _ position: SourcePosition, path: String, _ message: String, isTolerated: Bool = false
    ) {
        self.init(.file(position), path: path, message, isTolerated: isTolerated)
    }

    package init(
        _ origin: SourceOrigin, path: String, _ message: String, isTolerated: Bool = false
    ) {
        self.origin = origin
        self.path = path
        self.message = message
        self.isTolerated = isTolerated
    }

    package var description: String {
        let path = path.isEmpty ? "" : "\(path): "
        switch origin {
        case .standard, .dev: return "\(path)\(message)"
        case .file(let position): return "\(position): \(path)\(message)"
        case .flag(let name): return "-\(name): \(message)"
        }
    }
}

/// Quotes and shortens a text for a message.
func quoted(_ text: String) -> String {
    text.count <= Limits.shownTextMax
        ? "\"\(text)\"" : "\"\(text.prefix(Limits.shownTextMax))…\""
}
