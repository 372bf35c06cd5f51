internal import Glibc

/// The kernel's clocks, in nanoseconds. See clock_gettime(2).
package enum Clock {
    /// Since 1970, as set by the administrator; may jump.
    package static var realtime: Int64 { read(CLOCK_REALTIME) }
    /// Since some point of the past; never jumps, does not advance in suspend.
    package static var monotonic: Int64 { read(CLOCK_MONOTONIC) }
    /// Since the machine's start, time in suspend included; never jumps.
    package static var sinceBoot: Int64 { read(CLOCK_BOOTTIME) }
    /// Processor time of this process.
    package static var process: Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        _ = clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Sleeps until a moment of ``monotonic``. See clock_nanosleep(2).
    package static func sleep(until moment: Int64) {
        var time = timespec()
        (time.tv_sec, time.tv_nsec) = (Int(moment / 1_000_000_000), Int(moment % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }
}
