import Logging
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Telemetry
import TelemetrySinks
import Testing

/// The service with receivers on loopback.
@Suite struct SenderTests {
    /// Records the received lines and passes them to a waiter.
    private final class ReceivedLines: ChannelInboundHandler, Sendable {
        typealias InboundIn = Any
        private let feed: AsyncStream<String>.Continuation
        init(_ feed: AsyncStream<String>.Continuation) { self.feed = feed }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let value = unwrapInboundIn(data)
            let buffer = (value as? AddressedEnvelope<ByteBuffer>)?.data ?? value as? ByteBuffer
            for line in String(buffer: buffer ?? ByteBuffer()).split(separator: "\n") {
                feed.yield(String(line))
            }
        }
    }

    private let group = MultiThreadedEventLoopGroup.singleton

    @Test(.timeLimit(.minutes(1))) func linesReachAllThreeReceivers() async throws {
        let (lines, feed) = AsyncStream<String>.makeStream()
        let stream = try await ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.pipeline.addHandler(ReceivedLines(feed))
        }.bind(host: "127.0.0.1", port: 0).get()
        var datagrams: [any Channel] = []
        for _ in 0..<2 {
            datagrams.append(
                try await DatagramBootstrap(group: group).channelInitializer { channel in
                    channel.pipeline.addHandler(ReceivedLines(feed))
                }.bind(host: "127.0.0.1", port: 0).get())
        }
        func address(_ channel: any Channel) -> String {
            "127.0.0.1:\(channel.localAddress?.port ?? 0)"
        }
        var setup = MetricsSetup()
        setup.host = "web1"
        setup.prefixFilter = ["+consul.test"]
        setup.filterDefault = false
        setup.statsd = address(datagrams[0])
        setup.dogstatsd = address(datagrams[1])
        setup.dogstatsdTags = ["env:test"]
        setup.statsite = address(stream)
        let registry = MetricRegistry()
        let service = MetricsService(
            setup, registry: registry, on: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let events = registry.counter("test.events", help: "")
        registry.counter("other", help: "").increment()
        let running = Task { await service.run() }
        // Repeats until each receiver has a line: lines sent before a socket exists are dropped.
        let sending = Task {
            while !Task.isCancelled {
                events.increment()
                try? await Task.sleep(nanoseconds: 20_000_000)
            }
        }
        var wanted: Set<String> = ["plain", "tagged"]
        var count = 0
        for await line in lines {
            #expect(line.hasPrefix("consul.test.events:") && line.contains("|c"))
            if line.hasSuffix("|#env:test") {
                wanted.remove("tagged")
            } else {
                wanted.remove("plain")
                count += 1
            }
            if wanted.isEmpty, count >= 3 { break }
        }
        sending.cancel()
        running.cancel()
        await running.value
        for channel in datagrams + [stream] { try await channel.close() }
    }

    @Test func consulsPageNeedsARetention() {
        let wall = Atomic<Int64>(second(1000))
        var setup = MetricsSetup()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        #expect(
            !MetricsService(setup, registry: MetricRegistry(), on: group, logger: logger)
                .hasRetention)
        setup.prometheusRetention = .seconds(30)
        let registry = MetricRegistry()
        let service = MetricsService(
            setup, registry: registry, on: group, wall: { wall.load(ordering: .relaxed) },
            logger: logger)
        #expect(service.hasRetention)
        registry.timing("t", help: "").record(.milliseconds(1))
        #expect(service.prometheus(.consul).contains("consul_t_count 1"))
        wall.store(second(1031), ordering: .relaxed)
        #expect(!service.prometheus(.consul).contains("consul_t_count"))
        #expect(service.prometheus(.native).contains("consul_t_count 1"))
        #expect(service.prometheus(.native).contains("process_resident_memory_bytes "))
        service.setFilter(["-consul.t"])
        registry.timing("t", help: "").record(.milliseconds(1))
        #expect(service.prometheus(.native).contains("consul_t_count 1"))
    }
}
