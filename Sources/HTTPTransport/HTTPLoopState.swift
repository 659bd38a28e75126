import CZlib
import Glibc
import NIOCore
import Platform
import Primitives
import Synchronization

/// The state that the connections of one event loop share: the date, the compressor, the sweep of
/// deadlines. Only for its loop.
final class HTTPLoopState: @unchecked Sendable {
    let eventLoop: any EventLoop
    var connections: [ObjectIdentifier: HTTPConnection] = [:]
    /// The time of the last sweep: precise enough for deadlines, and free to read.
    private(set) var now = NIODeadline.now()
    private var date: [UInt8] = []
    private var dateSecond = -1
    private var compressor: Gzip?
    /// Buffers that are reused in turn, one for each answer. A buffer is reusable as soon as the
    /// socket took its contents; until then another one is used.
    private var scratches = [ByteBuffer](repeating: ByteBuffer(), count: Limits.scratches)
    private var scratch = 0
    private var unflushed: [HTTPConnection] = []
    private var sweep: RepeatedTask?

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func startSweep(every: GoDuration) {
        let every = TimeAmount.nanoseconds(every.nanoseconds)
        sweep = eventLoop.scheduleRepeatedTask(initialDelay: every, delay: every) {
            [weak self] _ in
            guard let self else { return }
            now = .now()
            for connection in connections.values { connection.checkDeadline(now) }
        }
    }

    func stopSweep() {
        sweep?.cancel()
        sweep = nil
    }

    /// `Date: Sat, 21 Nov 2026 02:19:58 GMT` and a line end, made once a second.
    func dateLine() -> [UInt8] {
        let second = SystemClock.coarseUnixSeconds()
        if second != dateSecond {
            dateSecond = second
            date = Array("Date: \(Self.text(second))\r\n".utf8)
        }
        return date
    }

    static func text(_ second: Int) -> String {
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        var time = time_t(second)
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ n: Int32) -> String { n < 10 ? "0\(n)" : "\(n)" }
        let day = "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)])"
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return "\(day) \(parts.tm_year + 1900) \(clock) GMT"
    }

    /// Returns the bytes that `fill` writes, in a reused buffer of this loop.
    func buffer(_ fill: (inout ByteBuffer) -> Void) -> ByteBuffer {
        scratch = (scratch + 1) % Limits.scratches
        scratches[scratch].clear()
        fill(&scratches[scratch])
        let filled = scratches[scratch]
        if filled.capacity > Limits.scratchBytesMax { scratches[scratch] = ByteBuffer() }
        return filled
    }

    /// Flushes all answers of this turn of the loop after the last one. A client that is faster
    /// than the server would otherwise be woken for each of them, which costs as much as an answer.
    func flushSoon(_ connection: HTTPConnection) {
        unflushed.append(connection)
        if unflushed.count == 1 { eventLoop.execute { self.flushAll() } }
        // With many answers, clients read the first ones while the others are made.
        if unflushed.count >= Limits.unflushedMax { flushAll() }
    }

    private func flushAll() {
        let connections = unflushed
        unflushed.removeAll(keepingCapacity: true)
        for connection in connections { connection.takeTurn() }
    }

    func gzip(_ bytes: [UInt8]) -> [UInt8]? {
        if compressor == nil { compressor = Gzip() }
        return compressor?.compress(bytes)
    }
}

/// Compresses with zlib in gzip form. Reused, because its state takes a quarter of a megabyte.
final class Gzip {
    private var stream = z_stream()

    init?() {
        guard czlib_gzip_begin(&stream, Limits.gzipLevel) == Z_OK else { return nil }
    }

    deinit { deflateEnd(&stream) }

    /// Returns `bytes` compressed; nil when zlib fails.
    func compress(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count < Int(UInt32.max), deflateReset(&stream) == Z_OK else { return nil }
        let room = Int(deflateBound(&stream, UInt(bytes.count)))
        return bytes.withUnsafeBufferPointer { input in
            let output = [UInt8](unsafeUninitializedCapacity: room) { space, count in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = space.baseAddress
                stream.avail_out = UInt32(clamping: room)
                let result = deflate(&stream, Z_FINISH)
                count = result == Z_STREAM_END ? room - Int(stream.avail_out) : 0
            }
            return output.isEmpty ? nil : output
        }
    }
}

/// Counts connections by client address, for the whole server.
final class ConnectionCounts: Sendable {
    private struct Counts {
        var total = 0
        var byClient: [String: Int] = [:]
        var refusals = 0
    }

    enum Admission { case admitted, tooManyOfClient, tooMany }

    private let counts = Mutex(Counts())
    private let totalMax: Int
    let perClientMax: Atomic<Int>

    init(total: Int, perClient: Int) {
        totalMax = total
        perClientMax = Atomic(perClient)
    }

    var total: Int { counts.withLock { $0.total } }

    /// Connections of Unix sockets (empty client) are not bounded by client.
    func admit(_ client: String) -> Admission {
        let most = perClientMax.load(ordering: .relaxed)
        return counts.withLock { counts in
            if counts.total >= totalMax { return .tooMany }
            if !client.isEmpty {
                let count = counts.byClient[client, default: 0]
                if most > 0 && count >= most { return .tooManyOfClient }
                counts.byClient[client] = count + 1
            }
            counts.total += 1
            return .admitted
        }
    }

    /// Returns false when too many refusals are being answered already.
    func admitRefusal() -> Bool {
        counts.withLock { counts in
            guard counts.refusals < Limits.refusalsMax else { return false }
            counts.refusals += 1
            return true
        }
    }

    func releaseRefusal() { counts.withLock { $0.refusals -= 1 } }

    func release(_ client: String) {
        counts.withLock { counts in
            counts.total -= 1
            guard !client.isEmpty, let count = counts.byClient[client] else { return }
            counts.byClient[client] = count > 1 ? count - 1 : nil
        }
    }
}
