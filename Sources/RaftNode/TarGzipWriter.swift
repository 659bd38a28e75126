/// Writes files into a `.tar.gz`, piece by piece.
package struct TarGzipWriter {
    private let gzip = GzipWriter()
    private let seconds: Int64

    /// Creates a writer.
    ///
    /// - Parameter seconds: the time of the files, since 1970.
    package init(seconds: Int64) { self.seconds = seconds }

    /// Adds a folder.
    ///
    /// - Returns: the next bytes of the archive, which may be empty.
    package func folder(_ name: String) -> [UInt8] {
        var header = TarHeader(name: name + "/", size: 0)
        header.isFolder = true
        header.mode = 0o755
        return gzip.add(header.bytes(seconds: seconds))
    }

    /// Adds a file.
    ///
    /// - Parameter name: at most 100 bytes.
    package func file(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        let size = UInt64(bytes.count)
        var header = TarHeader(name: name, size: size)
        header.mode = 0o644
        let zeroes = [UInt8](repeating: 0, count: TarHeader.padding(size))
        return gzip.add(header.bytes(seconds: seconds)) + gzip.add(bytes + zeroes)
    }

    /// Returns the end of the archive.
    package func end() -> [UInt8] { gzip.add([UInt8](repeating: 0, count: 1024), isLast: true) }
}
