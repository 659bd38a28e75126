import Platform

/// The lines that the children of a lock wrote: each child's begin with the fencing token, its
/// ticks while it lives, and its end. One file has them all in the order of their occurrence.
struct LockRecords {
    struct Child {
        var name: String
        var pid: Int32
        /// Nil if the program that started it gives none.
        var token: UInt64?
        /// The numbers of its first and its last line.
        var lines: ClosedRange<Int>
        var hasEnded = false
        var isShared: Bool { name.hasPrefix("shared") }
    }

    /// The children in the order of their begins.
    private(set) var children: [Child] = []

    init(file: String) {
        let bytes = (try? Files.read(file, limit: 64 << 20)) ?? []
        self.init(text: String(decoding: bytes, as: UTF8.self))
    }

    init(text: String) {
        let lines = text.split(separator: "\n")
        for (number, line) in lines.enumerated() {
            let words = line.split(separator: " ")
            guard words.count >= 3, let pid = Int32(words[2]) else { continue }
            let name = String(words[1])
            if words[0] == "begin" {
                children.append(
                    Child(
                        name: name, pid: pid, token: words.count > 3 ? UInt64(words[3]) : nil,
                        lines: number...number))
            } else if let index = children.firstIndex(where: { $0.name == name && $0.pid == pid }) {
                children[index].lines = children[index].lines.lowerBound...number
                if words[0] == "end" { children[index].hasEnded = true }
            }
        }
    }

    /// Returns false for a zombie too, whose parent may be stopped.
    static func isAlive(_ pid: Int32) -> Bool {
        guard let bytes = try? Files.read("/proc/\(pid)/stat", limit: 1 << 12) else { return false }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last ?? " Z"
        return !fields.hasPrefix(" Z")
    }

    /// Returns a shell line that writes such lines, and lives for a number of ticks of 50 ms.
    static func child(_ name: String, ticks: Int, file: String) -> String {
        """
        echo "begin \(name) $$ ${CONSUL_LOCK_INDEX:-}" >> \(file); n=\(ticks); \
        while [ $n -gt 0 ]; do sleep 0.05; echo "tick \(name) $$" >> \(file); n=$((n-1)); done; \
        echo "end \(name) $$" >> \(file)
        """
    }

    /// Returns every moment with more holders than the limit, by the holders' names.
    func crowds(limit: Int) -> [String] {
        var found: [String] = []
        for child in children {
            let begin = child.lines.lowerBound
            let others = children.filter {
                $0.lines.contains(begin) && $0.lines.lowerBound < begin
            }
            let crowd = others.filter { !(child.isShared && $0.isShared) }
            if crowd.count >= limit {
                found.append("\(child.name) beside \(crowd.map { $0.name })")
            }
        }
        return found
    }

    /// Pairs of consecutive holders whose tokens do not rise.
    var fallingTokens: [String] {
        let known = children.filter { $0.token != nil }
        return zip(known, known.dropFirst()).filter { $0.token! >= $1.token! }.map {
            "\($0.name) has \($0.token!), \($1.name) after it \($1.token!)"
        }
    }
}
