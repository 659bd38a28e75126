import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Primitives
import Synchronization
import Testing

@testable import HTTPTransport
@testable import Platform

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    private func withClient<R>(_ body: (HTTPClient) async throws -> R) async throws -> R {
        let client = HTTPClient(on: group)
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    @Test func requestIsAnsweredAndRedirectsAreFollowedOnDemand() async throws {
        let test = try await TestServer()
        try await withClient { client in
            var call = HTTPCall(
                method: "PUT", url: test.url + "/echo", body: Array("body".utf8),
                timeout: .seconds(5))
            let answer = try await client.execute(call)
            #expect(answer.status == 200 && answer.reason == "OK" && answer.text == "body")
            #expect(answer.headers.first(name: "X-Method") == "PUT")
            call = HTTPCall(url: test.url + "/to", timeout: .seconds(5))
            #expect(try await client.execute(call).text == "/uri")
            call.followsRedirects = false
            #expect(try await client.execute(call).status == 302)
        }
        await test.server.stop()
    }

    @Test func gzipIsSentToClientsThatAcceptIt() async throws {
        let test = try await TestServer()
        try await withClient { client in
            var call = HTTPCall(url: test.url + "/big", timeout: .seconds(5))
            call.headers = ["Accept-Encoding": "gzip, deflate"]
            let answer = try await client.execute(call)
            #expect(answer.headers.first(name: "Content-Encoding") == "gzip")
            #expect(answer.body.count < 30_000 && answer.body.starts(with: [0x1F, 0x8B]))
            var unpack = ProcessSpec(["/bin/sh", "-c", "gzip -dc | wc -c"])
            unpack.standardInput = answer.body
            #expect(await ProcessRun.run(unpack).output == "3000000\n")
            call.headers = ["Accept-Encoding": "gzip;q=0"]
            #expect(try await client.execute(call).body.count == 3_000_000)
        }
        await test.server.stop()
    }

    @Test func keptPartOfABodyIsBounded() async throws {
        let test = try await TestServer()
        try await withClient { client in
            var call = HTTPCall(url: test.url + "/big", timeout: .seconds(5))
            call.keep = .first(10)
            let first = try await client.execute(call)
            #expect(first.body.count == 10 && first.isTruncated)
            call.keep = .last(10)
            let last = try await client.execute(call)
            #expect(last.body.count == 10 && last.isTruncated)
            call.url = test.url + "/echo?0123456789"
            #expect(try await client.execute(call).isTruncated == false)
        }
        await test.server.stop()
    }

    @Test func endlessBodyCostsNothing() async throws {
        let test = try await TestServer()
        try await withClient { client in
            var call = HTTPCall(url: test.url + "/stream", timeout: .seconds(20))
            call.keep = .first(5000)
            let feeder = Task {
                _ = await eventually { test.handler.streams.withLock { $0.count } == 1 }
                let writer = test.handler.streams.withLock { $0[0] }
                while !writer.isClosed {
                    let part = [UInt8](repeating: 66, count: 10_000)
                    if !writer.write(part) { await Task.yield() }
                }
            }
            let answer = try await client.execute(call)
            #expect(answer.body.count == 5000 && answer.isTruncated)
            await feeder.value
        }
        await test.server.stop()
    }

    @Test func streamHandsOnPartsAsTheyCome() async throws {
        let test = try await TestServer()
        try await withClient { client in
            let heard = Mutex<[UInt8]>([])
            let call = HTTPCall(url: test.url + "/stream", timeout: .seconds(10))
            let answer = try await client.stream(
                call,
                head: { head in
                    #expect(head.status == 200)
                    let writer = test.handler.streams.withLock { $0[0] }
                    writer.write([1])
                },
                part: { bytes in
                    heard.withLock { $0 += bytes }
                    let writer = test.handler.streams.withLock { $0[0] }
                    if bytes == [1] { writer.write([2]) } else { writer.end() }
                })
            #expect(answer.status == 200 && heard.withLock { $0 } == [1, 2])
        }
        await test.server.stop()
    }

    @Test func failuresHaveGosTexts() async throws {
        let closed = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let port = closed.localAddress!.port!
        try await closed.close()
        try await withClient { client in
            func failure(_ change: (inout HTTPCall) -> Void) async -> HTTPCallError? {
                var call = HTTPCall(url: "http://127.0.0.1:\(port)/", timeout: .seconds(30))
                change(&call)
                do {
                    _ = try await client.execute(call)
                    return nil
                } catch {
                    return error
                }
            }
            let refused = await failure { _ in }
            #expect(refused?.reason == "dial tcp 127.0.0.1:\(port): connect: connection refused")
            #expect(refused?.kind == .connect)
            let whole = refused?.description
            #expect(whole?.hasPrefix("Get \"http://127.0.0.1:\(port)/\": dial") == true)
            let noSocket = await failure { $0.unixSocket = "/no/such.sock" }
            #expect(
                noSocket?.reason == "dial unix /no/such.sock: connect: no such file or directory")
            let noHost = await failure { $0.url = "http://no-such-host.invalid/" }
            #expect(noHost?.reason.contains("lookup no-such-host.invalid: ") == true)
            let noScheme = await failure { $0.url = "ftp://x/" }
            #expect(noScheme?.reason == "unsupported protocol scheme \"ftp\"")
            let noFile = await failure {
                $0.url = "https://127.0.0.1:\(port)/"
                $0.tls = TLSSettings()
                $0.tls?.authorityFile = "/no/ca.pem"
            }
            #expect(noFile?.reason == "CA file: open /no/ca.pem: no such file or directory")
        }
    }

    @Test func serverThatNeverAnswersTimesOut() async throws {
        let test = try await TestServer()
        try await withClient { client in
            for path in ["/park", "/stream"] {
                let start = SystemClock.now()
                do throws(HTTPCallError) {
                    _ = try await client.execute(
                        HTTPCall(url: test.url + path, timeout: .milliseconds(200)))
                    Issue.record("no answer was due")
                } catch {
                    #expect(error.kind == .timeout)
                    let place = path == "/park" ? "awaiting headers" : "reading body"
                    #expect(
                        error.reason
                            == "net/http: request canceled"
                            + " (Client.Timeout exceeded while \(place))")
                }
                #expect(SystemClock.now() - start < .seconds(5))
            }
            #expect(await eventually { test.handler.gone.load(ordering: .relaxed) == 1 })
        }
        await test.server.stop()
    }

    @Test func cancelledTaskEndsTheRequest() async throws {
        let test = try await TestServer()
        try await withClient { client in
            let task = Task { try await client.execute(HTTPCall(url: test.url + "/park")) }
            #expect(await eventually { test.handler.parked.withLock { $0.count } == 1 })
            task.cancel()
            let error = await #expect(throws: HTTPCallError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
            #expect(await eventually { test.handler.gone.load(ordering: .relaxed) == 1 })
        }
        await test.server.stop()
    }

    @Test func connectionsAreKeptOrNot() async throws {
        let test = try await TestServer()
        try await withClient { client in
            var call = HTTPCall(url: test.url + "/echo?a", timeout: .seconds(5))
            for _ in 0..<5 { _ = try await client.execute(call) }
            #expect(test.server.connectionCount == 1)
            call.keepsAlive = false
            for _ in 0..<5 { _ = try await client.execute(call) }
            #expect(await eventually { test.server.connectionCount <= 1 })
        }
        await test.server.stop()
    }
}
