import ConsulClient
import ConsulConfig
import ConsulModel
import Platform
import PluginAPI
import Primitives
import Wire

/// One key of a tree outside a server, in the form of `kv export`.
struct ExportedEntry: Record, Hashable {
    var key = ""
    var flags: UInt64 = 0
    var value = Bytes()
    init() {}
    init(_ key: String, _ value: [UInt8], flags: UInt64 = 0) {
        self.key = key
        self.flags = flags
        self.value = Bytes(value)
    }
    init(_ entry: KVEntry) { self.init(entry.key, entry.value.array, flags: entry.flags) }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("key", &key)
        try visit.field("flags", &flags)
        try visit.field("value", &value)
    }
}

/// Reads and writes trees of keys in files.
enum KVTree {
    /// The bound on the bytes of all values together.
    private static let bytesMax = 256 << 20
    private static let depthMax = 64

    /// - Parameter source: a directory whose files are the keys; a `.yaml` or `.yml` file; another
    ///   file, or `-`, with the output of `kv export`.
    static func read(_ source: String) throws(UsageError) -> [ExportedEntry] {
        do throws(FileError) {
            if source != "-", (try? Files.list(source)) != nil {
                var found: [ExportedEntry] = []
                var left = bytesMax
                try readFolder(source, "", depth: 0, &left, &found)
                return found
            }
            let bytes =
                source == "-"
                ? try Files.readStandardInput(limit: bytesMax)
                : try Files.readAny(source, limit: bytesMax)
            let isYAML = source.hasSuffix(".yaml") || source.hasSuffix(".yml")
            return isYAML ? try self.yaml(bytes, source) : try json(bytes, source)
        } catch {
            throw UsageError(description: "\(error)")
        }
    }

    static func yaml(_ bytes: [UInt8], _ file: String) throws(FileError) -> [ExportedEntry] {
        do throws(ConfigError) {
            return try KeyTree.read(bytes, file: file)
                .map { ExportedEntry($0.key, Array($0.value.utf8)) }
        } catch {
            throw FileError("read", file, reason: "\(error)")
        }
    }

    private static func json(_ bytes: [UInt8], _ file: String) throws(FileError) -> [ExportedEntry]
    {
        do {
            return try JSONReader.decode(from: bytes)
        } catch {
            throw FileError(
                "read", file, reason: "\(error): what \"consul kv export\" writes is expected")
        }
    }

    /// Adds the files of a folder. Names that begin with a dot are left out. A folder without files
    /// becomes a folder's key.
    private static func readFolder(
        _ path: String, _ prefix: String, depth: Int, _ left: inout Int,
        _ found: inout [ExportedEntry]
    ) throws(FileError) {
        guard depth < depthMax else {
            throw FileError("read", path, reason: "nested deeper than \(depthMax) folders")
        }
        let names = try Files.list(path).filter { !$0.hasPrefix(".") }
        if names.isEmpty, !prefix.isEmpty { found.append(ExportedEntry(prefix, [])) }
        for name in names {
            let inner = "\(path)/\(name)"
            if (try? Files.list(inner)) != nil {
                try readFolder(inner, "\(prefix)\(name)/", depth: depth + 1, &left, &found)
                continue
            }
            let bytes = try Files.read(inner, limit: left)
            left -= bytes.count
            found.append(ExportedEntry(prefix + name, bytes))
        }
    }

    /// - Throws: for values and flags that YAML cannot express.
    static func yamlText(_ entries: [ExportedEntry]) throws(UsageError) -> String {
        var texts: [(key: String, value: String)] = []
        for entry in entries {
            guard let text = String(validating: entry.value.array, as: UTF8.self),
                !text.utf8.contains(0), entry.flags == 0
            else {
                let what = entry.flags == 0 ? "a value that is no text" : "flags"
                throw UsageError(
                    description: "\(entry.key) has \(what), which YAML cannot express: "
                        + "export it as JSON")
            }
            texts.append((entry.key, text))
        }
        return KeyTree.text(texts)
    }
}
