import ConsulModel
import Logging
import Primitives
import Synchronization
import Watch
import Wire

/// Persists a watch's memory and its dead letters for a restart.
extension WatchRunner {
    func remember(_ memory: WatchMemory) {
        let isEvents = definition.sources.contains { $0.type == "event" }
        guard isEvents || !definition.fireOnStart else { return }
        let predecessor = state.withLock { state in
            if state.predecessor?.isRunningHandlers != true { state.predecessor = nil }
            return state.predecessor
        }
        var memory = memory
        if let predecessor { memory.handledEvents.removeAll { predecessor.isBusy(with: $0) } }
        do throws(ConsulError) {
            try dependencies.store.save(memory, of: id)
        } catch {
            dependencies.logger.error(
                "cannot persist the memory of a watch",
                metadata: ["watch": "\(id)", "error": "\(error)"])
        }
    }

    func reportDropped(_ count: Int) {
        state.withLock { $0.status.droppedEvents += UInt64(count) }
        dependencies.logger.warning(
            """
            watch dropped events: its handler is too slow; make it faster or use \
            reliable events
            """,
            metadata: ["watch": "\(id)", "count": "\(count)"])
    }

    func deadLetter(_ firing: WatchFiring) {
        state.withLock { $0.status.deadLetters += 1 }
        dependencies.logger.error(
            "watch handler failed for the last time",
            metadata: ["watch": "\(id)", "attempts": "\(firing.attempt + 1)"])
        guard let path = definition.retry?.deadLetter, !path.isEmpty else { return }
        var writer = JSONWriter(audience: .client)
        writer.beginMap(count: 4)
        writer.key("Time")
        writer.string(dependencies.wallText())
        writer.key("Watch")
        writer.string(id)
        writer.key("Index")
        writer.string(firing.index.description)
        writer.key("Payload")
        writer.raw(firing.payload.dropLast())
        writer.endMap()
        do throws(ConsulError) {
            try dependencies.store.appendDeadLetter(writer.output + [0x0A], to: path)
        } catch {
            dependencies.logger.error(
                "cannot write the dead letter",
                metadata: ["watch": "\(id)", "path": "\(path)", "error": "\(error)"])
        }
    }
}
