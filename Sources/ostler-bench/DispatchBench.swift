import Glibc
import OstlerCatalog
import OstlerConfig
import OstlerHost
internal import OstlerProtocol
import OstlerSystem
import OstlerTasks

/// The same task again and again: with an executor that does nothing, what the host itself costs.
struct DispatchBench {
    let libexec: String
    let plugins: String
    /// The task as a line of JSON.
    let line: String

    /// Prints the median time of a task in ns at depth 1, or tasks per second at a greater depth.
    ///
    /// - Parameter isHeld: keeps the plugin's processes until stdin ends, for somebody to look at them.
    func run(rounds: Int, depth: Int, isHeld: Bool = false) {
        let path = PluginSearchPath([.init(directory: plugins, origin: .option)])
        let settings = HostSettings(
            config: HostConfig(),
            catalog: Catalog.load(searchPath: path),
            launcherProgram: libexec + "/ostler-launch",
            runID: "bench",
            principal: "bench"
        )
        EventLoop.shared.run {
            let host = Host(settings)
            await Lanes(host, line).run(min(rounds / 10 + 1, 1000), depth: 1)
            let start = Instant.now
            let lanes = Lanes(host, line)
            await lanes.run(rounds, depth: depth)
            let seconds = Double(Instant.now.nanoseconds - start.nanoseconds) / 1e9
            let times = lanes.times.sorted()
            let median = times.isEmpty ? 0 : times[times.count / 2]
            let late = times.isEmpty ? 0 : times[times.count * 9 / 10]
            print("{\"p50_ns\": \(median), \"p90_ns\": \(late), \"per_second\": \(Int(Double(rounds) / seconds))}")
            fflush(nil)
            // The loop may stand still: nothing is under way.
            if isHeld { while readLine() != nil {} }
            await host.stop()
        }
    }

    /// Keeps a number of tasks under way until all have been run: each outcome submits the next task.
    @LoopActor
    private final class Lanes {
        private static let names = (0..<4096).map { "t\($0)" }
        private let host: Host
        private var spec: TaskSpec
        private var left = 0
        private var open = 0
        private var isTimed = false
        private var done: UnsafeContinuation<Void, Never>?
        /// From submission to outcome, of one task after another.
        private(set) var times: [Int64] = []

        init(_ host: Host, _ line: String) {
            self.host = host
            var parser = TaskSpecParser()
            let parsed = Array(line.utf8).withUnsafeBufferPointer { bytes in
                Result { try parser.parse(bytes, defaultID: "") }
            }
            guard case .success(let spec) = parsed else { preconditionFailure("\(parsed)") }
            self.spec = spec
        }

        func run(_ rounds: Int, depth: Int) async {
            left = rounds
            isTimed = depth == 1
            times.reserveCapacity(isTimed ? rounds : 0)
            await withUnsafeContinuation { continuation in
                done = continuation
                for _ in 0..<min(depth, rounds) { submit() }
            }
        }

        private func submit() {
            guard left > 0 else {
                if open == 0 { done.take()?.resume() }
                return
            }
            // Names are used again, but never while a task of that name is open.
            spec.id = Self.names[left % Self.names.count]
            left -= 1
            open += 1
            let before = Instant.now
            host.submit(spec, origin: TaskOrigin(runID: "bench", principal: "bench")) { result in
                precondition(result.outcome == .succeeded, "\(result.outcome): \(result.error?.message ?? "")")
                self.open -= 1
                if self.isTimed { self.times.append(Instant.now.nanoseconds - before.nanoseconds) }
                self.submit()
            }
        }
    }
}
