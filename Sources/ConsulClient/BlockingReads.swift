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
        /// The index of the value returned last.
        private var known: UInt64

        init(options: QueryOptions, read: @escaping Read) {
            self.options = options
            known = options.minQueryIndex
            self.read = read
        }

        /// The next value; nil when the task was cancelled.
        public mutating func next() async throws -> Indexed<Value>? {
            var wait = Limits.retryWait
            while !Task.isCancelled {
                do throws(ConsulClientError) {
                    let answer = try await read(options)
                    // An index that went back is a server that begins anew: so does this.
                    options.minQueryIndex = Swift.max(answer.meta.index, 1)
                    let isNew = answer.meta.index != known
                    known = answer.meta.index
                    if isNew { return answer }
                    wait = Limits.retryWait
                } catch {
                    if Task.isCancelled { return nil }
                    guard error.mayPass else { throw error }
                    // The server may have lost its state: it would let a higher index wait.
                    options.minQueryIndex = 0
                    guard await Pause.pass(wait) else { return nil }
                    wait = Swift.min(wait * 2, Limits.retryWaitMax)
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
