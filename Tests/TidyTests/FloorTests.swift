import Testing

/// The rules of imports between targets, and of the pure floors.
@Suite struct FloorTests {
    /// Floor by target; plugins are next to floor 4.
    static let floors: [String: Int] = [
        "CLibYAML": 0, "CPosix": 0, "CSQLite": 0, "CZlib": 0, "Primitives": 0, "Wire": 0,
        "Cryptography": 0, "Vivaldi": 0, "ConsulModel": 1, "Raft": 2, "ConsulState": 2,
        "ConsulConfig": 2, "Watch": 2, "PluginAPI": 2, "DNSWire": 2, "Telemetry": 2,
        "Memberlist": 2, "Serf": 2, "TelemetrySinks": 3, "GossipNode": 3,
        "Platform": 3, "RaftNode": 3, "HTTPTransport": 3,
        "ConsulServer": 4, "LocalAgent": 4, "ConsulClient": 4, "ClientCommands": 4,
        "ConsulHTTP": 5, "ConsulDNS": 5,
        "ConsulAgent": 6, "consul": 7, "ClientExamples": 7,
    ]
    /// Drawn with an arrow in the plan of the house.
    static let arrows: Set<String> = [
        "Wire>Primitives", "HTTPTransport>Platform", "RaftNode>Platform",
        "TelemetrySinks>Platform", "Vivaldi>Primitives", "Vivaldi>Wire",
        "ClientCommands>ConsulClient", "Serf>Memberlist", "GossipNode>Platform",
    ]

    private func imports(of file: SourceFile) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1
            else { return nil }
            return String(words[place + 1])
        }
    }

    @Test func everyTargetHasAFloor() {
        let targets = Set(Project.names(in: "Sources"))
        #expect(targets.subtracting(Self.floors.keys).isEmpty)
        #expect(Set(Self.floors.keys).subtracting(targets).isEmpty)
    }

    @Test func targetsImportLowerFloorsOnly() {
        var faults: [String] = []
        for file in Project.swift where file.path.hasPrefix("Sources/") {
            guard let floor = Self.floors[file.target] else { continue }
            for name in imports(of: file) {
                guard let below = Self.floors[name], name != file.target else { continue }
                let isArrow = Self.arrows.contains("\(file.target)>\(name)")
                let isC = name.hasPrefix("C") && below == 0 && !["ConsulModel"].contains(name)
                if below >= floor, !isArrow, !isC { faults.append("\(file.path) imports \(name)") }
            }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test func pureFloorsImportNoIO() {
        let forbidden = [
            "NIOCore", "NIOPosix", "Foundation", "FoundationEssentials", "Glibc", "Dispatch",
            "Logging", "Synchronization",
        ]
        let allowed: Set<String> = [
            "Sources/ConsulModel/PendingSlot.swift Synchronization",
            // Atomic words, and the lock around the list of them.
            "Sources/Telemetry/Instruments.swift Synchronization",
            "Sources/Telemetry/MetricRegistry.swift Synchronization",
        ]
        var faults: [String] = []
        for file in Project.swift where file.path.hasPrefix("Sources/") {
            guard let floor = Self.floors[file.target], floor <= 2 else { continue }
            for name in imports(of: file)
            where forbidden.contains(name) && !allowed.contains("\(file.path) \(name)") {
                faults.append("\(file.path) imports \(name)")
            }
            for (number, line) in file.lines.enumerated()
            where line.contains("SystemRandomNumberGenerator") || line.contains("Date()") {
                faults.append("\(file.path):\(number + 1): \(line)")
            }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test func shellsImportNothingOfConsul() {
        let shells: Set<String> = [
            "Raft", "DNSWire", "Platform", "RaftNode", "HTTPTransport", "Telemetry",
            "TelemetrySinks", "Vivaldi",
        ]
        let faults = Project.swift.filter {
            $0.path.hasPrefix("Sources/") && shells.contains($0.target)
        }.filter { imports(of: $0).contains { $0.hasPrefix("Consul") } }.map { $0.path }
        #expect(faults.isEmpty, "\(faults)")
    }

    @Test func pluginsDoIOThroughTheirContextOnly() {
        let allowed: Set<String> = [
            "ConsulModel", "PluginAPI", "Primitives", "Wire", "Synchronization",
            "_StringProcessing", "ConsulClient",
        ]
        // These imports are allowed for the command line, not for the agent.
        let further: [String: Set<String>] = [
            "Lock": ["Platform", "ClientCommands"],
            // The rules of remote execution are a section of the configuration.
            "Exec": ["Platform", "ClientCommands", "ConsulConfig"],
        ]
        let faults = Project.swift.filter {
            $0.path.hasPrefix("Plugins/") && $0.target != "Standard"
        }.flatMap { file in
            imports(of: file).filter {
                !allowed.contains($0) && !(further[file.target]?.contains($0) ?? false)
            }.map { "\(file.path) imports \($0)" }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test func everyTargetHasItsDesignPage() {
        let missing = Self.floors.keys.filter { name in
            !["CLibYAML", "CPosix", "CSQLite", "CZlib"].contains(name)
                && !Project.exists("Sources/\(name)/\(name).docc/\(name).md")
        }
        #expect(missing.isEmpty, "\(missing.sorted())")
    }
}
