import CPosix
import Glibc
import Platform
import Primitives
import Telemetry

/// Reads the kernel's and the allocator's figures of this process.
enum ProcessFigures {
    static func register(in registry: MetricRegistry) {
        registry.gauge("runtime.alloc_bytes", help: "Bytes of memory in use by the program.") {
            memory().used
        }
        registry.gauge("runtime.sys_bytes", help: "Bytes of memory taken from the system.") {
            memory().taken
        }
        registry.gauge("runtime.num_threads", help: "Threads of the process.") {
            stat().map { $0.threads }
        }
    }

    private static func memory() -> (used: Double, taken: Double) {
        var (used, taken) = (0, 0)
        cposix_memory_figures(&used, &taken)
        return (Double(used), Double(taken))
    }

    private struct Stat {
        var cpuSeconds = 0.0
        var threads = 0.0
        var startSeconds = 0.0
        var virtualBytes = 0.0
        var residentBytes = 0.0
    }

    /// Parses `/proc/self/stat`, its fields counted from after the program's name.
    private static func stat() -> Stat? {
        guard let bytes = try? Files.read("/proc/self/stat", limit: Limits.procFileBytesMax),
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let text = String(decoding: bytes[(end + 1)...], as: UTF8.self)
        let fields = text.split(separator: " ").map { Double($0) ?? 0 }
        guard fields.count > 21 else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        var stat = Stat()
        stat.cpuSeconds = (fields[11] + fields[12]) / ticks
        stat.threads = fields[17]
        stat.startSeconds = bootSeconds + fields[19] / ticks
        stat.virtualBytes = fields[20]
        stat.residentBytes = fields[21] * Double(sysconf(Int32(_SC_PAGESIZE)))
        return stat
    }

    /// The machine's boot time, in seconds since 1970.
    private static let bootSeconds: Double = {
        let bytes = (try? Files.read("/proc/stat", limit: 4 << 20)) ?? []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("btime ") {
            return Double(line.dropFirst(6)) ?? 0
        }
        return 0
    }()

    /// Formats the usual metrics of every program monitored by Prometheus.
    static func prometheusText() -> String {
        guard let stat = stat() else { return "" }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
        // The folder itself is open while it is read.
        let open = ((try? Files.list("/proc/self/fd"))?.count ?? 1) - 1
        let figures: [(String, String, String, Double)] = [
            (
                "cpu_seconds_total", "counter", "Total user and system CPU time in seconds.",
                stat.cpuSeconds
            ),
            (
                "max_fds", "gauge", "Maximum number of open file descriptors.",
                Double(limit.rlim_cur)
            ),
            ("open_fds", "gauge", "Number of open file descriptors.", Double(open)),
            (
                "resident_memory_bytes", "gauge", "Resident memory size in bytes.",
                stat.residentBytes
            ),
            (
                "start_time_seconds", "gauge", "Start time of the process, seconds since 1970.",
                stat.startSeconds
            ),
            ("virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", stat.virtualBytes),
        ]
        return figures.map { name, type, help, value in
            "# HELP process_\(name) \(help)\n# TYPE process_\(name) \(type)\n"
                + "process_\(name) \(value)\n"
        }.joined()
    }
}
