import Glibc

// Searches of every request, by `memchr`: the general ones of collections take ten times as long.

extension UnsafeRawBufferPointer {
    fileprivate func offset(of byte: UInt8) -> Int? {
        guard let base = baseAddress, let found = memchr(base, Int32(byte), count) else {
            return nil
        }
        return UnsafeRawPointer(found) - base
    }
}

extension Slice where Base == UnsafeRawBufferPointer {
    /// The index of the first such byte.
    func place(of byte: UInt8) -> Int? {
        UnsafeRawBufferPointer(rebasing: self).offset(of: byte).map { startIndex + $0 }
    }
}

extension String {
    /// Where the first `?` stands: a request target's query begins behind it.
    var queryMark: Index? {
        let mark = UInt8(ascii: "?")
        let found = utf8.withContiguousStorageIfAvailable {
            UnsafeRawBufferPointer($0).offset(of: mark)
        }
        guard let found else { return utf8.firstIndex(of: mark) }
        return found.map { utf8.index(startIndex, offsetBy: $0) }
    }
}
