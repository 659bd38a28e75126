import NIOCore

/// A body that many responses share: it is in memory once, ready to be sent, and no response copies
/// it.
package struct SharedBody: Sendable {
    let buffer: ByteBuffer

    package init(_ bytes: [UInt8]) { buffer = ByteBuffer(bytes: bytes) }

    package var count: Int { buffer.readableBytes }

    var bytes: [UInt8] { Array(buffer.readableBytesView) }
}
