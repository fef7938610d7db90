import Glibc

/// The payload has been checked by the manifest's schema: a member's name stands in it once, with a number behind it.
private func number(_ payload: UnsafePointer<CChar>, _ name: String, absent: Int) -> Int {
    guard let found = strstr(payload, "\"\(name)\""), let colon = strchr(found, 0x3A) else { return absent }
    return strtol(colon + 1, nil, 10)
}

/// Waits in short steps, and no longer than until the task is cancelled.
private func wait(_ task: UnsafePointer<ostler_task>, seconds: Int) {
    for _ in 0..<seconds * 50 where task.pointee.cancelled(task) == 0 { usleep(20_000) }
}

private let execute: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<ostler_task>?) -> CInt = { _, task in
    guard let task, let payload = task.pointee.payload else { return 1 }
    let (count, pause) = (number(payload, "times", absent: 1), number(payload, "pause", absent: 0))
    var done = 0
    while done < count, task.pointee.cancelled(task) == 0 {
        _ = task.pointee.output(task, CInt(OSTLER_STDOUT), "hello\n", 6)
        done += 1
        _ = task.pointee.progress(task, Double(done), Double(count), "greeting")
        wait(task, seconds: pause)
    }
    let result = "{\"greeted\":\(done)}"
    _ = task.pointee.result(task, result, result.utf8.count)
    return done == count ? 0 : 1
}

private let health: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, Int) -> CInt = {
    _, detail, size in
    guard let detail, size > 0 else { return 0 }
    strncpy(detail, "ready to greet", size - 1)
    detail[size - 1] = 0
    return 0
}

/// It lives as long as the process.
nonisolated(unsafe) private let executor: UnsafeMutablePointer<ostler_executor> = {
    let executor = UnsafeMutablePointer<ostler_executor>.allocate(capacity: 1)
    executor.initialize(to: ostler_executor())
    executor.pointee.size = MemoryLayout<ostler_executor>.size
    executor.pointee.abi = UInt32(OSTLER_EXECUTOR_ABI)
    executor.pointee.execute = execute
    executor.pointee.health = health
    return executor
}()

@c(ostler_executor) public func offer(_ abi: UInt32) -> UnsafeRawPointer? {
    abi == UInt32(OSTLER_EXECUTOR_ABI) ? UnsafeRawPointer(executor) : nil
}
