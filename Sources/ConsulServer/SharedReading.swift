internal import ConsulModel
internal import Primitives
internal import Wire

/// Shares the newest answer that was read of a view in one turn of an event loop. The waiters that
/// one commit wakes mostly have the same request, and the state is read once for them. Used by one
/// thread.
final class SharedReading {
    /// An answer in an object.
    private final class Shared<Answer> {
        let answer: Answer
        init(_ answer: Answer) { self.answer = answer }
    }

    let view: StateView
    private let isShared: Bool
    private var handler: AnyObject?
    /// The answer that `handler` gave, as a `Shared` of its type.
    private var shared: AnyObject?
    /// The request in MessagePack, without the fields that only affect blocking: two requests with
    /// the same bytes read the same.
    private var request: [UInt8] = []
    private var writer = MessagePackWriter()

    /// - Parameter readers: the number of waiters; a single one shares nothing.
    init(_ view: StateView, readers: Int = 1) {
        self.view = view
        isShared = readers > 1
    }

    func answer<Request: ReadRequest, Answer: IndexedReply>(
        of handler: ReadHandler<Request, Answer>, _ plan: ReadPlan<Request>
    ) -> Answer {
        guard isShared else { return handler.read(view, plan) }
        var asked = plan.request
        asked.options.minQueryIndex = 0
        asked.options.maxQueryTime = .zero
        writer.removeAll()
        writer.recordInPlace(&asked)
        if self.handler === handler, let shared,
            writer.withBytes({ $0.elementsEqual(request) })
        {
            return unsafeDowncast(shared, to: Shared<Answer>.self).answer
        }
        let answer = handler.read(view, plan)
        self.handler = handler
        shared = Shared(answer)
        request = writer.output
        return answer
    }
}
