import CPosix
import Glibc
import Primitives

/// Returns memory that a peak has left free to the system once the process is idle: the C library
/// keeps it otherwise, for as long as a single block near the end of the heap is in use.
package struct FreedMemory {
    /// The memory figures of one moment, in bytes.
    struct Figures: Hashable, Sendable {
        /// Held by the program.
        var used: Int
        /// Taken from the system for it; does not sink when pages inside are returned.
        var taken: Int
        /// The pages of the whole process.
        var resident: Int
    }

    private var before: Figures?
    /// The resident bytes after the last return, or at the first review.
    private var residentAtRest: Int?

    init() {}

    /// Reviews the heap every `Limits.memoryReviewInterval` until the task is cancelled.
    package static func returnWhenIdle() async {
        var memory = FreedMemory()
        _ = memory.isDue(figures())
        let wait = UInt64(Limits.memoryReviewInterval.nanoseconds)
        while (try? await Task.sleep(nanoseconds: wait)) != nil {
            guard memory.isDue(figures()) else { continue }
            cposix_return_freed_memory()
            memory.noteReturn(figures())
        }
    }

    /// Returns true when much is free, the process has grown since the last return, and its use of
    /// memory is steady: a busy process would take the pages again at once.
    mutating func isDue(_ now: Figures) -> Bool {
        defer { before = now }
        let rest = min(residentAtRest ?? now.resident, now.resident)
        residentAtRest = rest
        guard let before, now.taken - now.used > Limits.freedBytesKept,
            now.resident - rest > Limits.freedBytesKept
        else { return false }
        return abs(now.used - before.used) <= Limits.idleBytesChangeMax
    }

    mutating func noteReturn(_ now: Figures) { residentAtRest = now.resident }

    static func figures() -> Figures {
        var (used, taken) = (0, 0)
        cposix_memory_figures(&used, &taken)
        let statm = (try? Files.read("/proc/self/statm", limit: 4096)) ?? []
        let words = String(decoding: statm, as: UTF8.self).split(separator: " ")
        let pages = words.count > 1 ? Int(words[1]) ?? 0 : 0
        let resident = pages * Int(sysconf(Int32(_SC_PAGESIZE)))
        return Figures(used: used, taken: taken, resident: resident)
    }
}
