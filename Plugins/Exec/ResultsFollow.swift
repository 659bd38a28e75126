import ConsulClient
import ConsulModel
import Platform
import Primitives
import Wire

/// Follows the keys of the nodes' reports, and prints the reports as they arrive.
///
/// The number of nodes that an event reaches is unknown. So the run is over when no node has
/// reported for `wait`, or twice that while some still run; with named nodes, as soon as all of
/// them have reported their ends.
struct ResultsFollow {
    private let run: ExecRun
    private let notice: ExecNotice
    private let expected: Set<String>
    private var nodes: [String: NodeReport] = [:]
    /// Bytes, because a part may end within a character.
    private var outputs: [String: [UInt8]] = [:]
    private var acknowledged: Set<String> = []
    private var seen: Set<String> = []
    private var badExits = 0
    private var completed = 0

    init(run: ExecRun, notice: ExecNotice, expected: Set<String>) {
        self.run = run
        self.notice = notice
        self.expected = expected
    }

    private var options: ExecOptions { run.options }

    /// Follows the keys until the run is over.
    /// - Returns: the exit code and the report.
    mutating func run() async -> (Int32, ExecReport) {
        let start = SystemClock.now()
        var lastNews = start
        // The back-off is zero: a failure ends the command.
        var cursor = BlockingCursor<UInt64>(BackOff(constant: .zero))
        while !Task.isCancelled {
            let quiet = acknowledged.count > completed ? options.wait * 2 : options.wait
            let left = lastNews + quiet - SystemClock.now()
            let isOver = left <= .zero || isComplete
            if isOver { return end(since: start) }
            do throws(ConsulClientError) {
                let wait = min(left, options.wait)
                let (keys, newest) = try await run.client.kvKeys(
                    "\(notice.folder)/", after: cursor.minQueryIndex, wait: wait)
                _ = cursor.receive(newest)
                for key in keys.sorted(by: Self.precedes) where seen.insert(key).inserted {
                    if try await take(key) { lastNews = SystemClock.now() }
                }
            } catch {
                if Task.isCancelled { break }
                run.complain("Failed to read results: \(error)")
                break
            }
        }
        return (ExecExit.failed, report)
    }

    /// Orders a node's end after its output, although its key sorts before.
    private static func precedes(_ one: String, before other: String) -> Bool {
        let isEnd = (one.hasSuffix("/exit"), other.hasSuffix("/exit"))
        return isEnd.0 == isEnd.1 ? one < other : isEnd.1
    }

    private var isComplete: Bool {
        !expected.isEmpty && expected.allSatisfy { nodes[$0]?.exitCode != nil }
    }

    /// Processes a key.
    /// - Returns: true for a node's report.
    private mutating func take(_ key: String) async throws(ConsulClientError) -> Bool {
        if key == notice.jobKey { return false }
        guard let (node, result) = notice.result(key) else {
            let shown = String(key.dropFirst(notice.folder.count + 1))
            run.complain("Unknown key '\(shown)', ignoring.")
            return false
        }
        if result == .acknowledged {
            acknowledged.insert(node)
            nodes[node, default: NodeReport(node: node)].exitCode = nil
            run.progress(NodeLines.notice("acknowledged", of: node))
            return true
        }
        guard let value = try await run.client.kvGet(key)?.value.array else {
            run.complain("Failed to read key '\(key)': it is gone")
            return false
        }
        var report = nodes[node] ?? NodeReport(node: node)
        switch result {
        case .part where value.isEmpty:
            run.progress(NodeLines.notice("heartbeat received", of: node))
        case .part:
            if options.printsJSON {
                outputs[node, default: []] += value
            } else {
                run.output.write(NodeLines.output(value, of: node))
            }
        case .ended, .acknowledged:
            let text = String(decoding: value, as: UTF8.self)
            guard let code = Int(text) else {
                run.complain("Failed to parse exit code '\(text)'")
                return true
            }
            completed += 1
            if code != 0 { badExits += 1 }
            report.exitCode = code
            run.progress(
                NodeLines.notice("finished with exit code \(code)", of: node), isVerbose: false)
        }
        nodes[node] = report
        return true
    }

    private var report: ExecReport {
        var report = ExecReport()
        report.nodes = nodes.values.sorted { $0.node < $1.node }.map { node in
            var node = node
            node.output = String(decoding: outputs[node.node] ?? [], as: UTF8.self)
            return node
        }
        report.acknowledged = acknowledged.count
        report.completed = completed
        report.missing = expected.subtracting(acknowledged).sorted()
        return report
    }

    private func end(since start: Instant) -> (Int32, ExecReport) {
        run.progress(
            "\(completed) / \(acknowledged.count) node(s) completed / acknowledged",
            isVerbose: false)
        let report = report
        if !report.missing.isEmpty {
            run.complain("No report from: \(report.missing.joined(separator: ", "))")
        }
        let hundredths = (SystemClock.now() - start).milliseconds / 10
        let fraction = hundredths % 100 < 10 ? "0\(hundredths % 100)" : "\(hundredths % 100)"
        run.progress("Completed in \(hundredths / 100).\(fraction) seconds")
        let isBad = badExits > 0 || completed < acknowledged.count || !report.missing.isEmpty
        return (isBad ? ExecExit.jobFailed : ExecExit.done, report)
    }
}
