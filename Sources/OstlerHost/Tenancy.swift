internal import OstlerSystem

/// A process and the tasks in it.
@LoopActor
final class Tenancy {
    let process: ExecutorProcess
    /// In no order; a task knows its place.
    private(set) var tasks: [TaskRun] = []
    /// How many tasks of each route it has.
    private var counts: [Int]

    init(_ process: ExecutorProcess, routes: Int) {
        self.process = process
        counts = Array(repeating: 0, count: routes)
    }

    func hasRoom(for route: ExecutorRoute) -> Bool {
        route.index >= counts.count || counts[route.index] < route.concurrency
    }

    func add(_ run: TaskRun) {
        run.tenancy = self
        run.place = tasks.count
        tasks.append(run)
        let index = run.route.index
        while counts.count <= index { counts.append(0) }
        counts[index] += 1
    }

    func remove(_ run: TaskRun) {
        run.tenancy = nil
        counts[run.route.index] -= 1
        let last = tasks.removeLast()
        guard last !== run else { return }
        tasks[run.place] = last
        last.place = run.place
    }
}
