/// The buckets of a histogram: 8 for each power of two of nanoseconds.
package enum TimingBuckets {
    /// Durations below 2^7 ns share one bucket; those from 2^39 ns (9 minutes) on, too.
    private static let exponentMin = 7
    private static let exponentMax = 39
    package static let count = (exponentMax - exponentMin) * 8 + 2

    package static func index(of nanoseconds: Int) -> Int {
        let exponent = Int.bitWidth - 1 - max(nanoseconds, 1).leadingZeroBitCount
        if exponent < exponentMin { return 0 }
        if exponent >= exponentMax { return count - 1 }
        return 1 + (exponent - exponentMin) * 8 + (nanoseconds >> (exponent - 3)) & 7
    }

    /// Returns the middle of a bucket in nanoseconds, the estimate of its durations.
    package static func middle(of index: Int) -> Double {
        if index == 0 { return 64 }
        if index == count - 1 { return Double(1 << exponentMax) }
        let (octave, part) = ((index - 1) / 8 + exponentMin, (index - 1) % 8)
        return Double(1 << octave) * (1 + (Double(part) + 0.5) / 8)
    }
}

/// The durations of a `Timing` between two collections, in nanoseconds.
package struct TimingReading: Hashable, Sendable {
    package struct Bucket: Hashable, Sendable {
        package var index: Int
        package var count: Int
    }
    package var sum = 0
    package var least = Int.max
    package var largest = 0
    /// The non-empty buckets, in order.
    package var buckets: [Bucket] = []

    package init() {}

    /// Makes a reading of single durations, for tests and for values without an instrument.
    package init(of nanoseconds: [Int]) {
        var counts: [Int: Int] = [:]
        for value in nanoseconds {
            sum += value
            least = min(least, value)
            largest = max(largest, value)
            counts[TimingBuckets.index(of: value), default: 0] += 1
        }
        buckets = counts.sorted { $0.key < $1.key }.map { Bucket(index: $0.key, count: $0.value) }
    }

    package var count: Int { buckets.reduce(0) { $0 + $1.count } }

    package mutating func add(_ other: TimingReading) {
        sum += other.sum
        least = min(least, other.least)
        largest = max(largest, other.largest)
        var merged: [Bucket] = []
        merged.reserveCapacity(buckets.count + other.buckets.count)
        var rest = other.buckets[...]
        for bucket in buckets {
            while let first = rest.first, first.index < bucket.index {
                merged.append(rest.removeFirst())
            }
            if let first = rest.first, first.index == bucket.index {
                merged.append(Bucket(index: bucket.index, count: bucket.count + first.count))
                rest.removeFirst()
            } else {
                merged.append(bucket)
            }
        }
        buckets = merged + rest
    }

    /// Returns the value below which `share` (0 to 1) of the durations are, in nanoseconds, within
    /// the buckets' precision.
    package func quantile(_ share: Double) -> Double {
        let wanted = max(1, Int((share * Double(count)).rounded(.up)))
        var seen = 0
        for bucket in buckets {
            seen += bucket.count
            if seen >= wanted { return bounded(TimingBuckets.middle(of: bucket.index)) }
        }
        return Double(largest)
    }

    /// Limits a bucket's middle to the least and the largest duration.
    package func bounded(_ value: Double) -> Double {
        min(max(value, Double(least)), Double(largest))
    }

    /// The sum of squares, computed from the buckets.
    var sumOfSquares: Double {
        buckets.reduce(0) { total, bucket in
            let value = bounded(TimingBuckets.middle(of: bucket.index))
            return total + Double(bucket.count) * value * value
        }
    }
}
