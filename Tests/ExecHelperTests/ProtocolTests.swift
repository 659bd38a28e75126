import Testing
import Wire

@testable import ExecHelper

/// Keys, records and lines in the form of HashiCorp's programs.
@Suite struct ProtocolTests {
    private var notice: ExecNotice {
        var notice = ExecNotice()
        notice.prefix = "_rexec"
        notice.session = "s-1"
        return notice
    }

    @Test func keysAreBelowTheSession() {
        #expect(notice.jobKey == "_rexec/s-1/job")
        #expect(notice.key("web1", .acknowledged) == "_rexec/s-1/web1/ack")
        #expect(notice.key("web1", .part(0)) == "_rexec/s-1/web1/out/00000")
        #expect(notice.key("web1", .part(0xABCDE1)) == "_rexec/s-1/web1/out/abcde1")
        #expect(notice.key("web1", .ended) == "_rexec/s-1/web1/exit")
        var bare = notice
        bare.prefix = ""
        #expect(bare.jobKey == "s-1/job")
        bare.prefix = "jobs//exec/"
        #expect(bare.jobKey == "jobs/exec/s-1/job")
    }

    @Test func keysAreParsedBack() {
        for result in [ExecResult.acknowledged, .ended, .part(0), .part(17)] {
            let read = notice.result(notice.key("web1", result))
            #expect(read?.node == "web1" && read?.result == result)
        }
        for key in [
            notice.jobKey, "_rexec/s-1/web1", "_rexec/s-1/web1/out/zz", "_rexec/s-2/web1/ack",
        ] {
            #expect(notice.result(key) == nil, "\(key)")
        }
    }

    @Test func recordsHaveConsulsForm() throws {
        var job = ExecJob()
        job.command = "uptime"
        job.wait = 2_000_000_000
        let text = String(decoding: JSONWriter.encode(job), as: UTF8.self)
        #expect(text == #"{"Command":"uptime","Wait":2000000000}"#)
        let read = try JSONReader.decode(
            ExecJob.self, from: Array(#"{"Script":"ZWNobw==","Wait":1}"#.utf8))
        #expect(read.script.text == "echo" && read.command.isEmpty)
        let event = String(decoding: JSONWriter.encode(notice), as: UTF8.self)
        #expect(event == #"{"Prefix":"_rexec","Session":"s-1"}"#)
    }

    @Test func linesHaveConsulsForm() {
        func output(_ text: String) -> String {
            String(decoding: NodeLines.output(Array(text.utf8), of: "web1"), as: UTF8.self)
        }
        #expect(output("one\ntwo\n") == "    web1: one\n    web1: two\n    web1:\n")
        #expect(output("a \n\nb") == "    web1: a \n    web1: \n    web1: b\n")
        #expect(
            NodeLines.output([0xFF, 0x0A], of: "n") == Array("    n: ".utf8) + [0xFF, 0x0A]
                + Array("    n:\n".utf8))
        #expect(NodeLines.notice("acknowledged", of: "web1") == "==> web1: acknowledged")
    }

    @Test func outputIsCutIntoParts() {
        var parts = OutputParts()
        #expect(parts.add(Array(repeating: 1, count: 4000)).isEmpty)
        let full = parts.add(Array(repeating: 2, count: 5000))
        #expect(full.map { $0.count } == [4096, 4096])
        #expect(parts.flush().count == 9000 - 8192 && parts.isEmpty)
    }

    @Test func outputBeyondTheBoundIsOnlyCounted() {
        let gate = OutputGate(most: 10)
        #expect(gate.take(Array("12345678".utf8)) == Array("12345678".utf8))
        #expect(gate.take(Array("9abc".utf8)) == Array("9a".utf8))
        #expect(gate.take([1]) == nil)
        #expect(gate.notice == "[3 more bytes of output were dropped by this node]")
        #expect(gate.total == 13)
    }
}
