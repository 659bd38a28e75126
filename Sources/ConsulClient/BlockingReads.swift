/// The values of a read by blocking queries: the present one, then each change.
///
///     for try await entry in client.kv.changes(of: "app/mode") {
///         reload(entry.value?.text)
///     }
///
/// Changes that happen while the last value is processed are one. An unreachable agent, or one that
/// answers 5xx, is retried with waits from one second to thirty; other errors end the loop by
/// throwing. Ends when its task is cancelled.
public struct BlockingReads<Value: Sendable>: AsyncSequence, Sendable {
    public typealias Element = Indexed<Value>
    typealias Read = @Sendable (QueryOptions) async throws(ConsulClientError) -> Indexed<Value>

    private let options: QueryOptions
    private let read: Read

    init(_ options: QueryOptions, _ read: @escaping Read) {
        self.options = options
        self.read = read
    }

    public func makeAsyncIterator() -> Iterator { Iterator(options: options, read: read) }

    public struct Iterator: AsyncIteratorProtocol {
        private var options: QueryOptions
        private let read: Read
        private var cursor: BlockingCursor<UInt64>

        init(options: QueryOptions, read: @escaping Read) {
            self.options = options
            let index = options.minQueryIndex
            cursor = BlockingCursor(Limits.readBackOff, after: index > 0 ? index : nil)
            self.read = read
        }

        /// Returns the next value; nil when the task was cancelled.
        public mutating func next() async throws -> Indexed<Value>? {
            while !Task.isCancelled {
                options.minQueryIndex = cursor.minQueryIndex
                do throws(ConsulClientError) {
                    let answer = try await read(options)
                    if cursor.receive(answer.meta.index) { return answer }
                } catch {
                    if Task.isCancelled { return nil }
                    guard error.mayPass else { throw error }
                    guard await Pause.pass(cursor.fail()) else { return nil }
                }
            }
            return nil
        }
    }
}

extension ConsulClientError {
    /// True for an error that may pass.
    public var mayPass: Bool { isUnreachable || (status ?? 0) >= 500 }
}
