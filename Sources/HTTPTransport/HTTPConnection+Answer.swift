import NIOCore
import Platform
import Primitives
import Telemetry

/// Answers, in the order of their requests.
extension HTTPConnection {
    func respond(_ id: UInt64, _ response: HTTPResponse) {
        guard let index = waiting(id) else { return }
        slots[index].onAnswer?()
        slots[index].recordTime()
        guard index == 0 else {
            slots[index].answer = .whole(response)
            slots[index].onClose = nil
            return
        }
        let slot = slots.removeFirst()
        firstID += 1
        writeWhole(response, slot)
        guard slot.keepsAlive else { return closeAfterWrites() }
        writeReady()
    }

    func setOnAnswer(_ id: UInt64, _ callback: @escaping @Sendable () -> Void) {
        if let index = waiting(id) { slots[index].onAnswer = callback }
    }

    func measure(_ id: UInt64, _ timing: Timing) {
        guard let index = waiting(id) else { return }
        slots[index].timing = timing
        slots[index].timedSince = SystemClock.now()
    }

    func addHeaders(_ id: UInt64, _ headers: [(name: String, value: String)]) {
        if let index = waiting(id) { slots[index].headers = headers }
    }

    func setOnClose(_ id: UInt64, _ callback: @escaping @Sendable () -> Void) {
        guard let index = place(id) else {
            if context == nil { callback() }
            return
        }
        if case .whole = slots[index].answer { return }
        slots[index].onClose = callback
    }

    /// Refuses what is being read, after the answers before it, and closes.
    func refuse(_ response: HTTPResponse, _ head: RequestHead? = nil) {
        reading = .discarding
        body = []
        owesContinue = false
        slots.append(
            Slot(
                isHead: head?.method == "HEAD", isOldClient: false, keepsAlive: false,
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
        let parts = head.body.isEmpty ? [] : [head.body]
        slots[index].answer = .stream(head, writer, parts: parts, isBegun: false, isOver: false)
        if index == 0 { writeReady() }
    }

    func writeStream(_ id: UInt64, _ bytes: [UInt8], _ writer: HTTPStreamWriter) {
        guard let index = place(id),
            case .stream(let head, _, var parts, let isBegun, false) = slots[index].answer
        else {
            writer.written(bytes.count)
            return
        }
        if isBegun && index == 0 {
            writePart(bytes, of: slots[index], writer)
            flushIfNeeded()
        } else {
            parts.append(bytes)
            slots[index].answer = .stream(
                head, writer, parts: parts, isBegun: false, isOver: false)
        }
    }

    func endStream(_ id: UInt64) {
        guard let index = place(id),
            case .stream(let head, let writer, let parts, let isBegun, false) = slots[index].answer
        else { return }
        writer.close()
        slots[index].recordTime()
        slots[index].onClose = nil
        slots[index].answer = .stream(head, writer, parts: parts, isBegun: isBegun, isOver: true)
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
        if !slot.isOldClient {
            buffer.writeString(String(bytes.count, radix: 16))
            buffer.writeStaticString("\r\n")
        }
        buffer.writeBytes(bytes)
        if !slot.isOldClient { buffer.writeStaticString("\r\n") }
        write(buffer, promise: written)
    }

    // MARK: In order

    private func place(_ id: UInt64) -> Int? {
        guard id >= firstID else { return nil }
        let index = Int(id - firstID)
        return index < slots.count ? index : nil
    }

    /// Nil when it has been answered, or its client has gone.
    private func waiting(_ id: UInt64) -> Int? {
        guard let index = place(id), case .none = slots[index].answer else { return nil }
        return index
    }

    /// Writes every answer whose turn has come.
    private func writeReady() {
        var isLast = false
        while !isLast, !slots.isEmpty {
            switch slots[0].answer {
            case .none: return proceed()
            case .whole(let response): writeWhole(response, slots[0])
            case .stream(let head, let writer, let parts, let isBegun, let isOver):
                if !isBegun {
                    beginWriting(head, slots[0])
                    for part in parts { writePart(part, of: slots[0], writer) }
                }
                guard isOver else {
                    slots[0].answer = .stream(
                        head, writer, parts: [], isBegun: true, isOver: false)
                    return proceed()
                }
                if !slots[0].isOldClient && !slots[0].isHead {
                    write(ByteBuffer(staticString: "0\r\n\r\n"))
                }
                if slots[0].isOldClient { slots[0].keepsAlive = false }
            }
            guard !slots.isEmpty else { return }  // the write found the client gone
            isLast = !slots[0].keepsAlive
            slots.removeFirst()
            firstID += 1
        }
        if isLast {
            closeAfterWrites()
        } else {
            proceed()
        }
    }

    private func writeWhole(_ response: HTTPResponse, _ slot: Slot) {
        var framing = ResponseHead.Framing(isOldClient: slot.isOldClient, closes: !slot.keepsAlive)
        var body = response.body
        var shared = response.sharedBody
        let count = shared?.count ?? body.count
        let hasNoBody = response.status == 204 || response.status == 304
        if slot.takesGzip && count >= Limits.gzipBytesMin && !hasNoBody
            && !response.headers.hasContentEncoding,
            let small = loopState.gzip(shared?.bytes ?? body), small.count < count
        {
            body = small
            shared = nil
            framing.isGzip = true
        }
        if !hasNoBody { framing.contentLength = shared?.count ?? body.count }
        let sendsBody = !hasNoBody && !slot.isHead
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(
            capacity: 320 + response.headers.lines.count + (sendsBody ? body.count : 0))
        ResponseHead.write(
            &buffer, slot.completed(response), framing, date: loopState.dateLine())
        if sendsBody, shared == nil { buffer.writeBytes(body) }
        write(buffer)
        if sendsBody, let shared { write(shared.buffer) }
    }

    private func beginWriting(_ head: HTTPResponse, _ slot: Slot) {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(512)
        let framing = ResponseHead.Framing(
            isOldClient: slot.isOldClient, closes: !slot.keepsAlive || slot.isOldClient,
            isChunked: !slot.isOldClient)
        ResponseHead.write(&buffer, slot.completed(head), framing, date: loopState.dateLine())
        write(buffer)
    }
}
