package import ConsulModel
package import Wire

/// A watch in the form of `consul watch list`, `consul watch show` and `GET /v1/agent/watches`.
package struct WatchStatus: Record, Hashable, Sendable {
    package var id = ""
    package var type = ""
    /// `waiting` for a change, `running` a handler, `paused`, `failing` because its query fails, or
    /// `failed` because of its definition.
    package var state = "waiting"
    package var handler = ""
    package var index = ""
    package var fires: UInt64 = 0
    package var failures: UInt64 = 0
    package var deadLetters: UInt64 = 0
    /// Events dropped because the handler was busy and the queue was full.
    package var droppedEvents: UInt64 = 0
    /// The last query's error; empty once one has succeeded again.
    package var queryError = ""
    /// The definition's fault that did not prevent the agent's start.
    package var error = ""
    /// Newest last.
    package var runs: [RunRecord] = []
    package var definition = WatchDefinition()
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id)
        try visit.field("Type", &type)
        try visit.field("State", &state)
        try visit.field("Handler", &handler)
        try visit.field("Index", &index)
        try visit.field("Fires", &fires)
        try visit.field("Failures", &failures)
        try visit.field("DeadLetters", &deadLetters)
        try visit.field("DroppedEvents", &droppedEvents, .omitEmpty)
        try visit.field("QueryError", &queryError, .omitEmpty)
        try visit.field("Error", &error, .omitEmpty)
        try visit.field("Runs", &runs)
        try visit.field("Definition", &definition)
    }
}

/// Records one run of a handler, for the watch's history.
package struct RunRecord: Record, Hashable, Sendable {
    package var number: UInt64 = 0
    package var attempt = 0
    package var index = ""
    /// RFC 3339, UTC.
    package var started = ""
    package var milliseconds = 0
    /// The time from the data's arrival to the start: the delay by debounce, a busy handler or a
    /// pause.
    package var lagMilliseconds = 0
    /// Still running.
    package var isRunning = false
    /// Exit code or HTTP status; nil when there was none.
    package var code: Int?
    package var failure = ""
    package var output = ""
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Number", &number)
        try visit.field("Attempt", &attempt)
        try visit.field("Index", &index)
        try visit.field("Started", &started)
        try visit.field("Milliseconds", &milliseconds)
        try visit.field("LagMilliseconds", &lagMilliseconds)
        try visit.field("Running", &isRunning)
        try visit.field("Code", &code)
        try visit.field("Failure", &failure)
        try visit.field("Output", &output)
    }
}
