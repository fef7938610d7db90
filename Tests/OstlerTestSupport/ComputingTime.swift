internal import Glibc

/// How long this thread computes in `body`. What else the machine has to do meanwhile does not count.
public func computingTime(of body: () throws -> Void) rethrows -> Duration {
    func spent() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let start = spent()
    try body()
    return spent() - start
}
