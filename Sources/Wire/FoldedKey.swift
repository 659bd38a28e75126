/// A field name as it came, matched with case and `_` ignored: `EnableTagOverride` and
/// `enable_tag_override` are one field.
public struct FoldedKey: Hashable, Sendable {
    @usableFromInline let folded: [UInt8]

    @inlinable
    public init(_ key: some StringProtocol) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(key.utf8.count)
        for byte in key.utf8 where byte != 0x5F { bytes.append(Self.lower(byte)) }
        folded = bytes
    }

    @inlinable static func lower(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }

    @inlinable
    public func matches(_ name: StaticString) -> Bool {
        name.withUTF8Buffer { name in
            guard name.count >= folded.count else { return false }
            var index = 0
            for byte in name where byte != 0x5F {
                guard index < folded.count, folded[index] == Self.lower(byte) else { return false }
                index += 1
            }
            return index == folded.count
        }
    }
}
