package import Raft

/// A tiny state machine: a few keys with numbers, and a hash of all entries it was ever given.
package struct KVMachine: Sendable, Hashable {
    package enum Operation: Sendable, Hashable {
        case get
        case put(UInt16)
        /// Sets `to` if the value is `from`.
        case swap(from: UInt16, to: UInt16)
    }

    package struct Command: Sendable, Hashable {
        package var key: UInt8
        package var operation: Operation
        /// Different for each command of a run.
        package var number: UInt32

        package init(key: UInt8, operation: Operation, number: UInt32) {
            self.key = key
            self.operation = operation
            self.number = number
        }
    }

    package static let keys = 4
    /// 0 is absent.
    package private(set) var values = [UInt16](repeating: 0, count: keys)
    package private(set) var index: LogIndex = 0
    package private(set) var hash: UInt64 = 0

    package init() {}

    /// Applies a command.
    ///
    /// - Returns: the client's answer: the value, or whether the swap was made.
    @discardableResult
    package mutating func apply(_ entry: LogEntry) -> UInt16 {
        index = entry.index
        hash = Self.digest(entry, hash)
        guard entry.kind == .command, let command = Command(entry.data) else { return 0 }
        let slot = Int(command.key) % Self.keys
        switch command.operation {
        case .get: return values[slot]
        case .put(let value):
            values[slot] = value
            return value
        case .swap(let from, let to):
            guard values[slot] == from else { return 0 }
            values[slot] = to
            return 1
        }
    }

    /// Returns FNV-1a over the identifying fields of an entry.
    package static func digest(_ entry: LogEntry, _ start: UInt64 = 0) -> UInt64 {
        var hash = start ^ 0xCBF2_9CE4_8422_2325
        func mix(_ value: UInt64) { hash = (hash ^ value) &* 0x0000_0100_0000_01B3 }
        mix(UInt64(entry.kind.rawValue))
        var word: UInt64 = 0
        for (slot, byte) in entry.data.enumerated() {
            word = word << 8 | UInt64(byte)
            if slot % 8 == 7 { mix(word) }
        }
        mix(word)
        mix(UInt64(entry.data.count))
        return hash ^ hash >> 29
    }

    // MARK: Snapshots

    package var encoded: [UInt8] {
        var out: [UInt8] = []
        for word in [index, hash] + values.map({ UInt64($0) }) {
            for shift in stride(from: 56, through: 0, by: -8) {
                out.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return out
    }

    package init?(encoded: [UInt8]) {
        guard encoded.count == 8 * (2 + Self.keys) else { return nil }
        let words = stride(from: 0, to: encoded.count, by: 8).map { start in
            encoded[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        index = words[0]
        hash = words[1]
        values = words[2...].map { UInt16(truncatingIfNeeded: $0) }
    }
}

extension KVMachine.Command {
    package var encoded: [UInt8] {
        let parts: (UInt8, UInt16, UInt16) =
            switch operation {
            case .get: (0, 0, 0)
            case .put(let value): (1, value, 0)
            case .swap(let from, let to): (2, from, to)
            }
        var out = [parts.0, key]
        for value in [parts.1, parts.2, UInt16(number >> 16), UInt16(number & 0xFFFF)] {
            out += [UInt8(value >> 8), UInt8(value & 0xFF)]
        }
        return out
    }

    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 10 else { return nil }
        func word(_ at: Int) -> UInt16 { UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]) }
        key = bytes[1]
        number = UInt32(word(6)) << 16 | UInt32(word(8))
        switch bytes[0] {
        case 0: operation = .get
        case 1: operation = .put(word(2))
        case 2: operation = .swap(from: word(2), to: word(4))
        default: return nil
        }
    }
}
