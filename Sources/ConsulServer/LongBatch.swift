internal import ConsulState
internal import Glibc
package import Raft

/// Which batches of commands may take so long that a reader would notice, if it had to wait for
/// them: many commands, and those that can change any number of records. Nearly all others change
/// one key.
package enum LongBatch {
    package static func isOne(_ entries: [LogEntry]) -> Bool {
        entries.count > Limits.briefBatchMax || entries.contains { !isBrief($0.data) }
    }

    private static func isBrief(_ command: [UInt8]) -> Bool {
        switch command.first {
        case MessageType.txn: true
        case MessageType.kvs: !deletesTree(command)
        default: false
        }
    }

    /// It is named behind the key and the value. There is no value to a deletion: a command that is
    /// long is another.
    private static func deletesTree(_ command: [UInt8]) -> Bool {
        let name: StaticString = "delete-tree"
        let (length, hyphen) = (name.utf8CodeUnitCount, 6)
        guard (length...Limits.deletionBytesMax).contains(command.count) else { return false }
        return command.withUnsafeBytes { bytes in
            var start = bytes.baseAddress! + hyphen
            let end = bytes.baseAddress! + bytes.count - (length - hyphen) + 1
            while start < end, let found = memchr(start, Int32(UInt8(ascii: "-")), end - start) {
                if memcmp(found - hyphen, name.utf8Start, length) == 0 { return true }
                start = UnsafeRawPointer(found) + 1
            }
            return false
        }
    }
}
