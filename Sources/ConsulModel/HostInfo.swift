public import Wire

/// The machine on which the agent runs: `/v1/agent/host`. Sizes are in bytes.
public struct HostInfo: Record, Hashable, Sendable {
    public var memory = HostMemory()
    public var cpu: [HostProcessor] = []
    public var host = HostSystem()
    public var disk = HostDisk()
    /// Nanoseconds since 1970.
    public var collectionTime = 0
    /// The errors of the parts that could not be read.
    public var errors: [String] = []
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Memory", &memory)
        try visit.field("CPU", &cpu)
        try visit.field("Host", &host)
        try visit.field("Disk", &disk)
        try visit.field("CollectionTime", &collectionTime)
        try visit.field("Errors", &errors, .nullWhenEmpty)
    }
}

/// Memory, by the names that Consul's users know.
public struct HostMemory: Record, Hashable, Sendable {
    public var total: UInt64 = 0
    public var available: UInt64 = 0
    public var used: UInt64 = 0
    public var usedPercent = 0.0
    public var free: UInt64 = 0
    /// The other values, in Consul's order; 0 for those that Linux does not have.
    public var further = [UInt64](repeating: 0, count: HostMemory.furtherNames.count)
    public init() {}

    static let furtherNames: [StaticString] = [
        "active", "inactive", "wired", "laundry", "buffers", "cached", "writeback", "dirty",
        "writebacktmp", "shared", "slab", "sreclaimable", "sunreclaim", "pagetables", "swapcached",
        "commitlimit", "committedas", "hightotal", "highfree", "lowtotal", "lowfree", "swaptotal",
        "swapfree", "mapped", "vmalloctotal", "vmallocused", "vmallocchunk", "hugepagestotal",
        "hugepagesfree", "hugepagesize",
    ]

    /// Sets one of the other values by its name; ignores an unknown name.
    public mutating func set(_ name: String, _ value: UInt64) {
        let place = Self.furtherNames.firstIndex { "\($0)" == name }
        if let place { further[place] = value }
    }

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("total", &total)
        try visit.field("available", &available)
        try visit.field("used", &used)
        try visit.field("usedPercent", &usedPercent)
        try visit.field("free", &free)
        for (place, name) in Self.furtherNames.enumerated() {
            try visit.field(name, &further[place])
        }
    }
}

/// One logical processor.
public struct HostProcessor: Record, Hashable, Sendable {
    public var number = 0
    public var vendorID = ""
    public var family = ""
    public var model = ""
    public var stepping = 0
    public var physicalID = ""
    public var coreID = ""
    public var cores = 1
    public var modelName = ""
    public var megahertz = 0.0
    /// In kilobytes.
    public var cacheSize = 0
    public var flags: [String] = []
    public var microcode = ""
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("cpu", &number)
        try visit.field("vendorId", &vendorID)
        try visit.field("family", &family)
        try visit.field("model", &model)
        try visit.field("stepping", &stepping)
        try visit.field("physicalId", &physicalID)
        try visit.field("coreId", &coreID)
        try visit.field("cores", &cores)
        try visit.field("modelName", &modelName)
        try visit.field("mhz", &megahertz)
        try visit.field("cacheSize", &cacheSize)
        try visit.field("flags", &flags)
        try visit.field("microcode", &microcode)
    }
}

/// The operating system.
public struct HostSystem: Record, Hashable, Sendable {
    public var hostname = ""
    /// Seconds.
    public var uptime: UInt64 = 0
    /// Seconds since 1970.
    public var bootTime: UInt64 = 0
    public var processes: UInt64 = 0
    public var os = ""
    public var platform = ""
    public var platformFamily = ""
    public var platformVersion = ""
    public var kernelVersion = ""
    public var kernelArchitecture = ""
    public var virtualizationSystem = ""
    public var virtualizationRole = ""
    public var hostID = ""
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("hostname", &hostname)
        try visit.field("uptime", &uptime)
        try visit.field("bootTime", &bootTime)
        try visit.field("procs", &processes)
        try visit.field("os", &os)
        try visit.field("platform", &platform)
        try visit.field("platformFamily", &platformFamily)
        try visit.field("platformVersion", &platformVersion)
        try visit.field("kernelVersion", &kernelVersion)
        try visit.field("kernelArch", &kernelArchitecture)
        try visit.field("virtualizationSystem", &virtualizationSystem)
        try visit.field("virtualizationRole", &virtualizationRole)
        try visit.field("hostid", &hostID)
    }
}

/// The file system at `path`.
public struct HostDisk: Record, Hashable, Sendable {
    public var path = ""
    public var fileSystem = ""
    public var total: UInt64 = 0
    /// Bytes available to users other than root.
    public var free: UInt64 = 0
    public var used: UInt64 = 0
    public var usedPercent = 0.0
    public var inodesTotal: UInt64 = 0
    public var inodesUsed: UInt64 = 0
    public var inodesFree: UInt64 = 0
    public var inodesUsedPercent = 0.0
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("path", &path)
        try visit.field("fstype", &fileSystem)
        try visit.field("total", &total)
        try visit.field("free", &free)
        try visit.field("used", &used)
        try visit.field("usedPercent", &usedPercent)
        try visit.field("inodesTotal", &inodesTotal)
        try visit.field("inodesUsed", &inodesUsed)
        try visit.field("inodesFree", &inodesFree)
        try visit.field("inodesUsedPercent", &inodesUsedPercent)
    }
}
