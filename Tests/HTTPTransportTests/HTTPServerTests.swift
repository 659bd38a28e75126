import Glibc
import NIOCore
import Primitives
import Synchronization
import TestKit
import Testing

@testable import HTTPTransport
@testable import Platform

@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
    @Test func answerHasGosHeaders() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send("GET /echo?a=%20b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let answer = client.receive()
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"))
        #expect(answer.contains("\r\nVary: Accept-Encoding\r\nDate: "))
        #expect(answer.contains(" GMT\r\nContent-Length: 6\r\nConnection: close\r\n\r\na=%20b"))
        #expect(HTTPLoopState.text(1_795_227_598) == "Sat, 21 Nov 2026 02:19:58 GMT")
        await test.server.stop()
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send("GET /park HTTP/1.1\r\nHost: x\r\n\r\n")
        client.send("GET /echo?second HTTP/1.1\r\nHost: x\r\n\r\n")
        client.send("GET /park HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(await eventually { test.handler.parked.withLock { $0.count } == 2 })
        let parked = test.handler.parked.withLock { $0 }
        parked[1].respond(.text(200, "third"))
        parked[0].respond(.text(200, "first"))
        parked[0].respond(.text(200, "twice"))
        let answer = client.receive()
        let bodies = answer.components(behind: "\r\n\r\n")
        #expect(bodies == ["first", "second", "third"])
        await test.server.stop()
    }

    /// A request that changes state runs alone: neither overtakes the other, reads nor writes.
    @Test func pipelinedWritesKeepTheirOrder() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        let read = "GET /park HTTP/1.1\r\nHost: x\r\n\r\n"
        let write = "PUT /park HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
        client.send(read + read + write + write + read)
        client.send("GET /echo?end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        var answered = 0
        for count in [2, 3, 4, 5] {
            #expect(await eventually { test.handler.parked.withLock { $0.count } == count })
            let parked = test.handler.parked.withLock { $0 }
            while answered < count {
                parked[answered].respond(.text(200, "n\(answered)"))
                answered += 1
            }
        }
        let bodies = client.receive().components(behind: "\r\n\r\n")
        #expect(bodies == ["n0", "n1", "n2", "n3", "n4", "end"])
        await test.server.stop()
    }

    /// Only names that the handler accepts are served; an accepted name is not judged again.
    @Test func theHostIsJudgedOnceAndWhenItChanges() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        for host in ["good:1", "good:1", "goods"] {
            client.send("GET /echo?a HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            #expect(client.receive(until: "\r\n\r\na").hasPrefix("HTTP/1.1 200 OK"))
        }
        client.send("PUT /park HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1\r\n\r\na")
        #expect(client.receive().hasPrefix("HTTP/1.1 403 Forbidden"))
        #expect(test.handler.hosts.withLock { $0 } == ["good:1", "goods", "evil.example"])
        #expect(test.handler.parked.withLock { $0.isEmpty })
        await test.server.stop()
    }

    @Test func floodOfPipelinedRequestsIsHeldBack() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        let request = "GET /park HTTP/1.1\r\nHost: x\r\n\r\n"
        client.send(String(repeating: request, count: 200))
        #expect(await eventually { test.handler.parked.withLock { $0.count } == 16 })
        var answered = 0
        while answered < 200 {
            let ready = test.handler.parked.withLock { all in
                defer { all = [] }
                return all
            }
            #expect(ready.count <= 16)
            for responder in ready {
                responder.respond(.text(200, "n\(answered)."))
                answered += 1
            }
            if ready.isEmpty {
                #expect(await eventually { test.handler.parked.withLock { !$0.isEmpty } })
            }
        }
        let answer = client.receive(until: "n199.")
        #expect(answer.components(separated: "HTTP/1.1 200 OK").count == 201)
        await test.server.stop()
    }

    @Test func clientGoneReleasesItsParkedRequest() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send("GET /park HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await eventually { test.handler.parked.withLock { $0.count } == 1 })
        client.close()
        #expect(await eventually { test.handler.gone.load(ordering: .relaxed) == 1 })
        test.handler.parked.withLock { $0[0].respond(.text(200, "nobody hears")) }
        #expect(await eventually { test.server.connectionCount == 0 })
        await test.server.stop()
    }

    @Test func chunkedBodyContinueAndHead() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send(
            "PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                + "Expect: 100-continue\r\n\r\n")
        #expect(client.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
        #expect(client.receive(until: "abcdefg").contains("X-Method: PUT"))
        client.send("HEAD /echo?xyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let answer = client.receive()
        #expect(answer.contains("Content-Length: 3\r\n") && answer.hasSuffix("\r\n\r\n"))
        await test.server.stop()
    }

    @Test func oversizeBodyIsRefusedBeforeItIsRead() async throws {
        let test = try await TestServer {
            $0.bodyBytes = { method, path in method == "PUT" && path == "/echo" ? 10 : 1000 }
        }
        for (head, body) in [
            ("Content-Length: 11\r\n\r\n", "12345678901"),
            ("Transfer-Encoding: chunked\r\n\r\n", "b\r\n12345678901\r\n0\r\n\r\n"),
        ] {
            let client = try RawClient(port: test.port)
            client.send("PUT /echo?x HTTP/1.1\r\nHost: x\r\n" + head + body)
            let answer = client.receive()
            #expect(answer.hasPrefix("HTTP/1.1 413 Request Entity Too Large"))
            #expect(answer.hasSuffix("Request body too large, max size: 10 bytes."))
        }
        let client = try RawClient(port: test.port)
        client.send("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1234567890")
        #expect(client.receive(until: "1234567890").hasPrefix("HTTP/1.1 200 OK"))
        await test.server.stop()
    }

    @Test func hugeRefusedBodyStillGetsItsAnswer() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\n\r\n")
        client.send([UInt8](repeating: 65, count: 100_000))
        #expect(client.receive(until: "bytes.").hasPrefix("HTTP/1.1 413 "))
        await test.server.stop()
    }

    @Test func oversizeHeadersAreRefused() async throws {
        let test = try await TestServer { $0.headerBytes = 4096 }
        let field = try RawClient(port: test.port)
        field.send("GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 9000))\r\n\r\n")
        #expect(field.receive().hasPrefix("HTTP/1.1 431 Request Header Fields Too Large"))
        let target = try RawClient(port: test.port)
        target.send("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(target.receive().hasPrefix("HTTP/1.1 431 "))
        let endless = try RawClient(port: test.port)
        endless.send("GET /\(String(repeating: "a", count: 300_000))")
        #expect(endless.receive().hasPrefix("HTTP/1.1 431 "))
        await test.server.stop()
    }

    @Test func nonsenseIsABadRequest() async throws {
        let test = try await TestServer()
        for text in ["rubbish\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
            let client = try RawClient(port: test.port)
            client.send(text)
            #expect(client.receive().hasPrefix("HTTP/1.1 400 Bad Request"))
        }
        await test.server.stop()
    }

    @Test func slowHeadersAndIdleConnectionsAreClosed() async throws {
        let test = try await TestServer {
            $0.headerTimeout = .milliseconds(150)
            $0.idleTimeout = .milliseconds(150)
            $0.bodyTimeout = .milliseconds(150)
        }
        for text in [
            "", "GET /ech", "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
        ] {
            let client = try RawClient(port: test.port)
            client.send(text)
            #expect(client.receive() == "")
        }
        let idle = try RawClient(port: test.port)
        idle.send("GET /echo?x HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(idle.receive().hasSuffix("\r\n\r\nx"))
        // The handler limits the time of a parked request: it outlives all of these deadlines.
        let parked = try RawClient(port: test.port)
        parked.send("GET /park HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        // A request that was begun later has timed out.
        let later = try RawClient(port: test.port)
        later.send("GET /ech")
        #expect(later.receive() == "")
        test.handler.parked.withLock { $0[0].respond(.text(200, "still here")) }
        #expect(parked.receive().hasSuffix("still here"))
        await test.server.stop()
    }

    @Test func clientThatReadsNothingIsClosed() async throws {
        let test = try await TestServer { $0.writeStallTimeout = .milliseconds(200) }
        let client = try RawClient(port: test.port, receiveBuffer: 4096)
        for _ in 0..<8 { client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n") }
        #expect(client.receive(until: "HTTP/1.1 200 OK").hasPrefix("HTTP/1.1 200 OK"))
        #expect(await eventually { test.server.connectionCount == 0 })
        await test.server.stop()
    }

    @Test func slowReaderOfALastAnswerGetsAllOfIt() async throws {
        let test = try await TestServer { $0.writeStallTimeout = .seconds(1) }
        let client = try RawClient(port: test.port, receiveBuffer: 4096)
        client.send("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        var total = 0
        for _ in 0..<10 {
            total += client.receive(atMost: 100_000)
            try await Task.sleep(nanoseconds: 250_000_000)
        }
        total += client.receive().utf8.count
        #expect(total > 3_000_000)
        await test.server.stop()
    }

    @Test func upgradeIsNotGrantedAndEndsTheConnection() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send(
            "GET /echo?plain HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
        let answer = client.receive()
        #expect(answer.contains("Connection: close\r\n") && answer.hasSuffix("plain"))
        await test.server.stop()
    }

    @Test func connectionsPerClientAreBounded() async throws {
        let test = try await TestServer { $0.connectionsPerClient = 2 }
        let first = try RawClient(port: test.port)
        let second = try RawClient(port: test.port)
        #expect(await eventually { test.server.connectionCount == 2 })
        let third = try RawClient(port: test.port)
        let answer = third.receive()
        #expect(answer.hasPrefix("HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\n"))
        first.close()
        #expect(await eventually { test.server.connectionCount == 1 })
        test.server.setConnectionsPerClient(1)
        #expect(try RawClient(port: test.port).receive().hasPrefix("HTTP/1.1 429"))
        second.send("GET /echo?ok HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(second.receive(until: "ok").hasPrefix("HTTP/1.1 200 OK"))
        await test.server.stop()
    }

    @Test func streamsAreChunkedAndEndWithTheClient() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.receive(until: "\r\n\r\n").contains("Transfer-Encoding: chunked\r\n"))
        #expect(await eventually { test.handler.streams.withLock { $0.count } == 1 })
        let writer = test.handler.streams.withLock { $0[0] }
        writer.write(Array("hello".utf8))
        #expect(client.receive(until: "hello\r\n") == "5\r\nhello\r\n")
        writer.end()
        #expect(client.receive(until: "0\r\n\r\n") == "0\r\n\r\n")
        client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = client.receive(until: "\r\n\r\n")
        #expect(await eventually { test.handler.streams.withLock { $0.count } == 2 })
        let second = test.handler.streams.withLock { $0[1] }
        var refused = false
        let part = [UInt8](repeating: 65, count: 65536)
        for _ in 0..<1000 where !refused { refused = !second.write(part) }
        #expect(refused && !second.isClosed, "a slow client bounds the queue")
        client.close()
        #expect(await eventually { second.isClosed })
        await test.server.stop()
    }

    @Test func headerValuesCannotSplitTheResponse() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send("GET /split HTTP/1.0\r\n\r\n")
        #expect(client.receive().contains("X-A: b  X-Evil: c\r\n"))
        await test.server.stop()
    }

    @Test func unixSocketServesAndIsRemoved() async throws {
        let folder = try TestFolder("http")
        defer { withExtendedLifetime(folder) {} }
        let path = "\(folder.path)/http.sock"
        let test = try await TestServer(.unix(path: path, mode: 0o600))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let client = HTTPClient(on: group)
        var call = HTTPCall(url: "http://localhost/uri?x=1", timeout: .seconds(5))
        call.unixSocket = path
        #expect(try await client.execute(call).text == "/uri?x=1")
        await client.shutdown()
        await test.server.stop()
        #expect(!Files.exists(path))
    }

    @Test func stopWaitsForOpenRequests() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send("GET /park HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await eventually { test.handler.parked.withLock { $0.count } == 1 })
        let stop = Task { await test.server.stop(grace: .seconds(5)) }
        #expect(await eventually { (try? RawClient(port: test.port)) == nil })
        test.handler.parked.withLock { $0[0].respond(.text(200, "the last")) }
        #expect(client.receive().hasSuffix("the last"))
        await stop.value
    }

    @Test func takenPortIsNamed() async throws {
        let test = try await TestServer()
        let port = test.port
        await #expect(
            throws: NetworkError("listen tcp 127.0.0.1:\(port): bind: address already in use")
        ) { _ = try await TestServer(.tcp(host: "127.0.0.1", port: port)) }
        await test.server.stop()
    }
}

extension String {
    func components(separated mark: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let found = rest.firstRange(of: mark) {
            parts.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return parts + [rest]
    }

    /// Returns the bodies of answers: the text between a blank line and the next answer.
    func components(behind mark: String) -> [String] {
        components(separated: mark).dropFirst().map { part in
            String(part.firstRange(of: "HTTP/1.1").map { part[..<$0.lowerBound] } ?? part)
        }
    }
}
