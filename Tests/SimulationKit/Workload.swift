import Primitives
import Raft

/// A client with one operation open at a time. It asks some server, follows hints to the leader,
/// and gives up when no answer comes; then nobody knows whether the operation took effect.
struct SimulatedClient {
    struct Open {
        let ticket: Ticket
        let place: Int
        let server: Int
        let data: [UInt8]
    }

    let number: Int
    var open: Open?
    var server = 0
    /// What it believes to be there, for swaps that have a chance.
    var believed = [UInt16](repeating: 0, count: KVMachine.keys)

    /// The next operation, and the command that stands for it.
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
