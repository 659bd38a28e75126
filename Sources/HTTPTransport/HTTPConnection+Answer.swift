import NIOCore
import Platform
import Primitives
import Telemetry

/// The answers of a connection, in the order of their requests.
extension HTTPConnection {
    func respond(_ id: UInt64, _ response: HTTPResponse) {
        guard let index = waiting(id) else { return }
        slots[index].extras?.onAnswer?()
        slots[index].recordTime()
        guard index == 0 else {
            slots[index].answer = .whole(response)
            slots[index].onClose = nil
            return
        }
        let slot = slots.remove(at: 0)  // moved: `removeFirst` would copy it
        firstID += 1
        writeWhole(response, slot)
        guard slot.keepsAlive else { return closeAfterWrites() }
        writeReady()
    }

    func setOnAnswer(_ id: UInt64, _ callback: @escaping @Sendable () -> Void) {
        if let index = waiting(id) { slots[index].extrasCreatingIfNeeded.onAnswer = callback }
    }

    func measure(_ id: UInt64, _ timing: Timing) {
        guard let index = waiting(id) else { return }
        slots[index].timing = timing
        slots[index].timedSince = SystemClock.now()
    }

    func addHeaders(_ id: UInt64, _ headers: [(name: String, value: String)]) {
        guard !headers.isEmpty, let index = waiting(id) else { return }
        slots[index].extrasCreatingIfNeeded.headers = headers
    }

    func setOnClose(_ id: UInt64, _ callback: @escaping @Sendable () -> Void) {
        guard let index = position(id) else {
            if context == nil { callback() }
            return
        }
        if case .whole = slots[index].answer { return }
        slots[index].onClose = callback
    }

    /// Refuses the request that is being read, after the answers before it, and closes.
    func refuse(_ response: HTTPResponse, _ head: RequestHead? = nil) {
        reading = .discarding
        body = []
        incomingFile = nil
        owesContinue = false
        slots.append(
            Slot(
                isHead: head?.method == "HEAD", isSafe: true, isHTTP10: false, keepsAlive: false,
                takesGzip: false, answer: .whole(response)))
        if slots.count == 1 { writeReady() }
    }

    func refuseBody(_ head: RequestHead, _ limit: Int) {
        var declared: Int?
        if case .sized(let count) = head.body { declared = count }
        refuse(server.limits.bodyTooLarge(head.path, limit, declared), head)
    }

    // MARK: Streams

    func beginStream(_ id: UInt64, _ head: HTTPResponse, _ writer: HTTPStreamWriter) {
        guard let index = waiting(id) else {
            writer.close()
            return
        }
        slots[index].answer = .stream(StreamedAnswer(head, writer))
        if index == 0 { writeReady() }
    }

    func writeStream(_ id: UInt64, _ bytes: [UInt8], _ writer: HTTPStreamWriter) {
        guard let index = position(id), case .stream(let stream) = slots[index].answer,
            !stream.isOver
        else {
            writer.written(bytes.count)
            return
        }
        if stream.isBegun && index == 0 {
            writePart(bytes, of: slots[index], writer)
            flushIfNeeded()
        } else {
            stream.parts.append(bytes)
        }
    }

    func endStream(_ id: UInt64) {
        guard let index = position(id), case .stream(let stream) = slots[index].answer,
            !stream.isOver
        else { return }
        stream.writer.close()
        slots[index].recordTime()
        slots[index].onClose = nil
        stream.isOver = true
        if index == 0 { writeReady() }
    }

    private func writePart(_ bytes: [UInt8], of slot: Slot, _ writer: HTTPStreamWriter) {
        let written = eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in writer.written(bytes.count) }
        if slot.isHead {
            written.succeed()
            return
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(bytes.count + 20)
        if !slot.isHTTP10 {
            buffer.writeString(String(bytes.count, radix: 16))
            buffer.writeStaticString("\r\n")
        }
        buffer.writeBytes(bytes)
        if !slot.isHTTP10 { buffer.writeStaticString("\r\n") }
        write(buffer, promise: written)
    }

    // MARK: In order

    private func position(_ id: UInt64) -> Int? {
        guard id >= firstID else { return nil }
        let index = Int(id - firstID)
        return index < slots.count ? index : nil
    }

    /// Returns nil when the request has been answered, or its client has disconnected.
    private func waiting(_ id: UInt64) -> Int? {
        guard let index = position(id), case .none = slots[index].answer else { return nil }
        return index
    }

    /// Writes the finished answers at the head of the queue.
    private func writeReady() {
        var isLast = false
        while !isLast, !slots.isEmpty {
            switch slots[0].answer {
            case .none: return proceed()
            case .whole(let response): writeWhole(response, slots[0])
            case .stream(let stream):
                if !stream.isBegun {
                    beginWriting(stream.head, slots[0])
                    for part in stream.parts { writePart(part, of: slots[0], stream.writer) }
                    stream.isBegun = true
                    stream.parts = []
                }
                guard stream.isOver else { return proceed() }
                if !slots[0].isHTTP10 && !slots[0].isHead {
                    write(ByteBuffer(staticString: "0\r\n\r\n"))
                }
                if slots[0].isHTTP10 { slots[0].keepsAlive = false }
            }
            guard !slots.isEmpty else { return }  // the write failed: the client has disconnected
            isLast = !slots[0].keepsAlive
            slots.remove(at: 0)
            firstID += 1
        }
        if isLast {
            closeAfterWrites()
        } else {
            proceed()
        }
    }

    private func writeWhole(_ response: HTTPResponse, _ slot: Slot) {
        var framing = ResponseHead.Framing(isHTTP10: slot.isHTTP10, closes: !slot.keepsAlive)
        var compressed: [UInt8]?
        let hasNoBody = response.status == 204 || response.status == 304
        var count = response.sharedBody?.count ?? response.body.count
        if slot.takesGzip && count >= Limits.gzipBytesMin && !hasNoBody
            && !response.headers.hasContentEncoding,
            let small = loopState.gzip(response.sharedBody?.bytes ?? response.body),
            small.count < count
        {
            compressed = small
            count = small.count
            framing.isGzip = true
        }
        if !hasNoBody { framing.contentLength = count }
        guard context != nil else { return }
        let shared = compressed == nil ? response.sharedBody : nil
        let sendsBody = !hasNoBody && !slot.isHead
        write(
            loopState.buffer { buffer in
                ResponseHead.write(
                    &buffer, slot.completed(response), framing, date: loopState.dateLine(),
                    body: !sendsBody || shared != nil ? [] : compressed ?? response.body)
            })
        if sendsBody, let shared { write(shared.buffer) }
    }

    private func beginWriting(_ head: HTTPResponse, _ slot: Slot) {
        let framing = ResponseHead.Framing(
            isHTTP10: slot.isHTTP10, closes: !slot.keepsAlive || slot.isHTTP10,
            isChunked: !slot.isHTTP10)
        var buffer = ByteBuffer()
        ResponseHead.write(&buffer, slot.completed(head), framing, date: loopState.dateLine())
        write(buffer)
    }
}
