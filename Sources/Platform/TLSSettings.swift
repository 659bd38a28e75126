package import NIOSSL

/// The certificates of a TLS end, as paths of the configuration.
package struct TLSSettings: Hashable, Sendable {
    /// PEM files of this end: the certificate (with its chain) and its key. Both or none.
    package var certificateFile: String?
    package var keyFile: String?
    /// The trusted authorities: a PEM file or a directory of them; none: the system's.
    package var authorityFile: String?
    package var authorityPath: String?
    /// For a server: requires and verifies the client's certificate.
    package var verifiesIncoming = false
    /// For a client: accepts any certificate. For tests, and for checks configured so.
    package var skipsVerification = false
    /// For a client: verifies the chain but not the name.
    package var skipsNameVerification = false
    /// For a client: the name expected in the server's certificate, when not the dialled one.
    package var serverName: String?
    /// `tls10` to `tls13`, as in Consul.
    package var minimumVersion = "tls12"

    package init() {}

    /// Returns a server's context. Errors name the file at fault.
    /// - Parameter protocols: the server's protocols, for clients that negotiate one (ALPN).
    package func serverContext(
        protocols: [String] = ["http/1.1"]
    ) throws(TLSError) -> NIOSSLContext {
        guard let certificateFile, let keyFile else {
            throw TLSError("TLS needs a certificate file and a key file")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try chain(certificateFile), privateKey: try key(keyFile))
        configuration.minimumTLSVersion = try version()
        configuration.applicationProtocols = protocols
        if verifiesIncoming {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = try authorities()
        }
        return try context(configuration)
    }

    /// Returns a client's configuration, for callers that make contexts themselves.
    package func clientConfiguration() throws(TLSError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = try version()
        if skipsVerification {
            configuration.certificateVerification = .none
        } else if skipsNameVerification {
            configuration.certificateVerification = .noHostnameVerification
        }
        configuration.trustRoots = try authorities()
        if let certificateFile, let keyFile {
            configuration.certificateChain = try chain(certificateFile)
            configuration.privateKey = try key(keyFile)
        } else if certificateFile != nil || keyFile != nil {
            throw TLSError("a TLS client certificate needs both a certificate and a key file")
        }
        return configuration
    }

    /// Validates a client's own certificate and key, before any connection.
    package func checkOwnCertificate() throws(TLSError) {
        guard let certificateFile, let keyFile else { return }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates([])
        configuration.certificateChain = try chain(certificateFile)
        configuration.privateKey = try key(keyFile)
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSError(
                "private key does not match public key: \(keyFile) and \(certificateFile)")
        }
    }

    package func clientContext() throws(TLSError) -> NIOSSLContext {
        try context(try clientConfiguration())
    }

    // MARK: Files

    private func chain(_ path: String) throws(TLSError) -> [NIOSSLCertificateSource] {
        try readable(path, "certificate file")
        do {
            let all = try NIOSSLCertificate.fromPEMFile(path)
            if all.isEmpty { throw TLSError("certificate file \(path): holds no certificate") }
            return all.map { .certificate($0) }
        } catch {
            throw TLSError("certificate file \(path): no PEM certificate in it (\(error))")
        }
    }

    private func key(_ path: String) throws(TLSError) -> NIOSSLPrivateKeySource {
        try readable(path, "key file")
        do {
            return .privateKey(try NIOSSLPrivateKey(file: path, format: .pem))
        } catch {
            throw TLSError("key file \(path): no PEM private key in it (\(error))")
        }
    }

    private func authorities() throws(TLSError) -> NIOSSLTrustRoots {
        var certificates: [NIOSSLCertificate] = []
        if let authorityFile { certificates += try pem(authorityFile) }
        if let authorityPath {
            let names: [String]
            do {
                names = try Files.list(authorityPath)
            } catch {
                throw TLSError("CA path: \(error)")
            }
            for name in names {
                let path = "\(authorityPath)/\(name)"
                if !Files.isDirectory(path) { certificates += try pem(path) }
            }
        }
        guard authorityFile != nil || authorityPath != nil else { return .default }
        return .certificates(certificates)
    }

    private func pem(_ path: String) throws(TLSError) -> [NIOSSLCertificate] {
        try readable(path, "CA file")
        do {
            return try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw TLSError("CA file \(path): no PEM certificate in it (\(error))")
        }
    }

    private func readable(_ path: String, _ what: String) throws(TLSError) {
        do {
            _ = try Files.read(path, limit: 4 * 1024 * 1024)
        } catch {
            throw TLSError("\(what): \(error)")
        }
    }

    private func version() throws(TLSError) -> TLSVersion {
        switch minimumVersion.lowercased() {
        case "tls10", "tlsv1_0": return .tlsv1
        case "tls11", "tlsv1_1": return .tlsv11
        case "", "tls12", "tlsv1_2": return .tlsv12
        case "tls13", "tlsv1_3": return .tlsv13
        default: throw TLSError("unknown TLS version \(minimumVersion.debugDescription)")
        }
    }

    private func context(_ configuration: TLSConfiguration) throws(TLSError) -> NIOSSLContext {
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            let files = [certificateFile, keyFile].compactMap { $0 }.joined(separator: ", ")
            throw TLSError("TLS with \(files.isEmpty ? "system defaults" : files): \(error)")
        }
    }
}
