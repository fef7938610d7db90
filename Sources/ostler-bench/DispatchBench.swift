import OstlerCatalog
import OstlerConfig
import OstlerHost
internal import OstlerProtocol
import OstlerSystem
import OstlerTasks

/// Tasks to a warm executor that does nothing: what the host itself costs.
struct DispatchBench {
    let libexec: String
    let plugins: String

    private static let payload = Array(
        #"{"name":"measured","count":12,"ratio":0.5,"on":true,"tags":["a","b"],"mode":"fast"}"#.utf8
    )

    /// Prints the median time of a task in ns at depth 1, or tasks per second at a greater depth.
    func run(rounds: Int, depth: Int) {
        let path = PluginSearchPath([.init(directory: plugins, origin: .option)])
        let settings = HostSettings(
            config: HostConfig(),
            catalog: Catalog.load(searchPath: path),
            launcherProgram: libexec + "/ostler-launch",
            runID: "bench",
            principal: "bench"
        )
        let line = EventLoop.shared.run { () -> String in
            let host = Host(settings)
            for index in 0..<1000 { await Self.task(host, index) }
            let start = Instant.now
            var times: [Int64] = []
            if depth == 1 {
                for index in 0..<rounds {
                    let before = Instant.now
                    await Self.task(host, index)
                    times.append(Instant.now.nanoseconds - before.nanoseconds)
                }
            } else {
                await Self.many(host, rounds, depth)
            }
            let seconds = Double(Instant.now.nanoseconds - start.nanoseconds) / 1e9
            await host.stop()
            times.sort()
            let median = times.isEmpty ? 0 : times[times.count / 2]
            let late = times.isEmpty ? 0 : times[times.count * 9 / 10]
            return "{\"p50_ns\": \(median), \"p90_ns\": \(late), \"per_second\": \(Int(Double(rounds) / seconds))}"
        }
        print(line)
    }

    @LoopActor
    private static func many(_ host: Host, _ rounds: Int, _ depth: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<depth {
                group.addTask(executorPreference: EventLoop.shared) { await Self.lane(host, lane, rounds, depth) }
            }
        }
    }

    @LoopActor
    private static func lane(_ host: Host, _ lane: Int, _ rounds: Int, _ depth: Int) async {
        for index in 0..<rounds / depth { await task(host, lane * rounds + index) }
    }

    @LoopActor
    private static func task(_ host: Host, _ index: Int) async {
        let spec = TaskSpec(id: "t\(index)", executor: "noop", payload: payload)
        let result = await host.run(spec, origin: TaskOrigin(runID: "bench", principal: "bench"))
        precondition(result.outcome == .succeeded, "\(result.outcome): \(result.error?.message ?? "")")
    }
}
