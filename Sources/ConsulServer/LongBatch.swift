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

    /// The operation stands behind the datacenter, before key and value.
    private static func deletesTree(_ command: [UInt8]) -> Bool {
        let name: StaticString = "delete-tree"
        return command.withUnsafeBytes { bytes in
            let last = min(bytes.count, Limits.operationBytesMax) - name.utf8CodeUnitCount
            var start = 0
            while start <= last {
                if bytes[start] == UInt8(ascii: "d"),
                    memcmp(bytes.baseAddress! + start, name.utf8Start, name.utf8CodeUnitCount) == 0
                {
                    return true
                }
                start += 1
            }
            return false
        }
    }
}
