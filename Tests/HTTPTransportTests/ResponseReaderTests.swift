import Primitives
import Testing

@testable import HTTPTransport

/// A response has the same meaning however it is split into pieces; and no bytes trap the reader.
@Suite struct ResponseReaderTests {
    private struct Result: Hashable {
        var status = 0
        var reason = ""
        var fields: [String] = []
        var body: [UInt8] = []
        var isDone = false
        var failure: ResponseReader.Failure?
    }

    private func read(_ bytes: [UInt8], cutAt cuts: [Int]) -> Result {
        var reader = ResponseReader(isHead: false)
        var result = Result()
        var start = 0
        do throws(ResponseReader.Failure) {
            for end in cuts.filter({ $0 < bytes.count }) + [bytes.count] where end >= start {
                var failure: ResponseReader.Failure?
                bytes[start..<end].withUnsafeBytes { piece in
                    do throws(ResponseReader.Failure) {
                        try reader.read(piece) { result.body += $0 }
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
                start = end
            }
            try reader.end()
        } catch {
            // The length of a quoted foreign greeting depends on the bytes received so far.
            if case .malformedResponse = error {
                result.failure = .malformedResponse("")
            } else {
                result.failure = error
            }
            return result
        }
        result.status = reader.status
        result.reason = reader.reason
        result.fields = reader.fields.map { "\($0.name)=\($0.value)" }
        result.isDone = reader.isDone
        return result
    }

    private static let samples = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA:  b\r\n\r\nhello and more",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 Not Found\n\nto the end",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3;x=y\r\nabc\r\n"
            + "A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
        "HTTP/1.1 204 \r\nX\r\nContent-Length: 9\r\n\r\n", "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 20x OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nx",
    ]

    @Test(arguments: samples) func everyCutGivesTheSame(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = read(bytes, cutAt: [])
        for cut in 0...bytes.count { #expect(read(bytes, cutAt: [cut]) == whole) }
        #expect(read(bytes, cutAt: Array(0...bytes.count)) == whole)
    }

    @Test func mutationsTrapNothing() {
        var random = SeededRandom(seed: 20_261)
        for round in 0..<20_000 {
            var bytes = Array(Self.samples[round % Self.samples.count].utf8)
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                default: bytes.insert(bytes[index], at: index)
                }
            }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            #expect(read(bytes, cutAt: [cut]) == read(bytes, cutAt: []))
        }
    }
}
