import Primitives
import Wire

/// Settings of Consul 1.8 for parts that do not exist here yet: read, checked for their type,
/// stored under their name, and named in one warning.
enum StoredSettings {
    static let settings: [Setting] =
        protocols + acl + secrets + tls + mesh + server
        + ui + inner

    private static let protocols: [Setting] = [
        .later(
            "protocol", 2, "Sets the protocol version. Defaults to latest.", flag: "protocol"),
        .later(
            "raft_protocol", 3, "Sets the Raft protocol version. Defaults to latest.",
            flag: "raft-protocol"),
        .later("performance.leave_drain_time", GoDuration.seconds(5), "Pause before leaving."),
        .later(
            "performance.rpc_hold_timeout", GoDuration.seconds(7),
            "How long a call waits for a leader."),
        .later("limits.rpc_handshake_timeout", GoDuration.seconds(5), "Of RPC connections."),
        .later("limits.rpc_max_conns_per_client", 100, "RPC connections of one address."),
        .later("limits.rpc_rate", -1.0, "Calls a second that a client makes; -1 is no bound."),
        .later("limits.rpc_max_burst", 1000, "Calls that a client may save up."),
        .later("cache.entry_fetch_rate", Double.infinity, "Refreshes a second of one entry."),
        .later("cache.entry_fetch_max_burst", 2, "Refreshes that an entry may save up."),
    ]

    private static let acl: [Setting] = [
        .later("acl.enabled", false, "Check permissions."),
        .later("acl.default_policy", "allow", "What no rule says."),
        .later("acl.down_policy", "extend-cache", "When the authority cannot be reached."),
        .later("acl.enable_key_list_policy", false, "The list permission on keys."),
        .later("acl.enable_token_persistence", false, "Keep tokens set by API."),
        .later("acl.enable_token_replication", false, "Copy tokens from the primary."),
        .later("acl.msp_disable_bootstrap", false, "Not used by this edition."),
        .later("acl.policy_ttl", GoDuration.seconds(30), "Of cached policies."),
        .later("acl.role_ttl", GoDuration.zero, "Of cached roles."),
        .later("acl.token_ttl", GoDuration.seconds(30), "Of cached tokens."),
        .later("acl.disabled_ttl", GoDuration.seconds(120), "Of the cached absence of ACLs."),
        .later(
            "acl.tokens.managed_service_provider", JSONValue.null, "Not used by this edition.",
            secret: true),
        .later("acl_datacenter", "", "Older name of primary_datacenter."),
        .later("acl_default_policy", "", "Older name of acl.default_policy."),
        .later("acl_down_policy", "", "Older name of acl.down_policy."),
        .later(
            "acl_enable_key_list_policy", false, "Older name of acl.enable_key_list_policy."),
        .later("acl_disabled_ttl", "", "Older name of acl.disabled_ttl."),
        .later("acl_enforce_version_8", true, "No effect since Consul 1.0."),
        .later("acl_ttl", "", "Older name of acl.token_ttl."),
        .later("enable_acl_replication", false, "Older name of acl.enable_token_replication."),
    ]

    private static let secrets: [Setting] = [
        "acl.tokens.master", "acl.tokens.replication", "acl.tokens.agent_master",
        "acl.tokens.default", "acl.tokens.agent", "acl_agent_master_token", "acl_agent_token",
        "acl_master_token", "acl_replication_token", "acl_token",
    ].map { name in Setting.later(name, "", "A token.", secret: true) }

    private static let tls: [Setting] = [
        .later("server_name", "", "The name that the certificate is checked for."),
        .later("tls_cipher_suites", "", "Names with commas between."),
        .later("tls_prefer_server_cipher_suites", false, "The server's order counts."),
        .later("verify_incoming_rpc", false, "The same for RPC alone."),
        .later("verify_outgoing", false, "Use TLS towards servers."),
        .later("verify_server_hostname", false, "Servers must be named server.<dc>.<domain>."),
        .later("auto_encrypt.tls", false, "Get the certificate from the servers."),
        .later("auto_encrypt.allow_tls", false, "Give certificates to clients."),
        .later("auto_encrypt.dns_san", [String](), "Names in the certificate."),
        .later("auto_encrypt.ip_san", [String](), "Addresses in the certificate."),
        .later(
            "auto_config", JSONValue.null, "Get the configuration from the servers.", secret: true),
    ]

