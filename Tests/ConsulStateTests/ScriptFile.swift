import Glibc

/// A script, read from `Scripts/<name>.txt` beside this file.
struct ScriptFile {
    struct Block {
        var line: Int
        var commands: [String] = []
        var expected = ""
    }

    struct Unreadable: Error { let path: String }

    var blocks: [Block] = []

    init(name: String, file: String = #filePath) throws {
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let text = try Self.read(folder.joined(separator: "/") + "/Scripts/\(name).txt")
        var block = Block(line: 1)
        var expected: [Substring]?
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in zip(1..., lines + [""]) {
            if line.hasPrefix("#") { continue }
            if line.isEmpty {
                block.expected = (expected ?? []).joined(separator: "\n")
                if !block.commands.isEmpty { blocks.append(block) }
                block = Block(line: number + 1)
                expected = nil
            } else if line == "----" {
                expected = []
            } else if expected == nil {
                block.commands.append(String(line))
            } else {
                expected?.append(line)
            }
        }
    }

    private static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw Unreadable(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var byte = getc(file)
        while byte != EOF {
            bytes.append(UInt8(byte))
            byte = getc(file)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
