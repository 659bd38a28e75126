import Glibc
import Primitives
import Testing

/// The number of rounds, and the first seed. `SEED=7 FUZZ_ROUNDS=1` repeats one round exactly;
/// `FUZZ_TRACE=1` names each round before it runs, to find one that ends the process.
enum Fuzz {
    static let firstSeed = number("SEED") ?? 1
    static let roundsWanted = number("FUZZ_ROUNDS").map { Int(clamping: $0) }
    static let isTraced = getenv("FUZZ_TRACE") != nil

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    static func rounds(_ usual: Int) -> Range<UInt64> {
        firstSeed..<(firstSeed + UInt64(roundsWanted ?? usual))
    }

    /// Tries a property, each round with a seed of its own, up to the first that violates it.
    ///
    /// - Parameters:
    ///   - name: `Suite/test`, in the form of `--filter`.
    ///   - body: returns nil when the property holds, else a description.
    static func run(
        _ name: String, rounds usual: Int, _ body: (inout SeededRandom) throws -> String?
    ) {
        for seed in rounds(usual) {
            trace(name, seed)
            var random = SeededRandom(seed: seed)
            do {
                guard let fault = try body(&random) else { continue }
                return report(name, seed, fault)
            } catch {
                return report(name, seed, "unexpected error: \(error)")
            }
        }
    }

    /// Tries a property that is asynchronous.
    static func run(
        _ name: String, rounds usual: Int,
        _ body: (inout SeededRandom) async throws -> String?
    ) async {
        for seed in rounds(usual) {
            trace(name, seed)
            var random = SeededRandom(seed: seed)
            do {
                guard let fault = try await body(&random) else { continue }
                return report(name, seed, fault)
            } catch {
                return report(name, seed, "unexpected error: \(error)")
            }
        }
    }

    static func trace(_ name: String, _ seed: UInt64) {
        guard isTraced else { return }
        let line = Array("\(name) SEED=\(seed)\n".utf8)
        _ = write(2, line, line.count)
    }

    static func report(_ name: String, _ seed: UInt64, _ fault: String) {
        Issue.record(
            """
            \(fault)
            Repeat it: SEED=\(seed) FUZZ_ROUNDS=1 swift test --filter FuzzTests.\(name)
            """)
    }

    /// Bytes as a message shows them.
    static func shown(_ bytes: some Collection<UInt8>) -> String {
        var text = ""
        for byte in bytes.prefix(2000) {
            switch byte {
            case 0x5C: text += "\\\\"
            case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return text + (bytes.count > 2000 ? "… (\(bytes.count) bytes)" : "")
    }
}

/// The kept inputs, one folder per language. An input that once found a fault belongs here.
enum Corpus {
    private static let root: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast().joined(separator: "/") + "/Corpus"
    }()

    static func files(_ folder: String) -> [[UInt8]] {
        names("\(root)/\(folder)").map { read("\(root)/\(folder)/\($0)") }
    }

    static func lines(_ folder: String) -> [[UInt8]] {
        files(folder).flatMap { $0.split(separator: 0x0A).map(Array.init) }
    }

    private static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { preconditionFailure("no corpus at \(path)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            bytes += chunk[..<count]
        }
        return bytes
    }
}
