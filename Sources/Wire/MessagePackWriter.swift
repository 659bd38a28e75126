public import Primitives

/// Writes MessagePack as Consul's servers do (go-msgpack 0.5.5): a record is a map with its keys in
/// byte order, every field present; text and bytes are both of the raw family, never `str8` or
/// `bin`; an integer takes the smallest form; a duration is its nanoseconds.
///
/// Fields come in Consul's order of printing. They are written in that order and sorted when the
/// record ends, which costs a copy of the record.
///
/// A field with an empty list, map or bytes is nil, as it usually is in Go; where the two differ,
/// the field is an optional, and an empty list in it is an empty list.
public struct MessagePackWriter: WireEncoder, FieldVisitor, Sendable {
    /// Changed only while this writer has the only reference.
    private nonisolated(unsafe) var buffer: WireBuffer
    private var used = 0
    /// The offsets of the fields of the open records: the first `fieldCount` elements. Changed only
    /// while this writer has the only reference.
    private nonisolated(unsafe) var fields = FieldStack.make()
    private var fieldCount = 0
    /// Writes the next value as nil when it is empty.
    @usableFromInline var emptyIsNil = false

    public init(capacity: Int = 256) { buffer = WireBuffer.make(capacity: capacity) }

    /// A copy of the bytes written so far.
    public var output: [UInt8] { buffer.prefix(used) }
    /// The number of bytes written so far.
    public var count: Int { used }

    @inlinable
    public static func encode(_ value: some WireValue) -> [UInt8] {
        var writer = MessagePackWriter()
        value.encode(to: &writer)
        return writer.output
    }

    /// Discards the output and keeps the capacity.
    public mutating func removeAll() { used = 0 }

