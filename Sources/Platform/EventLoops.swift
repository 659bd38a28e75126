package import NIOCore
package import NIOPosix

/// The event loops all network traffic runs on. One for the process, made by the composition root.
package struct EventLoops: Sendable {
    package let group: MultiThreadedEventLoopGroup

    /// - Parameter count: threads; as many as cores serve best.
    package init(count: Int) {
        Signals.ignorePipe()
        group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, count))
    }

    package var all: [any EventLoop] { Array(group.makeIterator()) }
    package func next() -> any EventLoop { group.next() }

    /// Ends the loops. Everything on them must have been stopped.
    package func shutdown() async {
        try? await group.shutdownGracefully()
    }
}
