import Glibc
import Logging
import TestKit
import Testing

@testable import Platform

/// The system's log, with a socket in place of its daemon.
@Suite(.timeLimit(.minutes(1))) struct SystemLogTests {
    private func sink(
        _ folder: String, _ change: (inout LogSettings) -> Void = { _ in }
    ) throws -> LogSink {
        var settings = LogSettings()
        settings.toStandardOutput = false
        settings.syslogFacility = "local0"
        settings.syslogPath = "\(folder)/log"
        settings.level = .trace
        change(&settings)
        return try LogSink(settings)
    }

    @Test func eachLevelHasItsSeverity() async throws {
        try await withFolder { folder in
            let daemon = try LogDaemon(at: "\(folder)/log")
            let sink = try sink(folder)
            let log = sink.logger("agent")
            let levels: [(Logger.Level, Int)] = [
                (.trace, 7), (.debug, 7), (.info, 6), (.warning, 4), (.error, 3),
            ]
            for (level, _) in levels { log.log(level: level, "said", metadata: ["k": "v"]) }
            sink.flush()
            let lines = daemon.received()
            #expect(lines.count == levels.count)
            for (line, (_, severity)) in zip(lines, levels) {
                #expect(line.hasPrefix("<\(16 << 3 | severity)>"))
                #expect(line.hasSuffix(" consul[\(getpid())]: agent: said: k=v"))
                let time = line.drop { $0 != ">" }.dropFirst().prefix(15)
                #expect(try #/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/#.wholeMatch(in: time) != nil)
            }
            sink.close()
        }
    }

    /// A stuck daemon loses its own lines only.
    @Test func stuckDaemonDelaysNoOtherOutput() async throws {
        try await withFolder { folder in
            let daemon = try LogDaemon(at: "\(folder)/log")
            let sink = try sink(folder) { settings in
                settings.form = .json
                settings.file = LogFileSettings(path: "\(folder)/x/consul.log")
            }
            let log = sink.logger("agent")
            for number in 0..<2000 { log.info("line \(number)") }
            sink.close()
            let name = try #require(try Files.list("\(folder)/x").first)
            let text = String(
                decoding: try Files.read("\(folder)/x/\(name)", limit: 1 << 20), as: UTF8.self)
            #expect(text.split(separator: "\n").count == 2000)
            let lines = daemon.received()
            #expect(!lines.isEmpty && lines.count + sink.failedLines == 2000)
            #expect(lines.allSatisfy { $0.contains(#"]: {"@level":"info","@message":"line "#) })
        }
    }

    /// Without a daemon lines are lost; a daemon that starts later gets the lines from then on.
    @Test func daemonStartedLaterGetsLines() async throws {
        try await withFolder { folder in
            let sink = try sink(folder)
            let log = sink.logger("agent")
            log.info("nobody hears")
            sink.flush()
            #expect(sink.failedLines == 1)
            let daemon = try LogDaemon(at: "\(folder)/log")
            log.info("received")
            sink.flush()
            #expect(daemon.received().map { $0.hasSuffix("agent: received") } == [true])
            #expect(throws: FileError.self) {
                _ = try self.sink(folder) { $0.syslogFacility = "x" }
            }
            sink.close()
        }
    }
}
