import Glibc

/// The project's own text files, read once.
struct SourceFile: Sendable {
    /// From the root of the project: `Sources/Wire/Bytes.swift`.
    let path: String
    let lines: [String]

    var target: String { path.split(separator: "/").dropFirst().first.map { String($0) } ?? "" }
}

enum Project {
    static let root: String = {
        // …/Tests/TidyTests/SourceTree.swift
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    static let swift: [SourceFile] = ["Sources", "Plugins", "Tests"].flatMap { files(below: $0) }

    /// README and the design pages.
    static let pages: [SourceFile] =
        [page("README.md")]
        + names(in: "Sources").flatMap { pages(in: "Sources/\($0)") }
        + names(in: "Plugins").flatMap { pages(in: "Plugins/\($0)") }

    private static func pages(in folder: String) -> [SourceFile] {
        names(in: folder).filter { $0.hasSuffix(".docc") }.flatMap { catalog in
            names(in: "\(folder)/\(catalog)").filter { $0.hasSuffix(".md") }
                .map { page("\(folder)/\(catalog)/\($0)") }
        }
    }

    private static func page(_ path: String) -> SourceFile {
        let lines = text(path).split(separator: "\n", omittingEmptySubsequences: false)
        return SourceFile(path: path, lines: lines.map { String($0) })
    }

    static func exists(_ path: String) -> Bool { access("\(root)/\(path)", F_OK) == 0 }

    static func names(in folder: String) -> [String] {
        guard let directory = opendir("\(root)/\(folder)") else { return [] }
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

    static func text(_ path: String) -> String {
        guard let file = fopen("\(root)/\(path)", "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func files(below folder: String) -> [SourceFile] {
        names(in: folder).flatMap { name -> [SourceFile] in
            let path = "\(folder)/\(name)"
            if name.hasSuffix(".swift") {
                let lines = text(path).split(separator: "\n", omittingEmptySubsequences: false)
                return [SourceFile(path: path, lines: lines.map { String($0) })]
            }
            return name.contains(".") && !name.hasSuffix(".docc") ? [] : files(below: path)
        }
    }
}
