/// What a read gives, again and again: the value as it is, then each change, by blocking queries.
///
///     for try await entry in client.kv.changes(of: "app/mode") {
///         reload(entry.value?.text)
///     }
///
/// Changes that come while the last value is still looked at are one. An agent that cannot be
/// reached, or answers 5xx, is asked again, with waits from one second to thirty; other errors end
/// the loop by throwing. Ends when its task is cancelled.
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
    /// The agent may answer better in a while.
    public var mayPass: Bool { isUnreachable || (status ?? 0) >= 500 }
}
