import Glibc
import Primitives
import TestKit
import Testing

@testable import Platform

/// Runs a body with a folder of its own, removed afterwards.
func withFolder<R>(_ body: (String) async throws -> R) async throws -> R {
    let folder = try TestFolder("platform")
    defer { withExtendedLifetime(folder) {} }
    return try await body(folder.path)
}

@Suite struct FilesTests {
    @Test func atomicWriteReplacesTheWholeFile() async throws {
        try await withFolder { folder in
            let path = "\(folder)/state"
            try AtomicFile.write(path, Array("old".utf8))
            try AtomicFile.write(path, Array("new".utf8), mode: 0o640)
            #expect(try Files.read(path, limit: 3) == Array("new".utf8))
            #expect(try Files.list(folder) == ["state"])
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
        }
    }

    @Test func errorsNameThePath() async throws {
        try await withFolder { folder in
            #expect(throws: FileError("open", "\(folder)/x", code: ENOENT)) {
                try Files.read("\(folder)/x", limit: 10)
            }
            let denied = FileError("open", "/x", code: EACCES)
            #expect(denied.description == "open /x: permission denied")
            try AtomicFile.write("\(folder)/big", [1, 2, 3, 4])
            #expect(throws: FileError.self) { try Files.read("\(folder)/big", limit: 3) }
            #expect(throws: FileError.self) { try AtomicFile.write("\(folder)/no/file", [1]) }
            #expect(throws: FileError.self) { try PIDFile.write(folder) }
        }
    }

    /// No call waits for the other end of a FIFO or a socket, or for a device.
    @Test(.timeLimit(.minutes(1)))
    func onlyRegularFilesAreRead() async throws {
        try await withFolder { folder in
            #expect(mkfifo("\(folder)/fifo", 0o600) == 0)
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(listener) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let place = Array("\(folder)/socket".utf8)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: place) }
            let count = socklen_t(MemoryLayout<sockaddr_un>.size)
            let code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, count) }
            }
            #expect(code == 0)
            for (path, kind) in [
                ("\(folder)/fifo", "a FIFO"), ("\(folder)/socket", "a socket"),
                ("/dev/zero", "a device"),
            ] {
                #expect {
                    try Files.read(path, limit: 10)
                } throws: { "\($0)".contains("read \(path): it is \(kind), and only regular") }
                #expect(throws: FileError.self) { try Files.append(path, [1], limit: 9) }
                #expect(Files.specialKind(path) == kind)
            }
            #expect(throws: FileError("read", folder, code: EISDIR)) {
                try Files.read(folder, limit: 10)
            }
            #expect(Files.specialKind(folder) == nil && Files.specialKind("/none") == nil)
            // A command's user may name a pipe.
            let nothing = try Files.readAny("/dev/null", limit: 10)
            #expect(nothing.isEmpty)
        }
    }

    @Test func leftoversOfInterruptedWritesAreRemoved() async throws {
        try await withFolder { folder in
            for name in ["a", "a.tmp-1x", "b.tmp"] { try AtomicFile.write("\(folder)/\(name)", []) }
            try AtomicFile.removeLeftovers(in: folder)
            #expect(try Files.list(folder) == ["a", "b.tmp"])
        }
    }

    @Test func namesAreListedInByteOrder() async throws {
        try await withFolder { folder in
            for name in ["b", "B", "a10", "a2"] { try AtomicFile.write("\(folder)/\(name)", []) }
            #expect(try Files.list(folder) == ["B", "a10", "a2", "b"])
        }
    }

    @Test func foldersAreMadeWithTheirParents() async throws {
        try await withFolder { folder in
            try Files.makeDirectory("\(folder)/a/b/c/")
            #expect(Files.isDirectory("\(folder)/a/b/c"))
            try AtomicFile.write("\(folder)/file", [])
            #expect(throws: FileError.self) { try Files.makeDirectory("\(folder)/file/x") }
        }
    }

    @Test func pidFileHoldsTheProcess() async throws {
        try await withFolder { folder in
            let file = try PIDFile.write("\(folder)/pid")
            #expect(try Files.read(file.path, limit: 20) == Array("\(getpid())\n".utf8))
            try file.remove()
            try file.remove()
            #expect(!Files.exists(file.path))
        }
    }
}
