import CPosix
package import NIOCore
package import NIOPosix

/// The event loops of all network traffic. One set for the process, made by the composition root.
package struct EventLoops: Sendable {
    package let group: MultiThreadedEventLoopGroup
    /// The loops of watches. They receive no requests, so their work may start programs. Nil
    /// without `watches`.
    package let watching: MultiThreadedEventLoopGroup?

    /// Starts the loops.
    /// - Parameters:
    ///   - count: threads; as many as cores serve best.
    ///   - watches: twice as many threads more, for the watches: starting a program blocks.
    package init(count: Int, watches: Bool = false) {
        Signals.ignorePipe()
        // Large answers reuse memory of the heap; otherwise each would be mapped anew, and its
        // pages cleared one fault after another.
        cposix_keep_freed_memory(2 << 20, 4 << 20)
        group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, count))
        watching =
            watches ? MultiThreadedEventLoopGroup(numberOfThreads: min(8, max(1, count) * 2)) : nil
    }

    package var all: [any EventLoop] { Array(group.makeIterator()) }
    package func next() -> any EventLoop { group.next() }

    /// Stops the loops. All their channels and tasks must have been stopped.
    package func shutdown() async {
        try? await watching?.shutdownGracefully()
        try? await group.shutdownGracefully()
    }
}
