import Glibc
import Logging
import Primitives
import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(1))) struct LogTests {
    private func quiet(_ change: (inout LogSettings) -> Void = { _ in }) throws -> LogSink {
        var settings = LogSettings()
        settings.toStandardOutput = false
        change(&settings)
        return try LogSink(settings)
    }

    @Test func textLineIsConsuls() {
        let line = LogLine.make(
            .text, level: .info, module: "agent", message: "Started HTTP server",
            fields: [("address", "127.0.0.1:8500"), ("why", "two words")],
            unixNanoseconds: 1_795_227_300_123_000_000)
        #expect(
            String(decoding: line, as: UTF8.self)
                == "2026-11-21T02:15:00.123Z [INFO]  agent: Started HTTP server:"
                + " address=127.0.0.1:8500 why=\"two words\"\n")
        let bare = LogLine.make(
            .text, level: .error, module: "agent", message: "a\nb", fields: [],
            unixNanoseconds: 0)
        #expect(
            String(decoding: bare, as: UTF8.self)
                == "1970-01-01T00:00:00.000Z [ERROR] agent: a\\nb\n")
    }

    @Test func jsonLineIsHclogs() {
        let line = LogLine.make(
            .json, level: .warning, module: "agent.x", message: "say \"hi\"", fields: [("k", "v")],
            unixNanoseconds: 1_795_227_300_123_000_000)
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"@level":"warn","@message":"say \"hi\"","@module":"agent.x","#
                + #""@timestamp":"2026-11-21T02:15:00.123000Z","k":"v"}"# + "\n")
    }

    @Test func levelCanBeChangedAndWatchersHaveTheirOwn() async throws {
        let sink = try quiet()
        let log = sink.logger("agent")
        log.debug("unheard")
        log.info("kept", metadata: ["b": "2", "a": "1"])
        let watcher = try #require(sink.watch(level: .debug))
        log.debug("received by the watcher")
        sink.level = .error
        log.warning("received too")
        watcher.cancel()
        log.warning("too late")
        var received: [String] = []
        for await line in watcher.lines {
            received.append(String(String(decoding: line, as: UTF8.self).dropFirst(25).dropLast()))
        }
        #expect(
            received == [
                "[INFO]  agent: kept: a=1 b=2", "[DEBUG] agent: received by the watcher",
                "[WARN]  agent: received too",
            ])
        #expect(log.logLevel == .error)
    }

    @Test func watcherGetsTheLast512LinesAndDropsTheExcess() async throws {
        let sink = try quiet()
        let log = sink.logger("agent")
        for i in 0..<600 { log.info("line \(i)") }
        let watcher = try #require(sink.watch(level: .info))
        for _ in 0..<100 { log.info("more") }
        #expect(watcher.droppedLines == 100)
        watcher.cancel()
        var count = 0
        for await line in watcher.lines {
            if count == 0 { #expect(String(decoding: line, as: UTF8.self).contains("line 88")) }
            count += 1
        }
        #expect(count == 512)
    }

    @Test func watcherChoosesItsForm() async throws {
        let sink = try quiet()
        let log = sink.logger("agent")
        log.info("before", metadata: ["k": "v"])
        let json = try #require(sink.watch(level: .info, form: .json))
        let new = try #require(sink.watch(level: .info, showsRecent: false))
        log.info("after")
        json.cancel()
        new.cancel()
        var received: [String] = []
        for await line in json.lines { received.append(String(decoding: line, as: UTF8.self)) }
        #expect(received.count == 2 && received.allSatisfy { $0.hasPrefix("{\"@level\":\"info\"") })
        #expect(received[0].contains("\"before\"") && received[0].contains("\"k\":\"v\""))
        received = []
        for await line in new.lines { received.append(String(decoding: line, as: UTF8.self)) }
        #expect(received.count == 1 && received[0].hasSuffix("[INFO]  agent: after\n"))
    }

    @Test func fileRotatesAndOldFilesAreRemoved() async throws {
        try await withFolder { folder in
            let sink = try quiet {
                var file = LogFileSettings(path: "\(folder)/consul.log")
                file.rotateBytes = 1000
                file.maxFiles = 2
                $0.file = file
            }
            let log = sink.logger("agent")
            for i in 0..<100 {
                log.info("line \(i)")
                if i % 10 == 0 { sink.flush() }
            }
            sink.close()
            let names = try Files.list(folder)
            #expect(names.count == 3)
            #expect(names.allSatisfy { $0.hasPrefix("consul-1") && $0.hasSuffix(".log") })
            let newest = try Files.read("\(folder)/\(names[2])", limit: 2000)
            #expect(newest.count <= 1000)
            #expect(String(decoding: newest, as: UTF8.self).hasSuffix("line 99\n"))
            #expect(sink.failedLines == 0 && sink.droppedLines == 0)
        }
    }

    @Test func everyStartCountsForTheFilesKept() async throws {
        try await withFolder { folder in
            var file = LogFileSettings(path: "\(folder)/consul.log")
            file.maxFiles = 2
            for number in 0..<5 {
                let sink = try quiet { $0.file = file }
                sink.logger("agent").info("start \(number)")
                sink.close()
            }
            let names = try Files.list(folder).sorted()
            #expect(names.count == 3)
            let texts = try names.map {
                String(decoding: try Files.read("\(folder)/\($0)", limit: 2000), as: UTF8.self)
            }
            #expect(texts.map { $0.suffix(8) } == ["start 2\n", "start 3\n", "start 4\n"])
        }
    }

    /// Does as logrotate: rename, then SIGHUP.
    @Test func renamedFileIsReopened() async throws {
        try await withFolder { folder in
            let sink = try quiet { $0.file = LogFileSettings(path: "\(folder)/consul.log") }
            let log = sink.logger("agent")
            log.info("before")
            sink.flush()
            let name = try #require(try Files.list(folder).first)
            sink.reopenFile()
            log.info("in the same file, which has not moved")
            sink.flush()
            rename("\(folder)/\(name)", "\(folder)/aside")
            sink.reopenFile()
            log.info("after")
            sink.close()
            let aside = try Files.read("\(folder)/aside", limit: 2000)
            let new = try Files.read("\(folder)/\(name)", limit: 2000)
            #expect(aside.filter { $0 == 0x0A }.count == 2)
            #expect(String(decoding: new, as: UTF8.self).hasSuffix("agent: after\n"))
            #expect(new.filter { $0 == 0x0A }.count == 1)
        }
    }

    /// Terminals interpret these, and a line end would forge a line.
    @Test(arguments: [
        ("a\u{1B}[2Jb", #"a\u001b[2Jb"#), ("a\u{9B}31mb", #"a\u009b31mb"#),
        ("a\u{7F}\u{0}b", #"a\u007f\u0000b"#), ("a\u{2028}b", #"a\u2028b"#),
        ("a\r\nb", #"a\r\nb"#), ("a\tb \u{E9}\u{2027}", "a\tb \u{E9}\u{2027}"),
    ])
    func controlCharactersAreEscaped(_ text: String, _ shown: String) {
        func line(_ message: String, _ fields: [(String, String)] = []) -> Substring {
            String(
                decoding: LogLine.make(
                    .text, level: .info, module: "", message: message, fields: fields,
                    unixNanoseconds: 0), as: UTF8.self
            ).dropFirst(33)
        }
        #expect(line(text) == "\(shown)\n")
        let value = shown.contains("\t") ? shown.replacing("\t", with: #"\t"#) : shown
        #expect(line("m", [("k", text)]) == "m: k=\"\(value)\"\n")
    }

    @Test func fullDiskIsCountedNotFatal() throws {
        var file = LogFileSettings(path: "/tmp/x")
        file.rotateDuration = .zero
        var log = try LogFile(file, opening: "/dev/full")
        let sink = try quiet()
        log.write([[65], [66]], failed: sink.failed)
        #expect(sink.failedLines == 2)
    }
}
