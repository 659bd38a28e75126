internal import ConsulState
internal import Raft
internal import RaftNode

/// Recognises batches that take so long that a waiting reader would notice: many commands, and
/// those that can change any number of records. Nearly all others change one key.
enum LongBatch {
    /// - Parameter decoded: receives the commands of the entries without a context, slot by slot as
    ///   far as they were examined, so that no entry is decoded twice.
    static func isLong(_ batch: CommittedBatch, decoding decoded: inout [Command?]) -> Bool {
        let count = batch.entries.count
        if count > Limits.briefBatchMax { return true }
        for slot in 0..<count {
            if let command = ProposedCommand.of(batch.context(at: slot)) {
                if !command.isBrief { return true }
                continue
            }
            let entry = batch.entries[slot]
            // A piece of a cut command may complete any command. Data that cannot be decoded stops
            // the server at its turn.
            guard entry.extensions.isEmpty, let command = try? Command(decoding: entry.data) else {
                return true
            }
            if decoded.isEmpty { decoded = Array(repeating: nil, count: count) }
            decoded[slot] = command
            if !command.isBrief { return true }
        }
        return false
    }
}
