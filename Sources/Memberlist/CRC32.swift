/// The checksum of IEEE 802.3, which precedes a packet for a member that checks it.
enum CRC32 {
    /// The remainder of each byte, for the reflected polynomial 0xEDB88320.
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
        }
    }

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            bytes.withUnsafeBufferPointer { bytes in
                var sum: UInt32 = 0xFFFF_FFFF
                for byte in bytes {
                    sum = table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8
                }
                return ~sum
            }
        }
    }
}

/// Integers in network order.
enum BigEndian {
    static func bytes(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
    }

    /// Reads the four bytes from an index on, which must exist.
    static func uint32(_ bytes: [UInt8], at index: Int) -> UInt32 {
        bytes[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
