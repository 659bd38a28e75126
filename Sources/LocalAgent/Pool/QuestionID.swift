internal import ConsulModel
internal import Serf

/// Names a question of the pool as an event of a watch: 32 hexadecimal digits, the Lamport time and
/// the number.
enum QuestionID {
    static func text(_ id: QueryID) -> String { hex(id.lTime) + hex(UInt64(id.id)) }

    static func parse(_ text: String) -> QueryID? {
        guard text.utf8.count == 32, let time = UInt64(text.prefix(16), radix: 16),
            let number = UInt32(text.suffix(16), radix: 16)
        else { return nil }
        return QueryID(lTime: time, id: number)
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
