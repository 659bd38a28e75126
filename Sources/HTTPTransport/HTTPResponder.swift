package import NIOCore
import Synchronization
package import Telemetry

/// Answers one request. Small, because each parked request holds one.
package struct HTTPResponder: Sendable {
    let connection: HTTPConnection
    let id: UInt64

    /// The connection's loop, on which answering is cheapest.
    package var eventLoop: any EventLoop { connection.eventLoop }

    /// Answers the request, from any thread. Only the first answer counts; an answer to a
    /// disconnected client is dropped.
    package func respond(_ response: HTTPResponse) {
        if connection.eventLoop.inEventLoop {
            connection.respond(id, response)
        } else {
            connection.eventLoop.execute { connection.respond(id, response) }
        }
    }

    /// Answers with a streamed body. `head.body` is its beginning.
    package func respond(streaming head: HTTPResponse) -> HTTPStreamWriter {
        let writer = HTTPStreamWriter(self)
        if connection.eventLoop.inEventLoop {
            connection.beginStream(id, head, writer)
        } else {
            connection.eventLoop.execute { connection.beginStream(id, head, writer) }
        }
        return writer
    }

    /// Adds headers to the answer, unless it has one of that name. Must be called on the loop,
    /// before the answer.
    package func addHeaders(_ headers: [(name: String, value: String)]) {
        connection.addHeaders(id, headers)
    }

    /// Records in `timing` the time from now until `respond` is called, or until a stream ends; not
    /// when the client disconnects before. Must be called on the loop, before the answer.
    package func measure(_ timing: Timing) { connection.measure(id, timing) }

    /// Runs `callback` once, on the loop, when `respond` is called, before the answer is written;
    /// not for a streamed answer. Must be called on the loop, before the answer.
    package func onAnswer(_ callback: @escaping @Sendable () -> Void) {
        connection.setOnAnswer(id, callback)
    }

    /// Runs `callback` once, on the loop, if the client disconnects before the response is
    /// complete. A second callback replaces the first.
    package func onClose(_ callback: @escaping @Sendable () -> Void) {
        if connection.eventLoop.inEventLoop {
            connection.setOnClose(id, callback)
        } else {
            connection.eventLoop.execute { connection.setOnClose(id, callback) }
        }
    }
}

/// Writes the body of a streamed response, from any thread.
package final class HTTPStreamWriter: Sendable {
    private let responder: HTTPResponder
    private let queued = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)

    init(_ responder: HTTPResponder) { self.responder = responder }

    package var isClosed: Bool { isOver.load(ordering: .relaxed) }

    /// Sends a part. Returns false when it was dropped: the client has disconnected (`isClosed`),
    /// or leaves more than `Limits.streamQueuedBytesMax` unread.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return !isClosed }
        guard !isClosed, queued.load(ordering: .relaxed) <= Limits.streamQueuedBytesMax else {
            return false
        }
        queued.add(bytes.count, ordering: .relaxed)
        let (connection, id) = (responder.connection, responder.id)
        connection.eventLoop.execute { connection.writeStream(id, bytes, self) }
        return true
    }

    /// Ends the response. Must be called once, also when the client has disconnected.
    package func end() {
        let (connection, id) = (responder.connection, responder.id)
        connection.eventLoop.execute { connection.endStream(id) }
    }

    func written(_ count: Int) { queued.subtract(count, ordering: .relaxed) }
    func close() { isOver.store(true, ordering: .relaxed) }
}