    public func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        body(UnsafeBufferPointer(start: buffer.base, count: used))
    }

    // MARK: Bytes

    /// Returns space for `count` more bytes after the written ones. The caller adds to `used`.
    private mutating func room(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        if used + count > buffer.count || !isKnownUniquelyReferenced(&buffer) {
            buffer = buffer.grown(keeping: used, more: count)
        }
        return buffer.base + used
    }

    /// Writes one plain byte: the type before a message.
    public mutating func byte(_ value: UInt8) {
        room(1).pointee = value
        used += 1
    }

    private mutating func put(_ mark: UInt8, _ value: UInt64, bytes: Int) {
        let space = room(9)
        space[0] = mark
        for index in 0..<bytes {
            space[1 + index] = UInt8(truncatingIfNeeded: value >> UInt64((bytes - 1 - index) * 8))
        }
        used += 1 + bytes
    }

    /// Appends MessagePack that was written already, unchanged.
    public mutating func raw(_ bytes: some Sequence<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { put($0) }
        if done == nil { for each in bytes { byte(each) } }
    }

    private mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        room(bytes.count).update(from: start, count: bytes.count)
        used += bytes.count
    }

    private mutating func rawFamily(_ bytes: UnsafeBufferPointer<UInt8>) {
        let space = room(bytes.count + 5)
        let count = bytes.count
        var header = 1
        if count < 32 {
            space[0] = 0xA0 | UInt8(count)
        } else if count <= 0xFFFF {
            space[0] = 0xDA
            space[1] = UInt8(count >> 8)
            space[2] = UInt8(count & 0xFF)
            header = 3
        } else {
            put(0xDB, UInt64(UInt32(count)), bytes: 4)
            header = 0
        }
        if let start = bytes.baseAddress {
            (buffer.base + used + header).update(from: start, count: count)
        }
        used += header + count
    }

    private mutating func container(_ count: Int, fix: UInt8, wide: UInt8) {
        if count < 16 {
            byte(fix | UInt8(count))
        } else if count <= 0xFFFF {
            put(wide, UInt64(count), bytes: 2)
        } else {
            put(wide + 1, UInt64(UInt32(count)), bytes: 4)
        }
    }

    // MARK: Records

    @inlinable
    public mutating func record<R: Record>(_ value: R) {
        var value = value
        recordInPlace(&value)
    }

    @inlinable
    public mutating func recordInPlace<R: Record>(_ value: inout R) {
        emptyIsNil = false
        let first = beginRecord()
        do { try value.fields(&self) } catch { preconditionFailure("writing threw \(error)") }
        endRecord(first)
    }

    @inlinable
    public mutating func field<T: WireValue>(
        _ name: StaticString, _ value: inout T, _ rule: FieldRule
    ) throws {
        if rule.contains(.inputOnly) || (rule.contains(.beyond) && value.isWireEmpty) { return }
        beginField(name)
        emptyIsNil = value.isWireEmpty
        value.encodeInPlace(to: &self)
        emptyIsNil = false
        endField()
    }

    /// - Returns: the index of the record's first field in `fields`, for `endRecord`.
    @usableFromInline mutating func beginRecord() -> Int {
        byte(0x80)
        return fieldCount
    }

    @usableFromInline mutating func beginField(_ name: StaticString) {
        if fieldCount == fields.count || !isKnownUniquelyReferenced(&fields) {
            fields = fields.grown(keeping: fieldCount)
        }
        (fields.base + fieldCount).initialize(to: WrittenField(name, at: used))
        fieldCount &+= 1
        let count = name.utf8CodeUnitCount
        guard count < 32 else {
            return rawFamily(UnsafeBufferPointer(start: name.utf8Start, count: count))
        }
        let space = room(1 &+ count)
        space[0] = 0xA0 | UInt8(truncatingIfNeeded: count)
        QuickText.copy(name.utf8Start, count, to: space + 1)
        used &+= 1 &+ count
    }

    /// The writer has the only reference to its fields, as at `beginField`: writers are copied only
    /// between two records.
    @usableFromInline mutating func endField() { fields.base[fieldCount &- 1].end = used }

    @usableFromInline mutating func endRecord(_ first: Int) {
        let count = fieldCount - first
        let start = count > 0 ? fields.base[first].start : used
        if count > 1, sortFields(from: first) { moveFields(from: first, to: start) }
        fieldCount = first
        guard count > 15 else {
            buffer.base[(count == 0 ? used : start) - 1] = 0x80 | UInt8(count)
            return
        }
        // The map's head is wider than the reserved byte.
        _ = room(2)
        (buffer.base + start + 2).update(from: buffer.base + start, count: used - start)
        used += 2
        buffer.base[start - 1] = 0xDE
        buffer.base[start] = UInt8(truncatingIfNeeded: count >> 8)
        buffer.base[start + 1] = UInt8(truncatingIfNeeded: count)
    }

    /// - Returns: false when the fields were in order already.
    private mutating func sortFields(from first: Int) -> Bool {
        let fields = self.fields.base
        var moved = false
        var index = first &+ 1
        while index < fieldCount {
            if fields[index].precedes(fields[index &- 1]) {
                let field = fields[index]
                var position = index
                while position > first, field.precedes(fields[position &- 1]) {
                    fields[position] = fields[position &- 1]
                    position &-= 1
                }
                fields[position] = field
                moved = true
            }
            index &+= 1
        }
        return moved
    }

    private mutating func moveFields(from first: Int, to start: Int) {
        let size = used - start
        let base = buffer.base
        let sorted = UnsafeBufferPointer(start: fields.base + first, count: fieldCount - first)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { space in
            guard let space = space.baseAddress else { return }
            var position = 0
            for field in sorted {
                let count = field.end - field.start
                if count < 64 {
                    QuickText.copy(base + field.start, count, to: space + position)
                } else {
                    (space + position).initialize(from: base + field.start, count: count)
                }
                position += count
            }
            (base + start).update(from: space, count: size)
        }
    }

    // MARK: Values

    public mutating func null() { byte(0xC0) }
    public mutating func bool(_ value: Bool) { byte(value ? 0xC3 : 0xC2) }

    public mutating func integer(_ value: Int64) {
        if value >= 0 { return unsigned(UInt64(value)) }
        let bits = UInt64(bitPattern: value)
        switch value {
        case (-32)...: byte(UInt8(truncatingIfNeeded: value))
        case Int64(Int8.min)...: put(0xD0, bits & 0xFF, bytes: 1)
        case Int64(Int16.min)...: put(0xD1, bits & 0xFFFF, bytes: 2)
        case Int64(Int32.min)...: put(0xD2, bits & 0xFFFF_FFFF, bytes: 4)
        default: put(0xD3, bits, bytes: 8)
        }
    }

    public mutating func unsigned(_ value: UInt64) {
        switch value {
        case ..<0x80: byte(UInt8(value))
        case ...0xFF: put(0xCC, value, bytes: 1)
        case ...0xFFFF: put(0xCD, value, bytes: 2)
        case ...0xFFFF_FFFF: put(0xCE, value, bytes: 4)
        default: put(0xCF, value, bytes: 8)
        }
    }

    public mutating func double(_ value: Double) { put(0xCB, value.bitPattern, bytes: 8) }
    public mutating func untyped(_ value: Int64) { double(Double(value)) }

    public mutating func string(_ value: String) {
        let done: Void? = value.utf8.withContiguousStorageIfAvailable { rawFamily($0) }
        if done == nil {
            var native = value
            native.withUTF8 { rawFamily($0) }
        }
    }

    public mutating func bytes(_ value: Bytes) {
        if emptyIsNil, value.isEmpty { return null() }
        value.array.withUnsafeBufferPointer { rawFamily($0) }
    }

    public mutating func duration(_ value: GoDuration) { integer(value.nanoseconds) }

    /// `1 | seconds since year 1, 8 bytes | nanoseconds, 4 bytes | minutes off UTC, 2 bytes`, where
    /// -1 means UTC itself.
    public mutating func timestamp(_ value: Timestamp) {
        put(0xAF, 1, bytes: 1)
        for byte in 0..<8 {
            self.byte(UInt8(truncatingIfNeeded: value.seconds >> ((7 - byte) * 8)))
        }
        for byte in 0..<4 {
            self.byte(UInt8(truncatingIfNeeded: value.nanoseconds >> ((3 - byte) * 8)))
        }
        byte(0xFF)
        byte(0xFF)
    }

    // MARK: Containers

    public mutating func beginArray(count: Int) {
        if emptyIsNil, count == 0 { return null() }
        container(count, fix: 0x90, wide: 0xDC)
    }
    public mutating func endArray() {}

    public mutating func beginMap(count: Int) {
        if emptyIsNil, count == 0 { return null() }
        container(count, fix: 0x80, wide: 0xDE)
    }
    public mutating func key(_ key: String) { string(key) }
    public mutating func endMap() {}
}
