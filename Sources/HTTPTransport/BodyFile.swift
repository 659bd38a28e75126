internal import Glibc
internal import NIOCore
internal import NIOPosix
package import Platform
internal import Synchronization

/// The rules for receiving large bodies of some requests into files, while they begin with the
/// required bytes.
package struct BodyFileRules: Sendable {
    /// The folder of the unnamed file.
    package var folder: String
    /// A body that begins otherwise is refused at once.
    package var firstBytes: [UInt8]
    package var refusal: HTTPResponse

    package init(folder: String, firstBytes: [UInt8], refusal: HTTPResponse) {
        self.folder = folder
        self.firstBytes = firstBytes
        self.refusal = refusal
    }
}

/// A body in an unnamed file, which is deleted with this object. One thread at a time appends, and
/// reads after the last piece.
package final class BodyFile: Sendable {
    private let file: Int32
    private let path: String
    private let place: BodyFilePlace
    private let offset = Atomic<Int>(0)

    init(in folder: String, _ place: BodyFilePlace) throws(FileError) {
        self.place = place
        path = folder
        let flags = O_RDWR | O_CLOEXEC | O_EXCL
        var file = open(folder, flags | Limits.temporaryFileFlag, 0o600)
        if file < 0, errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL {
            var name = Array("\(folder)/body.XXXXXX".utf8CString)
            file = mkstemp(&name)
            if file >= 0 {
                _ = fcntl(file, F_SETFD, FD_CLOEXEC)
                unlink(name)
            }
        }
        guard file >= 0 else { throw FileError("create a file in", folder, code: errno) }
        self.file = file
    }

    deinit { close(file) }

    func append(_ bytes: [UInt8]) throws(FileError) {
        let code = Files.writeAll(file, bytes)
        guard code == 0 else { throw FileError("write a file in", path, code: code) }
    }

    /// Returns the next piece from the beginning on; nil after the last.
    package func next() throws(FileError) -> [UInt8]? {
        let start = offset.load(ordering: .relaxed)
        var code: Int32 = 0
        let piece = [UInt8](unsafeUninitializedCapacity: Limits.bodyPieceBytes) { space, count in
            while true {
                let got = pread(file, space.baseAddress, space.count, start + count)
                if got < 0, errno == EINTR { continue }
                if got < 0 { code = errno }
                count = max(0, got)
                break
            }
        }
        guard code == 0 else { throw FileError("read a file in", path, code: code) }
        offset.store(start + piece.count, ordering: .relaxed)
        return piece.isEmpty ? nil : piece
    }
}

/// A permit for one of the bodies that a server may hold in files at once; released with this
/// object.
final class BodyFilePlace: Sendable {
    private let taken: BodyFileCount

    init?(_ taken: BodyFileCount) {
        self.taken = taken
        guard taken.count.add(1, ordering: .relaxed).newValue <= Limits.bodyFilesMax else {
            taken.count.subtract(1, ordering: .relaxed)
            return nil
        }
    }

    deinit { taken.count.subtract(1, ordering: .relaxed) }
}

final class BodyFileCount: Sendable {
    let count = Atomic<Int>(0)
}

/// A body that is being received into a file. For its connection's loop.
final class IncomingBodyFile {
    let rules: BodyFileRules
    let place: BodyFilePlace
    var received = 0
    var file: BodyFile?

    init(_ rules: BodyFileRules, _ place: BodyFilePlace) {
        self.rules = rules
        self.place = place
    }

    /// Returns whether the body may still begin with the required bytes.
    func accepts(_ bytes: [UInt8]) -> Bool {
        zip(rules.firstBytes.dropFirst(received), bytes).allSatisfy { $0 == $1 }
    }
}

extension HTTPConnection {
    /// Appends a piece of a body to its file. Parsing and reading pause until another thread has
    /// written it.
    func spool(_ bytes: [UInt8], _ incoming: IncomingBodyFile, _ head: RequestHead) {
        guard incoming.accepts(bytes) else { return refuse(incoming.rules.refusal, head) }
        incoming.received += bytes.count
        isSpooling = true
        let (loop, folder, place) = (eventLoop, incoming.rules.folder, incoming.place)
        let known = incoming.file
        NIOThreadPool.singleton.submit { _ in
            let result = Result { () throws(FileError) in
                let file: BodyFile
                if let known { file = known } else { file = try BodyFile(in: folder, place) }
                try file.append(bytes)
                return file
            }
            loop.execute { self.spooled(result, head) }
        }
    }

    private func spooled(_ result: Result<BodyFile, FileError>, _ head: RequestHead) {
        isSpooling = false
        guard let incoming = incomingFile else { return }  // refused, or the client has gone
        do {
            incoming.file = try result.get()
            resume()
        } catch {
            refuse(.text(500, "failed to read the request body: \(error)"), head)
        }
    }
}
