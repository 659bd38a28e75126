extension String {
    /// The index of the first `?`, behind which the query begins.
    var queryMark: Index? {
        let mark = UInt8(ascii: "?")
        let found = utf8.withContiguousStorageIfAvailable {
            RawText.with(UnsafeRawBufferPointer($0)) { $0.place(of: mark) }
        }
        guard let found else { return utf8.firstIndex(of: mark) }
        return found.map { utf8.index(startIndex, offsetBy: $0) }
    }
}
