package import ConsulModel
import Platform
import Primitives
package import Watch
package import Wire

/// A registration made by the API, as stored in the data directory.
package struct PersistedService: Record, Hashable, Sendable {
    package var token = ""
    package var service = ServiceDefinition()
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Token", &token)
        try visit.field("Service", &service)
    }
}

package struct PersistedCheck: Record, Hashable, Sendable {
    package var check = HealthCheck()
    package var definition = CheckDefinition()
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Check", &check)
        try visit.field("ChkType", &definition)
    }
}

/// The last heartbeat of a TTL check, valid until it expires.
package struct PersistedCheckState: Record, Hashable, Sendable {
    package var checkID = ""
    package var status = ""
    package var output = ""
    /// Seconds since 1970.
    package var expires = 0
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("CheckID", &checkID)
        try visit.field("Status", &status)
        try visit.field("Output", &output)
        try visit.field("Expires", &expires)
    }
}

/// The agent's files below its data directory: `services`, `checks`, `checks/state` and `watches`,
/// one JSON file each, readable by the owner alone. Without a data directory (`-dev`) no file is
/// written.
package struct RegistrationFiles: Sendable {
    package enum Folder: String, CaseIterable, Sendable {
        case services, checks
        case checkStates = "checks/state"
        case watches
        case addedWatches = "watches/added"
    }

    private let directory: String

    /// - Parameter directory: the data directory; an empty one disables the files.
    package init(directory: String) { self.directory = directory }

    /// Creates the folders, and removes the leftovers of interrupted writes.
    package func makeFolders() throws(ConsulError) {
        guard !directory.isEmpty else { return }
        guard !Files.exists(directory) || Files.isDirectory(directory) else {
            throw ConsulError(.internal, "data_dir \"\(directory)\" is not a directory")
        }
        for folder in Folder.allCases {
            do throws(FileError) {
                try Files.makeDirectory("\(directory)/\(folder.rawValue)", mode: 0o700)
                try AtomicFile.removeLeftovers(in: "\(directory)/\(folder.rawValue)")
            } catch {
                throw ConsulError(.internal, "\(error)")
            }
        }
    }

    /// Names a file by two hashes of its ID, because IDs may contain any character. The file
    /// contains the ID.
    private func path(_ folder: Folder, _ id: String) -> String {
        var forward = FNV1a()
        forward.combine(id.utf8)
        var backward = FNV1a()
        backward.combine(id.utf8.reversed())
        let name = [forward, backward].map { hash in
            let hex = String(hash.value, radix: 16)
            return String(repeating: "0", count: 16 - hex.count) + hex
        }.joined()
        return "\(directory)/\(folder.rawValue)/\(name)"
    }

    package func save(_ value: some WireValue, _ id: String, in folder: Folder)
        throws(ConsulError)
    {
        guard !directory.isEmpty else { return }
        do throws(FileError) {
            try AtomicFile.write(
                path(folder, id), JSONWriter.encode(value, audience: .client), mode: 0o600)
        } catch {
            throw ConsulError(.internal, "\(error)")
        }
    }

    package func remove(_ id: String, in folder: Folder) {
        guard !directory.isEmpty, Files.exists(path(folder, id)) else { return }
        do throws(FileError) {
            try Files.remove(path(folder, id))
        } catch {
            // Otherwise the remaining file registers its service again at the next start; the
            // caller's own removal still holds until then.
        }
    }

    package func load<Value: WireValue>(_ type: Value.Type, _ id: String, in folder: Folder)
        -> Value?
    {
        guard !directory.isEmpty, Files.exists(path(folder, id)) else { return nil }
        return try? read(path(folder, id))
    }

    /// Returns the values of a folder's files. Reports the files that cannot be read, and those in
    /// which `fault` finds one, to `broken` and leaves them.
    package func loadAll<Value: WireValue>(
        _ type: Value.Type, in folder: Folder, broken: (String) -> Void,
        fault: (Value) -> String? = { _ in nil }
    ) -> [Value] {
        let path = "\(directory)/\(folder.rawValue)"
        guard !directory.isEmpty, Files.isDirectory(path) else { return [] }
        var values: [Value] = []
        do {
            for name in try Files.list(path) where !Files.isDirectory("\(path)/\(name)") {
                guard !name.contains(".") else { continue }  // half-written, from before a crash
                do {
                    let value: Value = try read("\(path)/\(name)")
                    if let fault = fault(value) {
                        broken("\(path)/\(name): \(fault); remove the file")
                    } else {
                        values.append(value)
                    }
                } catch {
                    broken("\(path)/\(name): \(error)")
                }
            }
        } catch {
            broken("\(error)")
        }
        return values
    }

    private func read<Value: WireValue>(_ path: String) throws -> Value {
        try JSONReader.decode(
            Value.self, from: Files.read(path, limit: Limits.persistedFileMax))
    }
}

extension RegistrationFiles: WatchStore {
    package func memory(of watch: String) -> WatchMemory {
        load(WatchMemory.self, watch, in: .watches) ?? WatchMemory()
    }

    package func save(_ memory: WatchMemory, of watch: String) throws(ConsulError) {
        try save(memory, watch, in: .watches)
    }

    package func saveAdded(_ definition: WatchDefinition, id: String) throws(ConsulError) {
        try save(definition, id, in: .addedWatches)
    }

    package func removeAdded(_ id: String) { remove(id, in: .addedWatches) }

    package func loadAdded(broken: (String) -> Void) -> [WatchDefinition] {
        loadAll(WatchDefinition.self, in: .addedWatches, broken: broken)
    }

    package func appendDeadLetter(_ line: [UInt8], to path: String) throws(ConsulError) {
        do throws(FileError) {
            let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
            let folder = String(path[..<end])
            if !folder.isEmpty, !Files.exists(folder) {
                try Files.makeDirectory(folder, mode: 0o700)
            }
            try Files.append(path, line, limit: Limits.deadLetterBytesMax)
        } catch {
            throw ConsulError(.internal, "\(error)")
        }
    }
}
