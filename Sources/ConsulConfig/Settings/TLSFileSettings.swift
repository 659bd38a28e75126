/// The files and rules of TLS, for HTTPS and for HTTPS checks that use the agent's certificate.
package struct TLSFileSettings: Sendable {
    package var certificateFile = ""
    package var keyFile = ""
    package var authorityFile = ""
    package var authorityPath = ""
    package var minimumVersion = "tls12"
    package var verifyIncoming = false
    package var verifyIncomingHTTPS = false
    init() {}

    static let settings: [Setting] = [
        Setting("cert_file", \.tls.certificateFile, "The agent's certificate.", reloads: true),
        Setting("key_file", \.tls.keyFile, "The agent's key.", reloads: true),
        Setting(
            "ca_file", \.tls.authorityFile, "Certificates of the authorities trusted.",
            reloads: true),
        Setting(
            "ca_path", \.tls.authorityPath, "A directory of such certificates.", reloads: true),
        Setting(
            "tls_min_version", \.tls.minimumVersion, "The lowest version spoken.", check: version),
        Setting("verify_incoming", \.tls.verifyIncoming, "Ask clients for certificates."),
        Setting(
            "verify_incoming_https", \.tls.verifyIncomingHTTPS, "The same for HTTPS alone."),
    ]

    @Sendable private static func version(_ text: String) -> String? {
        ["tls10", "tls11", "tls12", "tls13"].contains(text)
            ? nil : "expected tls10, tls11, tls12 or tls13, found \(quoted(text))"
    }
}
