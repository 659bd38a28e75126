internal import ConsulModel
internal import ConsulState
internal import Synchronization

/// The commands that this server has proposed and not yet seen through, beside the bytes that the
/// log was given of them: so that a leader need not read back what it wrote.
///
/// Found by where the bytes lie. They are held here meanwhile, so no others can lie there; an entry
/// that came from the disk or from another server lies elsewhere, and is read as usual.
final class ProposedCommands: Sendable {
    private struct Proposed {
        let bytes: [UInt8]
        let command: Command
    }
    private let proposed = Mutex<[UInt: Proposed]>([:])

    /// Kept for keys alone: what else there is may read back a little otherwise than it was (a
    /// whole number as a double), and then this server's state would not be that of the others.
    func note(_ command: Command, _ bytes: [UInt8]) {
        switch command {
        case .kvs: break
        case .txn(let request):
            guard request.operations.allSatisfy({ $0.kv != nil }) else { return }
        default: return
        }
        guard let place = Self.place(of: bytes) else { return }
        proposed.withLock { $0[place] = Proposed(bytes: bytes, command: command) }
    }

    /// The command that was written as these very bytes.
    func command(of bytes: [UInt8]) -> Command? {
        guard let place = Self.place(of: bytes) else { return nil }
        return proposed.withLock { proposed in
            guard let found = proposed[place], found.bytes.count == bytes.count else { return nil }
            return found.command
        }
    }

    /// It was carried out, or will not be.
    func forget(_ bytes: [UInt8]) {
        guard let place = Self.place(of: bytes) else { return }
        // Let go of outside of the lock.
        let old = proposed.withLock { $0.removeValue(forKey: place) }
        _ = consume old
    }

    private static func place(of bytes: [UInt8]) -> UInt? {
        bytes.withUnsafeBufferPointer { bytes in bytes.baseAddress.map { UInt(bitPattern: $0) } }
    }
}