    private static let mesh: [Setting] = [
        .later(
            "primary_gateways", [String](),
            "Address of a mesh gateway in the primary datacenter to use to bootstrap WAN "
                + "federation at start time with retries enabled. Can be specified multiple times.",
            flag: "primary-gateway"),
        .later(
            "primary_gateways_interval", GoDuration.seconds(30),
            "Time to wait between attempts to reach the primary's gateways."),
        .later("connect.enabled", false, "The service mesh.", dev: true),
        .later("connect.ca_provider", "", "Who issues the mesh's certificates."),
        .later("connect.ca_config", JSONValue.null, "How the issuer is set up.", secret: true),
        .later("connect.enable_mesh_gateway_wan_federation", false, "Join through gateways."),
        .later("config_entries.bootstrap", [JSONValue](), "Entries written when absent."),
        .later("enable_central_service_config", false, "Apply service-defaults entries."),
        .later("ports.proxy_min_port", 20000, "Of managed proxies."),
        .later("ports.proxy_max_port", 20255, "Of managed proxies."),
        .later("ports.sidecar_min_port", 21000, "Of sidecar services without a port."),
        .later("ports.sidecar_max_port", 21255, "Of sidecar services without a port."),
        .later("ports.expose_min_port", 21500, "Of exposed check paths."),
        .later("ports.expose_max_port", 21755, "Of exposed check paths."),
    ]

    private static let server: [Setting] = [
        .later("autopilot.cleanup_dead_servers", true, "Remove failed servers."),
        .later("autopilot.disable_upgrade_migration", false, "Not used by this edition."),
        .later(
            "autopilot.last_contact_threshold", GoDuration.milliseconds(200),
            "Silence after which a server is unhealthy."),
        .later(
            "autopilot.max_trailing_logs", 250, "Behind which a server is unhealthy.",
            check: SettingChecks.notNegative),
        .later("autopilot.min_quorum", 0, "Servers that are never removed."),
        .later("autopilot.redundancy_zone_tag", "", "Not used by this edition."),
        .later(
            "autopilot.server_stabilization_time", GoDuration.seconds(10),
            "Health needed before a server votes."),
        .later("autopilot.upgrade_version_tag", "", "Not used by this edition."),
        .later(
            "non_voting_server", false,
            "(Enterprise-only) This flag is used to make the server not participate in the Raft "
                + "quorum.",
            flag: "non-voting-server"),
        .later(
            "segment", "", "(Enterprise-only) Sets the network segment to join.", flag: "segment"),
        .later("segments", [JSONValue](), "(Enterprise-only) Network segments."),
        .later("audit", JSONValue.null, "(Enterprise-only) The audit log."),
    ]

    private static let ui: [Setting] = [
        .later(
            "ui_dir", "", "Path to directory containing the web UI resources.", flag: "ui-dir")
    ]

    /// Only Consul's own tests set these, but it refuses none of them.
    private static let inner: [Setting] = [
        .later("ae_interval", GoDuration.seconds(60), "Between full syncs."),
        .later(
            "check_deregister_interval_min", GoDuration.seconds(60),
            "The shortest wait before a removal."),
        .later(
            "check_reap_interval", GoDuration.seconds(30), "Between looks for services to remove."),
        .later("consul", JSONValue.null, "Timing of Raft and coordinates."),
        .later("revision", "", "Part of the version shown."),
        .later("segment_limit", 64, "Not used by this edition."),
        .later("segment_name_limit", 64, "Not used by this edition."),
        .later("snapshot_agent", JSONValue.null, "(Enterprise-only) Regular snapshots."),
        .later(
            "sync_coordinate_interval_min", GoDuration.seconds(15),
            "Between updates of coordinates."),
        .later("sync_coordinate_rate_target", 64.0, "Updates of coordinates a second."),
        .later("tagged_addresses", [String: String](), "Further addresses of the node."),
        .later("version", "", "The version shown."),
        .later("version_prerelease", "", "Part of the version shown."),
    ]
}
