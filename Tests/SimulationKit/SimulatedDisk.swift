package import Primitives
package import Raft

/// One server's disk. A write is seen at once and survives a crash only if it was synced, except
/// for the part that happened to reach the disk: whole writes, then part of one, its last record
/// torn.
package struct SimulatedDisk: Sendable {
    package enum Write: Sendable {
        case persist(Persist)
        case compact(through: LogIndex)
    }

    package struct Snapshot: Sendable {
        package var meta: SnapshotMeta
        package var contents: [UInt8]
    }

    private struct Surface: Sendable {
        var hardState = HardState()
        var log = SimulatedLog()
        var lastIsTorn = false
    }

    private var synced = Surface()
    private var written = Surface()
    private var pending: [Write] = []
    package private(set) var snapshots: [Snapshot] = []
    /// Counts writes and syncs; the one that reaches `failsAt` fails.
    package private(set) var operations = 0
    package var failsAt: Int?
    package var isFull = false
    /// Reports a sync without one.
    package var lies = false
    /// `PlantedBugs.keepsTornRecord`.
    package var keepsTornRecord = false
    /// A gap was written, which shows a mistake of the core.
    package private(set) var hasGap = false

    package init() {}

    package var log: SimulatedLog { written.log }
    package var hardState: HardState { written.hardState }

    // MARK: Writing

    /// Writes without a sync.
    ///
    /// - Returns: false when it failed; the server must stop then.
    package mutating func write(_ write: Write) -> Bool {
        operations += 1
        if isFull || operations == failsAt { return false }
        pending.append(write)
        if !Self.carryOut(write, on: &written) { hasGap = true }
        return true
    }

    /// Syncs all writes so far.
    package mutating func sync() -> Bool {
        operations += 1
        if operations == failsAt { return false }
        guard !lies else { return true }
        for write in pending { _ = Self.carryOut(write, on: &synced) }
        pending = []
        return true
    }

    /// Written to another file, synced, and then renamed: there or not, never half.
    package mutating func keep(_ snapshot: Snapshot) {
        snapshots.append(snapshot)
        snapshots.sort { $0.meta.index < $1.meta.index }
        if snapshots.count > 2 { snapshots.removeFirst() }
    }

    // MARK: Crashes

    /// Cuts the power: of the unsynced writes a random prefix is kept.
    package mutating func crash(_ random: inout SeededRandom) {
        var kept = pending.isEmpty ? 0 : Int(random.next() % UInt64(pending.count + 1))
        if lies { kept = 0 }
        for write in pending.prefix(kept) { _ = Self.carryOut(write, on: &synced) }
        if kept < pending.count, !lies, case .persist(let persist) = pending[kept] {
            tear(persist, &random)
        }
        pending = []
        written = synced
    }

    /// Each record is written after the one before; the last of the written ones is torn.
    private mutating func tear(_ persist: Persist, _ random: inout SeededRandom) {
        let parts = 2 + persist.entries.count
        let made = Int(random.next() % UInt64(parts + 1))
        if made > 0, let state = persist.hardState { synced.hardState = state }
        if made > 1, let from = persist.truncateFrom { synced.log.truncate(from: from) }
        guard made > 2 else { return }
        for (place, entry) in persist.entries.prefix(made - 2).enumerated() {
            var entry = entry
            if place == made - 3 {
                entry.data = Array(entry.data.prefix(entry.data.count / 2))
                synced.lastIsTorn = true
            }
            _ = synced.log.append(entry)
        }
    }

    /// Returns the state at a restart: the checksum of a torn record is wrong, so it was never
    /// acknowledged and is removed.
    package mutating func recover() -> StoredState {
        if synced.lastIsTorn, !keepsTornRecord {
            synced.log.truncate(from: synced.log.lastIndex)
        }
        synced.lastIsTorn = false
        written = synced
        var stored = StoredState(hardState: synced.hardState, snapshot: snapshots.last?.meta)
        for entry in synced.log.items where entry.kind == .configuration {
            guard let configuration = Configuration(encoded: entry.data) else { continue }
            stored.configurations.append(
                .init(index: entry.index, configuration: configuration))
        }
        return stored
    }

    private static func carryOut(_ write: Write, on surface: inout Surface) -> Bool {
        switch write {
        case .compact(let index):
            surface.log.compact(through: index)
        case .persist(let persist):
            if let state = persist.hardState { surface.hardState = state }
            if let from = persist.truncateFrom { surface.log.truncate(from: from) }
            for entry in persist.entries where !surface.log.append(entry) { return false }
        }
        return true
    }
}
