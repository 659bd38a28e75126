import Glibc
package import Primitives

/// The real clock. Floors 0–2 never read it: they receive its value.
package enum SystemClock {
    /// Reads the monotonic clock, for measuring waits.
    package static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    /// Returns nanoseconds since 1970 by the wall clock, for people and files.
    package static func unixNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Returns seconds since 1970 from the kernel's coarse clock: a few nanoseconds to read.
    package static func coarseUnixSeconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return time.tv_sec
    }

    /// Returns the wall clock as text: `2026-11-21T02:15:00.123Z`.
    package static func wallText() -> String { wallText(unixNanoseconds: unixNanoseconds()) }

    /// Returns a wall time as text, UTC with milliseconds.
    package static func wallText(unixNanoseconds: Int64) -> String {
        String(decoding: wallBytes(unixNanoseconds: unixNanoseconds), as: UTF8.self)
    }

    /// Formats a wall time.
    /// - Parameter places: digits of the second's fraction, 3 or 6.
    static func wallBytes(unixNanoseconds: Int64, places: Int = 3) -> [UInt8] {
        var seconds = time_t(unixNanoseconds / 1_000_000_000)
        let microseconds = Int(unixNanoseconds % 1_000_000_000) / 1000
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text: [UInt8] = []
        text.reserveCapacity(27)
        func digits(_ value: Int, _ width: Int) {
            var place = 1
            for _ in 1..<width { place *= 10 }
            while place > 0 {
                text.append(UInt8(0x30 + value / place % 10))
                place /= 10
            }
        }
        digits(Int(parts.tm_year) + 1900, 4)
        text.append(UInt8(ascii: "-"))
        digits(Int(parts.tm_mon) + 1, 2)
        text.append(UInt8(ascii: "-"))
        digits(Int(parts.tm_mday), 2)
        text.append(UInt8(ascii: "T"))
        digits(Int(parts.tm_hour), 2)
        text.append(UInt8(ascii: ":"))
        digits(Int(parts.tm_min), 2)
        text.append(UInt8(ascii: ":"))
        digits(Int(parts.tm_sec), 2)
        text.append(UInt8(ascii: "."))
        digits(places == 6 ? microseconds : microseconds / 1000, places)
        text.append(UInt8(ascii: "Z"))
        return text
    }
}

/// The system's random numbers: seeds for `SeededRandom`, bytes for secrets.
package enum SystemRandom {
    package static func seed() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    package static func generator() -> SeededRandom { SeededRandom(seed: seed()) }

    /// Returns bytes fit for secrets and identifiers: they come from the kernel.
    package static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}
