import Foundation
import Glibc
import TestKit
import Testing

@testable import HTTPTransport

/// Large bodies go to the disk, bounded, and only while their first bytes are right.
@Suite struct BodyFileTests {
    private static let limit = 64 << 20

    private func server(_ folder: String) async throws -> TestServer {
        try await TestServer { limits in
            limits.bodyBytes = { _, _ in Self.limit }
            limits.bodyFile = { path in
                guard path == "/file" else { return nil }
                return BodyFileRules(
                    folder: folder, firstBytes: [7, 8], refusal: .text(500, "no archive"))
            }
        }
    }

    private func head(_ count: Int, _ more: String = "") -> String {
        "PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: \(count)\r\n\(more)\r\n"
    }

    @Test func bodyPassesThroughTheDiskAndIsRemoved() async throws {
        let folder = try TestFolder("body")
        let server = try await server(folder.path)
        let client = try RawClient(port: server.port)
        let body = [7, 8] + [UInt8](repeating: 3, count: 3_000_000)
        client.send(head(body.count))
        client.send(body)
        #expect(client.receive(until: "9000015").hasSuffix("disk 3000002 9000015"))
        // The same connection continues, with chunks of any size and a request right after them.
        client.send("PUT /file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(Array("1\r\n".utf8) + [7] + Array("\r\n1\r\n".utf8) + [8])
        client.send("\r\n2\r\nab\r\n0\r\n\r\nGET /echo?next HTTP/1.1\r\nHost: x\r\n\r\n")
        let answers = client.receive(until: "next")
        #expect(answers.contains("disk 4 210"), "\(answers)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        await server.server.stop()
    }

    @Test func bodyWithWrongFirstBytesIsRefusedAtOnce() async throws {
        let folder = try TestFolder("body")
        let server = try await server(folder.path)
        for begin in [[UInt8(9)], [7, 9]] as [[UInt8]] {
            let client = try RawClient(port: server.port)
            client.send(head(Self.limit))
            for byte in begin { client.send([byte]) }
            // The client sends no more of the body.
            #expect(client.receive(until: "no archive").contains("500 Internal Server Error"))
        }
        let client = try RawClient(port: server.port)
        client.send(head(Self.limit + 1))
        #expect(client.receive(until: "bytes.").contains("413"))
        await server.server.stop()
    }

    @Test func concurrentBodiesAreBoundedAndAFailureIsAnswered() async throws {
        let folder = try TestFolder("body")
        let server = try await server(folder.path)
        var clients: [RawClient] = []
        for _ in 0..<Limits.bodyFilesMax {
            let client = try RawClient(port: server.port)
            // The interim answer shows that the head was read.
            client.send(head(1_000, "Expect: 100-continue\r\n"))
            _ = client.receive(until: "100 Continue")
            client.send([7])
            clients.append(client)
        }
        let oneMore = try RawClient(port: server.port)
        oneMore.send(head(1_000))
        #expect(oneMore.receive(until: "received").contains("429"))
        clients = []
        try await eventually("there is room again") {
            let client = try RawClient(port: server.port)
            client.send(head(3))
            client.send([7, 8, 9])
            return client.receive(until: "24").contains("disk 3 24")
        }
        await server.server.stop()
        let lost = try await self.server("\(folder.path)/missing")
        let client = try RawClient(port: lost.port)
        client.send(head(3))
        client.send([7, 8, 9])
        let answer = client.receive(until: "directory")
        #expect(answer.contains("500") && answer.contains("missing: no such file"), "\(answer)")
        await lost.server.stop()
    }
}
