package import ConsulModel
import Glibc
import Platform
import Primitives

/// Reads the machine's memory, processors, system and disk from Linux. Parts that cannot be read
/// are named in `errors` and stay 0.
package enum HostReport {
    package static func collect() -> HostInfo {
        var info = HostInfo()
        info.collectionTime = Int(SystemClock.unixNanoseconds())
        do throws(FileError) {
            info.memory = memory(try lines("/proc/meminfo"))
        } catch {
            info.errors.append("\(error)")
        }
        do throws(FileError) {
            info.cpu = processors(try lines("/proc/cpuinfo"))
        } catch {
            info.errors.append("\(error)")
        }
        info.host = system(isGuest: info.cpu.first?.flags.contains("hypervisor") == true)
        do throws(FileError) {
            info.disk = try disk("/")
        } catch {
            info.errors.append("\(error)")
        }
        return info
    }

    private static func lines(_ path: String) throws(FileError) -> [String] {
        let bytes = try Files.read(path, limit: 16 << 20)
        return String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    private static func line(_ path: String) -> String {
        (try? lines(path))?.first?.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            ?? ""
    }

    /// Splits a line `Name:   value` of /proc.
    private static func pair(_ line: String) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let trim = { (text: Substring) in
            text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        return (trim(line[..<colon]), trim(line[line.index(after: colon)...]))
    }

    // MARK: Memory

    /// Consul's names by those of /proc/meminfo, where they differ.
    private static let renamed = [
        "shmem": "shared", "committed_as": "committedas", "hugepages_total": "hugepagestotal",
        "hugepages_free": "hugepagesfree",
    ]

    static func memory(_ lines: [String]) -> HostMemory {
        var values: [String: UInt64] = [:]
        for line in lines {
            guard let (name, value) = pair(line) else { continue }
            let words = value.split(separator: " ")
            guard let number = words.first.flatMap({ UInt64($0) }) else { continue }
            values[name.lowercased()] = words.count > 1 ? number &* 1024 : number
        }
        var memory = HostMemory()
        for (name, value) in values { memory.set(renamed[name] ?? name, value) }
        memory.total = values["memtotal"] ?? 0
        memory.free = values["memfree"] ?? 0
        memory.available = values["memavailable"] ?? 0
        let cached = (values["cached"] ?? 0) + (values["sreclaimable"] ?? 0)
        memory.set("cached", cached)
        let other = memory.free + (values["buffers"] ?? 0) + cached
        memory.used = memory.total > other ? memory.total - other : 0
        memory.usedPercent = percent(memory.used, memory.total)
        return memory
    }

    private static func percent(_ part: UInt64, _ whole: UInt64) -> Double {
        whole == 0 ? 0 : Double(part) / Double(whole) * 100
    }

    // MARK: Processors

    static func processors(_ lines: [String]) -> [HostProcessor] {
        var all: [HostProcessor] = []
        for line in lines {
            guard let (name, value) = pair(line) else { continue }
            if name == "processor" {
                var processor = HostProcessor()
                processor.number = Int(value) ?? all.count
                all.append(processor)
            }
            guard !all.isEmpty else { continue }
            set(name, value, &all[all.count - 1])
        }
        return all
    }

    private static func set(_ name: String, _ value: String, _ processor: inout HostProcessor) {
        switch name {
        case "vendor_id": processor.vendorID = value
        case "cpu family": processor.family = value
        case "model": processor.model = value
        case "stepping": processor.stepping = Int(value) ?? 0
        case "physical id": processor.physicalID = value
        case "core id": processor.coreID = value
        case "model name": processor.modelName = value
        case "cpu MHz": processor.megahertz = Double(value) ?? 0
        case "cache size":
            processor.cacheSize = value.split(separator: " ").first.flatMap { Int($0) } ?? 0
        case "flags", "Features":
            processor.flags = value.split(separator: " ").map(String.init)
        case "microcode": processor.microcode = value
        default: break
        }
    }

    // MARK: System

    private static func system(isGuest: Bool) -> HostSystem {
        var system = HostSystem()
        system.hostname = HostAddresses.hostName()
        system.os = "linux"
        system.uptime = line("/proc/uptime").split(separator: ".").first.flatMap { UInt64($0) } ?? 0
        let boot = (try? lines("/proc/stat"))?.first { $0.hasPrefix("btime ") }
        system.bootTime = boot.flatMap { UInt64($0.dropFirst(6)) } ?? 0
        let names = (try? Files.list("/proc")) ?? []
        system.processes = UInt64(names.count { $0.utf8.allSatisfy { $0 &- 0x30 < 10 } })
        (system.platform, system.platformFamily, system.platformVersion) = platform()
        system.kernelVersion = line("/proc/sys/kernel/osrelease")
        var name = utsname()
        if uname(&name) == 0 {
            system.kernelArchitecture = withUnsafeBytes(of: &name.machine) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        system.virtualizationRole = isGuest ? "guest" : "host"
        system.hostID = hostID()
        return system
    }

    private static func platform() -> (name: String, family: String, version: String) {
        var values: [String: String] = [:]
        for line in (try? lines("/etc/os-release")) ?? [] {
            let sides = line.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { continue }
            values[String(sides[0])] = String(sides[1].filter { $0 != "\"" })
        }
        let id = values["ID"] ?? ""
        let families = [
            "debian": "debian", "ubuntu": "debian", "linuxmint": "debian", "raspbian": "debian",
            "rhel": "rhel", "centos": "rhel", "rocky": "rhel", "almalinux": "rhel",
            "fedora": "fedora", "amzn": "rhel", "ol": "rhel", "alpine": "alpine", "arch": "arch",
            "sles": "suse", "opensuse-leap": "suse", "gentoo": "gentoo",
        ]
        let debian = id == "debian" ? line("/etc/debian_version") : ""
        return (id, families[id] ?? "", debian.isEmpty ? values["VERSION_ID"] ?? "" : debian)
    }

    /// Returns the machine's ID, or the ID of this boot.
    private static func hostID() -> String {
        let product = line("/sys/class/dmi/id/product_uuid").lowercased()
        if !product.isEmpty { return product }
        let machine = Array(line("/etc/machine-id"))
        guard machine.count == 32 else { return line("/proc/sys/kernel/random/boot_id") }
        var text = ""
        for (index, character) in machine.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(character)
        }
        return text
    }

    // MARK: Disk

    private static let fileSystems: [Int: String] = [
        0xEF53: "ext2/ext3", 0x5846_5342: "xfs", 0x9123_683E: "btrfs", 0x0102_1994: "tmpfs",
        0x794C_7630: "overlayfs", 0x6969: "nfs", 0x2FC1_2FC1: "zfs", 0x8584_58F6: "ramfs",
        0x4D44: "msdos", 0x5265_4973: "reiserfs", 0x6573_5546: "fuse",
    ]

    private static func disk(_ path: String) throws(FileError) -> HostDisk {
        let space = try DiskSpace(at: path)
        var disk = HostDisk()
        disk.path = path
        disk.fileSystem =
            fileSystems[space.fileSystem] ?? "0x" + String(space.fileSystem, radix: 16)
        disk.total = space.bytes
        disk.free = space.bytesAvailable
        disk.used = space.bytes - space.bytesFree
        disk.usedPercent = percent(disk.used, disk.used + disk.free)
        disk.inodesTotal = space.inodes
        disk.inodesFree = space.inodesFree
        disk.inodesUsed = disk.inodesTotal - disk.inodesFree
        disk.inodesUsedPercent = percent(disk.inodesUsed, disk.inodesTotal)
        return disk
    }
}
