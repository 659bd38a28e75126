/// A field name as received, matched without case and `_`: `EnableTagOverride` and
/// `enable_tag_override` are one field.
public struct FoldedKey: Hashable, Sendable {
    // The first 24 bytes, without an allocation; nearly every name fits.
    @usableFromInline var first: UInt64 = 0
    @usableFromInline var second: UInt64 = 0
    @usableFromInline var third: UInt64 = 0
    /// The bytes after the first 24.
    @usableFromInline var rest: [UInt8] = []
    @usableFromInline var count = 0

    @inlinable
    public init(_ key: some StringProtocol) {
        for byte in key.utf8 where byte != 0x5F { append(Self.lower(byte)) }
    }

    /// Makes a key from the bytes of a name.
    init(bytes: UnsafeBufferPointer<UInt8>) {
        for byte in bytes where byte != 0x5F { append(Self.lower(byte)) }
    }

    @inlinable static func lower(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }

    @inlinable
    mutating func append(_ byte: UInt8) {
        let shifted = UInt64(byte) << UInt64(8 * (count & 7))
        switch count >> 3 {
        case 0: first |= shifted
        case 1: second |= shifted
        case 2: third |= shifted
        default: rest.append(byte)
        }
        count += 1
    }

    @inlinable
    func byte(_ index: Int) -> UInt8 {
        let shift = UInt64(8 * (index & 7))
        switch index >> 3 {
        case 0: return UInt8(truncatingIfNeeded: first >> shift)
        case 1: return UInt8(truncatingIfNeeded: second >> shift)
        case 2: return UInt8(truncatingIfNeeded: third >> shift)
        default: return rest[index - 24]
        }
    }

    @inlinable
    public func matches(_ name: StaticString) -> Bool {
        name.withUTF8Buffer { name in
            guard name.count >= count else { return false }
            var index = 0
            for each in name where each != 0x5F {
                guard index < count, byte(index) == Self.lower(each) else { return false }
                index += 1
            }
            return index == count
        }
    }
}
