import Glibc
import OstlerSandbox
import OstlerSystem
import OstlerTestSupport
import Synchronization
import Testing

/// Remembers what is told of one spawn or task.
@LoopActor
final class Observer: SandboxObserver {
    private(set) var exits: [ExitReport] = []
    private(set) var failures: [LaunchFailure] = []
    private(set) var reaped: [UInt32] = []
    private(set) var gone = 0
    private(set) var lost = 0

    var hasEnded: Bool { !reaped.isEmpty || !failures.isEmpty || lost > 0 }

    func sandboxExited(_ report: ExitReport) { exits.append(report) }
    func sandboxFailed(_ failure: LaunchFailure) { failures.append(failure) }
    func sandboxReaped(_ sandbox: UInt32) { reaped.append(sandbox) }
    func taskGone(isProven: Bool) { gone += 1 }
    func launcherLost() { lost += 1 }
}

/// A launcher of one test, its plans, and what one needs to run things in its sandboxes.
@LoopActor
final class Harness {
    let launcher: Launcher
    let runID: String
    let planner = Planner(layout: .probe())
    private static let counter = Mutex(0)

    init(program: String = Surroundings.program("ostler-launch")) {
        let number = Self.counter.withLock {
            $0 += 1
            return $0
        }
        runID = "unit-\(getpid())-\(number)"
        // Ranges of user ids of their own, since the tests run side by side.
        launcher = Launcher(
            .init(
                program: program,
                runID: runID,
                firstUserID: 300_000 + UInt32(number) * 100,
                userIDCount: 100
            )
        )
    }

    /// Runs a body on the loop with a launcher, which is stopped afterwards.
    nonisolated static func run<R: Sendable>(
        program: String = Surroundings.program("ostler-launch"),
        _ body: @LoopActor @Sendable (Harness) async throws -> R
    ) async throws -> R {
        EventLoop.shared.startThread()
        return try await scope(program, body)
    }

    @LoopActor
    private static func scope<R: Sendable>(
        _ program: String,
        _ body: @LoopActor @Sendable (Harness) async throws -> R
    ) async throws -> R {
        let harness = Harness(program: program)
        // Whatever a test waits for then has an end: its launcher is lost.
        let watchdog = EventLoop.shared.schedule(at: .now.advanced(milliseconds: 100_000)) {
            Issue.record("the test hung for 100 s; its launcher was abandoned")
            harness.launcher.abandon()
        }
        defer {
            EventLoop.shared.cancel(watchdog)
            harness.launcher.stop()
        }
        return try await body(harness)
    }

    func plan(_ policy: SandboxPolicy = SandboxPolicy()) async throws -> LaunchPlan {
        try await launcher.plan(for: policy, planner)
    }

    /// Starts a process without input and with its output thrown away, unless a descriptor is given.
    func spawn(
        _ arguments: [String],
        plan: LaunchPlan,
        environment: [String] = [],
        workDirectory: String? = nil,
        input: Int32? = nil,
        output: Int32? = nil,
        launchChannel: Bool = false,
        observer: Observer
    ) -> UInt64 {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        return launcher.spawn(
            plan: plan,
            arguments: arguments.map { Array($0.utf8) },
            environment: environment,
            workDirectory: workDirectory,
            descriptors: (input ?? null, output ?? null, output ?? null),
            launchChannel: launchChannel,
            observer: observer
        )
    }

    /// Runs a process to its end and gives what it wrote.
    func output(
        _ arguments: [String],
        policy: SandboxPolicy = SandboxPolicy(),
        environment: [String] = [],
        workDirectory: String? = nil
    ) async throws -> (text: String, observer: Observer) {
        let ends = try Pipe.make(capacity: 1 << 20)
        defer { close(ends.read) }
        let observer = Observer()
        do {
            defer { close(ends.write) }
            let plan = try await plan(policy)
            _ = spawn(
                arguments,
                plan: plan,
                environment: environment,
                workDirectory: workDirectory,
                output: ends.write,
                observer: observer
            )
        }
        await eventually("the end of \(arguments)") { observer.hasEnded }
        OwnedFD.setNonblocking(ends.read)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let count = max(0, read(ends.read, &buffer, buffer.count))
        return (String(decoding: buffer.prefix(count), as: UTF8.self), observer)
    }

    func shell(_ script: String, policy: SandboxPolicy = SandboxPolicy()) async throws -> (
        text: String, observer: Observer
    ) {
        try await output(["/bin/sh", "-c", script], policy: policy)
    }
}

/// A command line that no other process of this machine has.
func uniqueSleep() -> String {
    "9\(UInt32.random(in: 10_000_000...99_999_999))"
}
