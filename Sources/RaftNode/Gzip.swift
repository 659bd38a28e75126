internal import CZlib

/// One gzip stream being written.
final class GzipWriter {
    // zlib keeps the stream's address: it must not move.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() {
        stream.initialize(to: z_stream())
        let code = czlib_gzip_begin(stream, 6)
        precondition(code == Z_OK, "deflate did not begin: \(code)")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses some bytes, and returns the output so far, which may be empty.
    func add(_ bytes: [UInt8], isLast: Bool = false) -> [UInt8] {
        var output: [UInt8] = []
        var input = bytes
        input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            var room = 0
            repeat {
                let piece = [UInt8](unsafeUninitializedCapacity: 64 << 10) { space, count in
                    stream.pointee.next_out = space.baseAddress
                    stream.pointee.avail_out = UInt32(space.count)
                    let code = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    precondition(code != Z_STREAM_ERROR, "deflate lost its stream")
                    room = Int(stream.pointee.avail_out)
                    count = space.count - room
                }
                output += piece
            } while room == 0
        }
        return output
    }
}

/// One gzip stream being read.
final class GzipReader {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private(set) var isOver = false

    init() {
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size)
        precondition(code == Z_OK, "inflate did not begin: \(code)")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Calls `body` with the decompressed bytes, in pieces.
    func add(_ bytes: [UInt8], _ body: ([UInt8]) throws -> Void) throws {
        var input = bytes
        try input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            var room = 0
            repeat {
                if isOver {
                    if stream.pointee.avail_in > 0 {
                        throw RaftNodeError.badArchive(reason: "bytes follow its end")
                    }
                    return
                }
                var code: Int32 = 0
                let piece = [UInt8](unsafeUninitializedCapacity: 64 << 10) { space, count in
                    stream.pointee.next_out = space.baseAddress
                    stream.pointee.avail_out = UInt32(space.count)
                    code = inflate(stream, Z_NO_FLUSH)
                    room = Int(stream.pointee.avail_out)
                    count = space.count - room
                }
                guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
                    throw RaftNodeError.badArchive(reason: "it is not gzip, or damaged (\(code))")
                }
                isOver = code == Z_STREAM_END
                if !piece.isEmpty { try body(piece) }
            } while room == 0 || isOver && stream.pointee.avail_in > 0
        }
    }
}
