import CPosix

/// The space and inodes of the file system at a path.
package struct DiskSpace: Hashable, Sendable {
    /// The magic number of the file system's type.
    package let fileSystem: Int
    package let bytes: UInt64
    package let bytesFree: UInt64
    /// Free for users other than root.
    package let bytesAvailable: UInt64
    package let inodes: UInt64
    package let inodesFree: UInt64

    package init(at path: String) throws(FileError) {
        var figures = [UInt64](repeating: 0, count: 6)
        let code = cposix_disk_space(path, &figures)
        guard code == 0 else { throw FileError("statfs", path, code: code) }
        fileSystem = Int(figures[0])
        (bytes, bytesFree, bytesAvailable) = (figures[1], figures[2], figures[3])
        (inodes, inodesFree) = (figures[4], figures[5])
    }
}
