// swift-tools-version: 6.2
// The floors of the house, lowest first. A target imports lower floors only; the exceptions are
// named next to the target. `swift build --explicit-target-dependency-import-check error` checks it.
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Known mistakes, which the tests have the cores make: none of it is in a release.
let plantedBugs: [SwiftSetting] = [.define("PLANTED_BUGS", .when(configuration: .debug))]

func house(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil,
    settings: [SwiftSetting] = []
) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict + settings)
}

func plugin(_ name: String, in folder: String, _ dependencies: [Target.Dependency] = []) -> Target {
    house(
        name, ["Primitives", "ConsulModel", "PluginAPI"] + dependencies,
        path: "Plugins/\(folder)")
}

func tests(
    of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
    settings: [SwiftSetting] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
        exclude: exclude, resources: [], swiftSettings: strict + settings)
}

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let asyncHTTP: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
    name: "consul",
    products: [
        .executable(name: "consul", targets: ["consul"]),
        .executable(name: "client-examples", targets: ["ClientExamples"]),
        // For programs of others: `import ConsulClient`.
        .library(name: "ConsulClient", targets: ["ConsulClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Async HTTP client brings it along already. SHA-256 alone, behind the target Cryptography.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        // ---- Floor 0: ground ------------------------------------------------------------------
        .systemLibrary(
            name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "CPosix"),  // starting a child, signal handlers: what Swift cannot say
        house("Primitives"),
        house("Wire", ["Primitives"]),  // above Primitives
        house("Cryptography", [crypto]),  // the one target that sees swift-crypto
        house("Vivaldi", ["Primitives", "Wire"]),  // above both: records hold coordinates

        // ---- Floor 1: vocabulary --------------------------------------------------------------
        house("ConsulModel", ["Primitives", "Wire", "Vivaldi"]),

        // ---- Floor 2: pure rules --------------------------------------------------------------
        house("Raft", ["Primitives", "Wire"], settings: plantedBugs),
        house("Memberlist", ["Primitives", "Wire", "Cryptography"], settings: plantedBugs),
        house(
            "Serf", ["Primitives", "Wire", "Vivaldi", "Memberlist"],  // above Memberlist
            settings: plantedBugs),
        house("ConsulState", ["Primitives", "Wire", "Vivaldi", "ConsulModel"]),
        house("ConsulConfig", ["Primitives", "Wire", "ConsulModel", "CLibYAML"]),
        house("Watch", ["Primitives", "Wire", "ConsulModel"]),
        house("Telemetry", ["Primitives", "Wire"]),
        house("DNSWire"),  // knows nothing of Consul
        house("PluginAPI", ["Primitives", "Wire", "ConsulModel"]),

        // ---- Floor 3: shells, where all I/O lives ---------------------------------------------
        house(
            "Platform",
            ["Primitives", "CPosix", nioCore, nioPosix, nioSSL, nioTLS, logging]),
        house(
            "TelemetrySinks",  // above Platform
            ["Primitives", "CPosix", "Telemetry", "Platform", nioCore, nioPosix, logging]),
        house(
            "HTTPTransport",  // above Platform
            [
                "Primitives", "CZlib", "Telemetry", "Platform", nioCore, nioPosix, nioHTTP1, nioSSL,
                nioTLS, asyncHTTP, logging,
            ]),
        house(
            "RaftNode",
            [
                "Primitives", "Wire", "Cryptography", "Raft", "CSQLite", "CZlib", "Telemetry",
                "Platform",
                nioCore, logging,
            ]),
        house(
            "GossipNode",
            [
                "Primitives", "Wire", "Vivaldi", "Memberlist", "Serf", "Telemetry", "Platform",
                nioCore, nioPosix, logging,
            ]),

        // ---- Floor 4: services ----------------------------------------------------------------
        house(
            "ConsulServer",
            [
                "Primitives", "Wire", "Cryptography", "Vivaldi", "ConsulModel", "ConsulState",
                "Raft",
                "RaftNode", "Platform", "Telemetry", nioCore, nioPosix, logging,
            ]),
        house(
            "LocalAgent",
            [
                "Primitives", "Wire", "Vivaldi", "ConsulModel", "ConsulConfig", "PluginAPI",
                "Watch", "Memberlist", "Serf", "GossipNode", "Telemetry", "Platform",
                "HTTPTransport", nioCore, logging,
            ]),
        house(
            "ConsulClient",
            [
                "Primitives", "Wire", "Vivaldi", "ConsulModel", "Watch", "Platform",
                "HTTPTransport", nioPosix, nioHTTP1,
            ]),

        house("ClientCommands", ["Wire", "PluginAPI", "ConsulClient"]),  // above ConsulClient

        // ---- Floor 5: faces -------------------------------------------------------------------
        house(
            "ConsulHTTP",
            [
                "Primitives", "Wire", "Vivaldi", "ConsulModel", "ConsulConfig", "PluginAPI",
                "Watch", "LocalAgent", "Telemetry", "TelemetrySinks", "Platform", "HTTPTransport",
                nioCore, nioHTTP1, logging,
            ]),
        house(
            "ConsulDNS",
            [
                "Primitives", "ConsulModel", "DNSWire", "Telemetry", "Platform", nioCore, nioPosix,
                nioSSL,
                logging,
            ]),

        // ---- Floor 6: composition root --------------------------------------------------------
        house(
            "ConsulAgent",
            [
                "Primitives", "Wire", "ConsulModel", "ConsulState", "ConsulConfig", "PluginAPI",
                "Watch", "Platform", "HTTPTransport", "ConsulServer", "LocalAgent", "ConsulHTTP",
                "ConsulDNS", "ExternalPlugins", "Memberlist", "Serf", "GossipNode", "Telemetry",
                "TelemetrySinks", nioCore, nioPosix,
                nioHTTP1, logging,
            ]),

        // ---- Floor 7: the door ----------------------------------------------------------------
        .executableTarget(
            name: "consul",
            dependencies: [
                "Primitives", "Wire", "Vivaldi", "ConsulModel", "ConsulConfig", "PluginAPI",
                "Watch", "Platform", "HTTPTransport", "LocalAgent", "ConsulClient", "ConsulAgent",
                "Raft", "RaftNode", "ConsulState", "ClientCommands", "StandardPlugins", "Telemetry",
                logging,
            ],
            swiftSettings: strict),

        // Programs on the client library, as others would write them.
        .executableTarget(
            name: "ClientExamples", dependencies: ["ConsulClient"], swiftSettings: strict),

        // ---- Plugins: one small target per check type, next to floor 4 -----------------------
        plugin("CheckScript", in: "CheckScript"),
        plugin("CheckHTTP", in: "CheckHTTP", ["Wire"]),
        plugin("CheckTCP", in: "CheckTCP"),
        plugin("CheckUDP", in: "CheckUDP"),
        plugin("CheckTTL", in: "CheckTTL"),
        plugin("CheckAlias", in: "CheckAlias"),
        plugin("CheckDocker", in: "CheckDocker", ["Wire"]),
        plugin("CheckOSService", in: "CheckOSService"),
        plugin("HandlerScript", in: "HandlerScript"),
        plugin("HandlerHTTP", in: "HandlerHTTP"),
        plugin("ExternalPlugins", in: "External", ["Wire"]),
        plugin("LockHelper", in: "Lock", ["Wire", "Platform", "ConsulClient", "ClientCommands"]),
        plugin(
            "ExecHelper", in: "Exec",
            ["Wire", "ConsulConfig", "Platform", "ConsulClient", "ClientCommands"]),
        plugin(
            "StandardPlugins", in: "Standard",  // above the other plugins: the list of them all
            [
                "CheckScript", "CheckHTTP", "CheckTCP", "CheckUDP", "CheckTTL", "CheckAlias",
                "CheckDocker", "CheckOSService", "HandlerScript", "HandlerHTTP",
                "ExecHelper", "LockHelper",
            ]),

        // ---- Tests mirror the targets ---------------------------------------------------------
        tests(of: "Primitives"),
        tests(of: "Wire", ["Primitives"]),
        tests(of: "Vivaldi", ["Primitives", "Wire"]),
        tests(
            of: "Platform",
            ["Primitives", "CPosix", "TestKit", nioCore, nioPosix, nioSSL, logging]),
        tests(
            of: "HTTPTransport",
            [
                "Primitives", "Platform", "TestKit", nioCore, nioPosix, nioEmbedded, nioHTTP1,
                logging,
            ]),
        tests(of: "ConsulConfig", ["Primitives", "Wire", "ConsulModel"]),
        tests(
            of: "ConsulClient",
            [
                "Primitives", "Wire", "ConsulModel", "Platform", "HTTPTransport", "TestKit",
                nioPosix, logging,
            ]),
        tests(
            of: "ConsulHTTP",
            [
                "Primitives", "Wire", "Vivaldi", "ConsulModel", "PluginAPI", "PluginKit",
                "TestKit", "LocalAgent",
                "Telemetry", "TelemetrySinks", "Platform", "HTTPTransport", nioCore, nioEmbedded,
                logging,
            ]),
        tests(of: "ConsulModel", ["Primitives", "Wire"]),
        tests(
            of: "ConsulState",
            ["Primitives", "Wire", "Vivaldi", "ConsulModel", "ScriptKit", "StateKit"],
            exclude: ["Scripts", "Golden"]),
        tests(
            of: "ConsulServer",
            [
                "Primitives", "Wire", "Vivaldi", "ConsulModel", "ConsulState", "Raft",
                "RaftNode", "RaftKit", "StateKit", nioCore, nioPosix, logging,
            ]),
        .testTarget(
            name: "TourTests", dependencies: ["Primitives", "Platform", "TestKit", "consul"],
            swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        tests(
            of: "Watch", ["Primitives", "Wire", "ConsulModel", "ScriptKit"], exclude: ["Scripts"]),
        tests(of: "DNSWire", ["Primitives"]),
        tests(
            of: "Telemetry", ["Primitives", "Wire", "TelemetrySinks", nioCore, nioPosix, logging]),
        tests(
            of: "ConsulDNS",
            [
                "Primitives", "ConsulModel", "DNSWire", "Telemetry", "Platform", "ScriptKit",
                "TestKit", nioCore, nioPosix, nioEmbedded, nioSSL, logging,
            ],
            exclude: ["Scripts"]),
        tests(
            of: "LocalAgent",
            [
                "Primitives", "Wire", "Serf", "ConsulModel", "PluginAPI", "Watch", "Platform",
                "TestKit",
                nioCore, nioPosix, logging,
            ]),
        tests(
            of: "Memberlist", ["Primitives", "Wire", "Cryptography", "ScriptKit"],
            exclude: ["Scripts"], settings: plantedBugs),
        tests(
            of: "Serf", ["Primitives", "Wire", "Vivaldi", "Memberlist", "ScriptKit"],
            exclude: ["Scripts"], settings: plantedBugs),
        tests(
            of: "GossipNode",
            [
                "Primitives", "Wire", "Memberlist", "Serf", "Platform", "TestKit", nioCore,
                nioPosix, logging,
            ]),
        house(
            "GossipKit", ["Primitives", "Vivaldi", "Memberlist", "Serf"], path: "Tests/GossipKit",
            settings: plantedBugs),
        .testTarget(
            name: "GossipSimulationTests",  // pools of members x faults, all from one seed
            dependencies: ["Primitives", "Vivaldi", "Memberlist", "Serf", "GossipKit"],
            swiftSettings: strict + plantedBugs),
        .executableTarget(
            name: "gossip-bench",  // simulated pools: detection, false positives, traffic
            dependencies: ["Primitives", "Memberlist", "Serf", "GossipKit"],
            path: "Tests/GossipBench", swiftSettings: strict),
        // The running agent: in this process, and the built program as a child.
        .testTarget(
            name: "AgentTests",
            dependencies: [
                "Primitives", "Wire", "ConsulModel", "ConsulConfig", "PluginAPI", "DNSWire",
                "Platform", "HTTPTransport", "LocalAgent", "ConsulAgent", "StandardPlugins",
                "ConsulClient", "consul", "ClientExamples", "SimulationKit", "TestKit", nioPosix,
                nioHTTP1,
                logging,
            ],
            swiftSettings: strict),
        tests(of: "Raft", ["Primitives", "Wire", "ScriptKit"], exclude: ["Scripts"]),
        house("ScriptKit", path: "Tests/ScriptKit"),  // reads the conversations of all of these
        house("StateKit", ["ConsulState"], path: "Tests/StateKit"),  // naive rules to compare with
        house("TestKit", path: "Tests/TestKit"),  // folders and ports for tests
        house(
            "SimulationKit", ["Primitives", "Raft"], path: "Tests/SimulationKit",
            settings: plantedBugs),
        house(
            "RaftKit", ["Primitives", "Raft", "RaftNode", nioCore, nioPosix],
            path: "Tests/RaftKit"),
        .testTarget(
            name: "SimulationTests",  // workload x faults, all from one seed
            dependencies: ["Primitives", "Raft", "SimulationKit"],
            swiftSettings: strict + plantedBugs),
        tests(
            of: "RaftNode",
            [
                "Primitives", "Wire", "Cryptography", "Raft", "CSQLite", "Platform", "RaftKit",
                "TestKit", nioCore,
                nioPosix, logging,
            ],
            exclude: ["Golden"]),
        house(
            "PluginKit", ["Primitives", "ConsulModel", "PluginAPI"], path: "Tests/PluginKit"),
        tests(
            of: "ExternalPlugins",
            [
                "Primitives", "Wire", "ConsulModel", "ConsulConfig", "PluginAPI", "ConsulAgent",
                "PluginKit", "TestKit", logging,
            ]),
        .testTarget(
            name: "PluginsTests",  // all of Check* and Handler*, and what runs them
            dependencies: [
                "Primitives", "Wire", "ConsulModel", "PluginAPI", "Platform", "HTTPTransport",
                "LocalAgent", "ConsulAgent", "StandardPlugins", "CheckScript", "CheckHTTP",
                "CheckTCP", "CheckUDP", "CheckTTL", "CheckAlias", "CheckDocker", "CheckOSService",
                "HandlerScript", "HandlerHTTP", "PluginKit", "TestKit", nioCore, nioPosix, logging,
            ],
            swiftSettings: strict),
        tests(
            of: "ExecHelper", ["Primitives", "Wire", "ConsulModel", "ConsulConfig", "PluginAPI"]),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Primitives", "Wire", "ConsulModel", "ConsulConfig", "PluginAPI", "Watch",
                "Platform", "ConsulHTTP", "ConsulAgent", "StandardPlugins", "TestKit",
            ],
            exclude: ["Corpus"], swiftSettings: strict),
        .testTarget(
            name: "InteropTests",
            // consul: it is run
            dependencies: [
                "Primitives", "Wire", "DNSWire", "Platform", "ConsulClient", "TestKit", "consul",
                nioCore, nioPosix,
            ],
            exclude: ["Scripts", "Golden"], swiftSettings: strict),
    ]
)
