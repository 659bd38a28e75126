import Primitives
import Raft

/// A client with one operation open at a time. It sends it to some server, follows hints to the
/// leader, and times out when no answer comes; then it is unknown whether the operation took
/// effect.
struct SimulatedClient {
    struct Open {
        let ticket: Ticket
        let historyIndex: Int
        let server: Int
        let data: [UInt8]
    }

    let number: Int
    var open: Open?
    var server = 0
    /// The values that it believes to be stored, for swaps that have a chance.
    var believed = [UInt16](repeating: 0, count: KVMachine.keys)

    /// Returns the next operation, and its command.
    mutating func next(
        _ random: inout SeededRandom, number: UInt32
    ) -> KVMachine.Command {
        let key = UInt8(random.next() % UInt64(KVMachine.keys))
        let value = UInt16(truncatingIfNeeded: number) | 1
        let operation: KVMachine.Operation =
            switch random.next() % 10 {
            case 0..<4: .put(value)
            case 4..<6: .swap(from: believed[Int(key)], to: value)
            default: .get
            }
        return KVMachine.Command(key: key, operation: operation, number: number)
    }
}

extension KVMachine.Operation {
    /// The register's value once the operation has succeeded.
    func value(result: UInt16) -> UInt16? {
        switch self {
        case .get: result
        case .put(let value): value
        case .swap(_, let to): result == 1 ? to : nil
        }
    }
}
