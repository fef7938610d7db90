import FoundationEssentials
import Glibc

struct Greeting: Decodable {
    let name: String
    let pause: Double?
}

/// Waits in short steps, and no longer than until the task is cancelled.
func wait(_ task: UnsafePointer<ostler_task>, seconds: Double) {
    var waited = 0.0
    while waited < seconds, task.pointee.cancelled(task) == 0 {
        usleep(20_000)
        waited += 0.02
    }
}

/// Does a task; what it answers is the exit code.
func greet(_ task: UnsafePointer<ostler_task>) throws -> CInt {
    let payload = Data(bytes: task.pointee.payload, count: task.pointee.payload_length)
    let greeting = try JSONDecoder().decode(Greeting.self, from: payload)
    wait(task, seconds: greeting.pause ?? 0)
    guard task.pointee.cancelled(task) == 0 else { return 1 }
    let text = "hello \(greeting.name)\n"
    _ = task.pointee.output(task, CInt(OSTLER_STDOUT), text, text.utf8.count)
    return 0
}

// What the shim calls. A library must not let a Swift error or trap out of here: a trap ends the process.

let execute: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<ostler_task>?) -> CInt = { _, task in
    guard let task else { return 1 }
    do {
        return try greet(task)
    } catch {
        _ = task.pointee.fail(task, "payload_not_read", "\(error)")
        return 1
    }
}

let health: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, Int) -> CInt = {
    _, detail, capacity in
    guard let detail, capacity > 0 else { return 0 }
    strncpy(detail, "ready to greet", capacity - 1)
    detail[capacity - 1] = 0
    return 0
}

/// It lives as long as the process.
nonisolated(unsafe) let executor: UnsafeMutablePointer<ostler_executor> = {
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
