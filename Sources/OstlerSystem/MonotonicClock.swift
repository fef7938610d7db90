internal import COstlerShims
internal import Glibc

/// A moment on the clock that never jumps, in nanoseconds.
package struct Instant: Sendable, Comparable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static var now: Instant { Instant(nanoseconds: ostler_now_ns()) }

    /// A moment later by some milliseconds; far future rather than overflow.
    package func advanced(milliseconds: Int64) -> Instant {
        let (step, tooFar) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflow) = nanoseconds.addingReportingOverflow(step)
        return Instant(nanoseconds: tooFar || overflow ? .max : sum)
    }

    /// Microseconds from an earlier moment to this one.
    package func microseconds(since earlier: Instant) -> Int64 {
        (nanoseconds - earlier.nanoseconds) / 1000
    }

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// The time of day, for people.
package enum WallClock {
    /// Milliseconds since 1970 in UTC.
    package static var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Nanoseconds since 1970 in UTC, as files bear their times.
    package static var nanoseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    /// RFC 3339 in UTC with milliseconds.
    package static func text(milliseconds: Int64) -> String {
        let fraction = (milliseconds % 1000 + 1000) % 1000
        var seconds = time_t((milliseconds - fraction) / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func pad(_ value: some BinaryInteger, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = "\(pad(parts.tm_year + 1900, 4))-\(pad(parts.tm_mon + 1, 2))-\(pad(parts.tm_mday, 2))"
        let clock = "\(pad(parts.tm_hour, 2)):\(pad(parts.tm_min, 2)):\(pad(parts.tm_sec, 2))"
        return "\(date)T\(clock).\(pad(fraction, 3))Z"
    }
}
