import Glibc

/// A script, `Scripts/<name>.txt` next to the file of its reader: blocks of commands, a line
/// `----`, and their output. An empty line ends a block; lines that begin with `#` are comments.
package struct ScriptFile {
    package struct Block {
        package var line: Int
        package var commands: [String] = []
        package var expected: [String] = []
    }

    package struct Unreadable: Error { package let path: String }

    package private(set) var blocks: [Block] = []

    package init(name: String, file: String = #filePath) throws {
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let text = try Self.read(folder.joined(separator: "/") + "/Scripts/\(name).txt")
        var block = Block(line: 1)
        var isExpecting = false
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in zip(1..., lines) {
            if line.hasPrefix("#") { continue }
            if line.isEmpty {
                if !block.commands.isEmpty { blocks.append(block) }
                block = Block(line: number + 1)
                isExpecting = false
            } else if line == "----" {
                isExpecting = true
            } else if isExpecting {
                block.expected.append(String(line))
            } else {
                block.commands.append(String(line))
            }
        }
        if !block.commands.isEmpty { blocks.append(block) }
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
