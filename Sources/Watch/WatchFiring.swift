import ConsulModel
import Primitives
import Wire

/// Holds one firing of a watch, which may need several runs of its handler: the data, its index,
/// and further values for the environment.
package struct WatchFiring: Hashable, Sendable {
    /// The position in the plan's firings, from 1.
    package var number: UInt64
    /// The number of retries before this run: 0 for the first run.
    package var attempt = 0
    /// JSON with a line break at its end.
    package var payload: [UInt8]
    package var index: WatchIndex
    package var environment: [String: String]
    /// The IDs of the events in it, for an event watch.
    package internal(set) var events: [String] = []
    /// The IDs among `events` that count as handled at the end of the run.
    package internal(set) var reliableEvents: [String] = []
}

/// Makes firings out of the states of a plan's sources.
struct FiringMaker: Hashable, Sendable {
    let definition: WatchDefinition

    /// Makes a firing.
    /// - Parameters:
    ///   - contents: one for each source, in order; for an event source, the unhandled events.
    ///   - before: the states of the firing before, nil at first.
    func make(
        number: UInt64, contents: [WatchContent], before: [WatchContent?], index: WatchIndex
    ) -> WatchFiring {
        var writer = JSONWriter(audience: .client)
        let changes = zip(contents, before).map { WatchChanges(from: $1, to: $0) }
        if definition.anyOf.isEmpty {
            write(contents[0], changes[0], to: &writer)
        } else {
            writer.beginArray(count: contents.count)
            for (position, source) in definition.anyOf.enumerated() {
                writer.beginMap(count: 2)
                writer.key("Source")
                writer.record(source)
                writer.key("Data")
                write(contents[position], changes[position], to: &writer)
                writer.endMap()
            }
            writer.endArray()
        }
        return WatchFiring(
            number: number, payload: writer.output + [0x0A], index: index,
            environment: environment(contents, changes, index))
    }

    /// Writes the data alone, or with `changes`, an object of both.
    private func write(
        _ content: WatchContent, _ changes: WatchChanges, to writer: inout JSONWriter
    ) {
        guard definition.changes else { return content.write(to: &writer) }
        writer.beginMap(count: 2)
        writer.key("Data")
        content.write(to: &writer)
        writer.key("Changes")
        changes.write(to: &writer)
        writer.endMap()
    }

    private func environment(
        _ contents: [WatchContent], _ changes: [WatchChanges], _ index: WatchIndex
    ) -> [String: String] {
        var variables = [
            "CONSUL_INDEX": index.description,
            "CONSUL_WATCH_TYPE": definition.anyOf.isEmpty ? definition.source.type : "any_of",
            "CONSUL_WATCH_NAME": definition.displayName,
        ]
        if definition.changes {
            variables["CONSUL_WATCH_ADDED"] = "\(changes.reduce(0) { $0 + $1.added.count })"
            variables["CONSUL_WATCH_MODIFIED"] = "\(changes.reduce(0) { $0 + $1.modified.count })"
            variables["CONSUL_WATCH_REMOVED"] = "\(changes.reduce(0) { $0 + $1.removed.count })"
        }
        if definition.source.type == EventWatch.name, let last = contents[0].items.last,
            let event = try? JSONReader.decode(UserEvent.self, from: last.json)
        {
            variables["CONSUL_EVENT_NAME"] = event.name
            variables["CONSUL_EVENT_ID"] = event.id
            variables["CONSUL_EVENT_LTIME"] = "\(event.lTime)"
            if !event.payloadKey.isEmpty {
                variables["CONSUL_EVENT_PAYLOAD_KEY"] = event.payloadKey
            }
            variables["CONSUL_EVENT_COUNT"] = "\(contents[0].items.count)"
            if event.payload.count <= Limits.environmentPayloadMax,
                !event.payload.array.contains(0)
            {
                variables["CONSUL_EVENT_PAYLOAD"] = event.payload.text
            }
        }
        return variables
    }
}
