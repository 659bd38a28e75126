import Platform

/// A script, `Scripts/<name>.txt` beside this file: blocks of commands, a line `----`, and what
/// they print. An empty line ends a block; lines that begin with `#` are comments.
struct ScriptFile {
    struct Block {
        var line: Int
        var commands: [String] = []
        var expected: [String] = []
    }

    var blocks: [Block] = []

    init(name: String, file: String = #filePath) throws {
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let path = folder.joined(separator: "/") + "/Scripts/\(name).txt"
        let text = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
        var block = Block(line: 1)
        var isExpecting = false
        for (number, line) in zip(
            1..., text.split(separator: "\n", omittingEmptySubsequences: false))
        {
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
}
