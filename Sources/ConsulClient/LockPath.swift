/// The keys of a lock, by its prefix in a command.
package enum LockPath {
    /// Normalises the prefix as the agent would: `jobs/` and `jobs//` are `jobs`, `a/../b` is `b`.
    /// Different spellings mean the same lock, and the agent redirects a write to a path that is
    /// not clean.
    package static func cleaned(_ prefix: String) -> String {
        var parts: [Substring] = []
        for part in prefix.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// Returns the key of the lock at a normalised prefix.
    package static func lock(at prefix: String) -> String {
        prefix.isEmpty ? ".lock" : "\(prefix)/.lock"
    }
}
