/// The path of the web UI.
package struct UISettings: Sendable {
    package var isEnabled = false
    package var contentPath = "/ui/"
    init() {}

    static let settings: [Setting] = [
        Setting(
            "ui", \.ui.isEnabled, "Enables the built-in static web UI server.", flag: "ui",
            dev: true),
        Setting(
            "ui_content_path", \.ui.contentPath,
            "Sets the external UI path to a string. Defaults to: /ui/", flag: "ui-content-path",
            check: path),
    ]

    @Sendable private static func path(_ text: String) -> String? {
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || [0x2D, 0x5F, 0x2F].contains(byte)
        }
        return isPlain
            ? nil : "\(quoted(text)) may hold letters, digits, '-', '_' and '/' alone"
    }

    /// The path with one slash at each end.
    package var path: String {
        let parts = contentPath.split(separator: "/").joined(separator: "/")
        return parts.isEmpty ? "/" : "/\(parts)/"
    }
}
