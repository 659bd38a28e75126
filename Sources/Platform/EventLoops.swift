import CPosix
package import NIOCore
package import NIOPosix

/// The event loops all network traffic runs on. One for the process, made by the composition root.
package struct EventLoops: Sendable {
    package let group: MultiThreadedEventLoopGroup
    private let watchGroup: MultiThreadedEventLoopGroup?

    /// - Parameters:
    ///   - count: threads; as many as cores serve best.
    ///   - watches: one thread more, for the watches.
    package init(count: Int, watches: Bool = false) {
        Signals.ignorePipe()
        // Large answers are made in memory that is there; else each would be mapped anew, and its
        // pages cleared one fault after another.
        cposix_keep_freed_memory(2 << 20, 4 << 20)
        group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, count))
        watchGroup = watches ? MultiThreadedEventLoopGroup(numberOfThreads: 1) : nil
    }

    package var all: [any EventLoop] { Array(group.makeIterator()) }
    /// No requests come in on it: what runs there may start a program.
    package var watching: (any EventLoop)? { watchGroup?.next() }
    package func next() -> any EventLoop { group.next() }

    /// Ends the loops. Everything on them must have been stopped.
    package func shutdown() async {
        try? await watchGroup?.shutdownGracefully()
        try? await group.shutdownGracefully()
    }
}
