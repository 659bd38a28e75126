/// Where the keys of a lock stand, by what its user calls its prefix.
package enum LockPath {
    /// The prefix as the agent would have it: `jobs/` and `jobs//` are `jobs`, `a/../b` is `b`. Two
    /// who name it otherwise mean the same lock, and a write to a path that is not clean is moved.
    package static func cleaned(_ prefix: String) -> String {
        var parts: [Substring] = []
        for part in prefix.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// The key of the lock at a prefix that is clean.
    package static func lock(at prefix: String) -> String {
        prefix.isEmpty ? ".lock" : "\(prefix)/.lock"
    }
}
