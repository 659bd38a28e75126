import Primitives
import Wire

/// Rules about TLS, ACLs and keys, and about parts that do not exist here: settings that request
/// protection are refused where there is none.
extension Validation {
    mutating func checkSecurity() {
        guard scope == .agent, isComplete else { return }
        checkTLSFiles()
        checkACL()
        checkGossipKey()
    }

    // MARK: TLS

    private mutating func checkTLSFiles() {
        let tls = config.tls
        let hasAuthority = !tls.authorityFile.isEmpty || !tls.authorityPath.isEmpty
        let hasCertificate = !tls.certificateFile.isEmpty && !tls.keyFile.isEmpty
        for name in ["verify_outgoing", "verify_server_hostname"]
        where !hasAuthority && isOn(name) {
            refuse(
                name,
                "VerifyOutgoing set, and no CA certificate provided! (set ca_file or ca_path)")
        }
        let asksClients = [
            ("verify_incoming", tls.verifyIncoming),
            ("verify_incoming_https", tls.verifyIncomingHTTPS),
            ("verify_incoming_rpc", isOn("verify_incoming_rpc")),
        ]
        for (name, isOn) in asksClients where isOn {
            if !hasAuthority {
                refuse(
                    name,
                    "VerifyIncoming set but no CA certificates were provided (set ca_file or "
                        + "ca_path)")
            } else if !hasCertificate, !self.isOn("auto_encrypt.tls") {
                refuse(
                    name,
                    "VerifyIncoming requires either a Cert and Key pair in the configuration "
                        + "file, or auto_encrypt/auto_config be enabled")
            }
        }
        if config.node.server, isOn("auto_encrypt.tls") {
            refuse("auto_encrypt.tls", "auto_encrypt.tls can only be used on a client.")
        }
    }

    /// Omits TLS listeners without a certificate, as HashiCorp's agent starts without one.
    mutating func dropListenersWithoutCertificate() {
        guard config.tls.certificateFile.isEmpty || config.tls.keyFile.isEmpty else { return }
        for (name, port, listeners) in [
            ("ports.https", config.ports.https, \ListenAddresses.https),
            ("ports.dns_tls", config.ports.dnsTLS, \ListenAddresses.dnsTLS),
        ] where !config.listen[keyPath: listeners].isEmpty {
            config.listen[keyPath: listeners] = []
            warn(
                name,
                "nothing listens on port \(port): TLS needs a certificate, set cert_file and "
                    + "key_file, or set the port to -1")
        }
    }

    private func isOn(_ name: String) -> Bool { config.stored(name) ?? false }

    // MARK: ACLs

    private mutating func checkACL() {
        let policies: [(String, [String])] = [
            ("default", ["", "allow", "deny"]),
            ("down", ["", "allow", "deny", "extend-cache", "async-cache"]),
        ]
        for (kind, known) in policies {
            for name in ["acl.\(kind)_policy", "acl_\(kind)_policy"] {
                let policy: String = config.stored(name) ?? ""
                if known.contains(policy.lowercased()) { continue }
                refuse(name, "Unsupported \(kind) ACL policy: \(policy)")
            }
        }
        let oldDatacenter: String = config.stored("acl_datacenter") ?? ""
        guard isOn("acl.enabled") || !oldDatacenter.isEmpty else { return }
        for name in ["acl.default_policy", "acl_default_policy"] {
            let policy: String = config.stored(name) ?? ""
            guard policy.lowercased() == "deny" else { continue }
            refuse(
                name,
                "ACLs are not supported yet, and this agent would allow every request where "
                    + "\"deny\" is set: remove the acl settings to run it open, and bind it "
                    + "to addresses that only trusted programs reach")
        }
    }

    // MARK: Keys

    private mutating func checkGossipKey() {
        let key = config.gossip.encrypt
        if key.isEmpty { return }
        guard let bytes = Base64.decode(key) else {
            return refuse("encrypt", "encrypt has invalid key: it is not base64 (consul keygen)")
        }
        if ![16, 24, 32].contains(bytes.count) {
            refuse(
                "encrypt",
                "Invalid key: key size must be 16, 24 or 32 bytes, not \(bytes.count) "
                    + "(consul keygen)")
        }
    }

    // MARK: Parts that do not exist

    /// Refuses settings of parts that do not exist here where HashiCorp's agent refuses them too.
    mutating func checkLater() {
        guard scope == .agent else { return }
        let segment: String = config.stored("segment") ?? ""
        let segments: [JSONValue] = config.stored("segments") ?? []
        for (name, isGiven) in [("segment", !segment.isEmpty), ("segments", !segments.isEmpty)]
        where isGiven {
            refuse(name, "Network segments are not supported in this version of Consul")
        }
        let directory: String = config.stored("ui_dir") ?? ""
        if config.ui.isEnabled, !directory.isEmpty {
            refuse(
                "ui_dir",
                "Both the ui and ui-dir flags were specified, please provide only one.")
        }
        let version: Int = config.stored("protocol") ?? 2
        if !(2...3).contains(version) {
            refuse(
                "protocol",
                "Protocol version '\(version)' too \(version < 2 ? "low" : "high"). Must be in "
                    + "range: [2, 3]")
        }
        let raft: Int = config.stored("raft_protocol") ?? 3
        if !(0...3).contains(raft) {
            refuse("raft_protocol", "Protocol version \(raft) must be >= 1 and <= 3")
        }
        let provider: String = config.stored("connect.ca_provider") ?? ""
        if !["", "consul", "vault", "aws-pca"].contains(provider) {
            refuse("connect.ca_provider", "\(provider) is not a valid CA provider")
        }
        if let problem = AddressSettings.modeProblem(config.addresses.unixSocketMode) {
            let sockets = [config.addresses.http, config.addresses.https, config.addresses.grpc]
            let isUsed = sockets.contains { $0.contains("unix://") }
            refuse("unix_sockets.mode", problem, isTolerated: !isUsed)
        }
    }
}
