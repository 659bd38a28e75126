package import Primitives
internal import Synchronization

/// Counts events. Callable from any thread.
package final class Counter: Sendable {
    private let events = Atomic<Int>(0)

    package init() {}

    package func increment(by count: Int = 1) { events.wrappingAdd(count, ordering: .relaxed) }

    func drain() -> Int { events.exchange(0, ordering: .relaxed) }
}

/// Holds the newest of some numbers, such as the size of the last batch. Callable from any thread.
/// A collection reports it once after each change.
package final class LastNumber: Sendable {
    private let number = Atomic<Int>(-1)

    package init() {}

    /// Sets the number.
    /// - Parameter value: 0 or more.
    package func set(_ value: Int) { number.store(max(0, value), ordering: .relaxed) }

    func drain() -> Double? {
        let value = number.exchange(-1, ordering: .relaxed)
        return value < 0 ? nil : Double(value)
    }
}

/// A histogram of durations. Callable from any thread, without a lock.
package final class Timing: @unchecked Sendable {
    private let sum = Atomic<Int>(0)
    private let least = Atomic<Int>(Int.max)
    private let largest = Atomic<Int>(-1)
    /// Allocated once, freed with the instrument; contains only atomic words.
    private let buckets: UnsafeMutablePointer<Atomic<UInt32>>

    package init() {
        buckets = .allocate(capacity: TimingBuckets.count)
        for index in 0..<TimingBuckets.count {
            (buckets + index).initialize(to: Atomic<UInt32>(0))
        }
    }

    deinit {
        buckets.deinitialize(count: TimingBuckets.count)
        buckets.deallocate()
    }

    package func record(_ duration: GoDuration) {
        let value = max(0, Int(duration.nanoseconds))
        buckets[TimingBuckets.index(of: value)].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(value, ordering: .relaxed)
        if value < least.load(ordering: .relaxed) { least.min(value, ordering: .relaxed) }
        if value > largest.load(ordering: .relaxed) { largest.max(value, ordering: .relaxed) }
    }

    /// Returns the durations since the last call; nil for none. A concurrent duration counts now or
    /// next time, or its parts do: the sums over all calls are right.
    func drain() -> TimingReading? {
        guard largest.load(ordering: .relaxed) >= 0 else { return nil }
        var reading = TimingReading()
        reading.largest = largest.exchange(-1, ordering: .relaxed)
        reading.least = least.exchange(Int.max, ordering: .relaxed)
        reading.sum = sum.exchange(0, ordering: .relaxed)
        for index in 0..<TimingBuckets.count where buckets[index].load(ordering: .relaxed) > 0 {
            let count = Int(buckets[index].exchange(0, ordering: .relaxed))
            reading.buckets.append(TimingReading.Bucket(index: index, count: count))
        }
        if reading.least > reading.largest { reading.least = max(0, reading.largest) }
        return reading.count == 0 ? nil : reading
    }
}
