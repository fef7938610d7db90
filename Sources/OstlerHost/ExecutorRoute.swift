internal import OstlerCatalog
internal import OstlerProtocol
internal import OstlerSchema
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTrust

/// One executor and all that its tasks need, found once: on the way of a task nothing is looked up by name but this.
@LoopActor
final class ExecutorRoute {
    let name: String
    let schema: CompiledSchema
    let judge: ProgramPolicy
    /// Whether its tasks start commands in sandboxes of their own.
    let launches: Bool
    /// How many tasks one process takes at a time.
    let concurrency: Int
    let plugin: TaskResult.PluginIdentity
    /// Its place among the routes of the pool.
    let index: Int
    unowned let pool: ExecutorPool
    /// Tasks that no process has yet.
    var waiting = WaitingLine()
    private var origin: TaskOrigin?
    private var preface: [UInt8] = []

    init(_ executor: CatalogExecutor, schema: CompiledSchema, judge: ProgramPolicy, index: Int, pool: ExecutorPool) {
        let manifest = executor.plugin.manifest
        name = executor.name
        launches = executor.plugin.permissions.launch
        concurrency = executor.executor.concurrency
        plugin = .init(name: manifest.name, version: manifest.version)
        self.schema = schema
        self.judge = judge
        self.index = index
        self.pool = pool
    }

    /// What every `execute` of a run says alike: the tasks of a run come from one place, so it is written once.
    func preface(of request: ExecuteRequest, from origin: TaskOrigin) -> [UInt8] {
        if self.origin != origin {
            self.origin = origin
            preface = request.preface
        }
        return preface
    }
}

/// Tasks of one executor in the order of their coming.
struct WaitingLine {
    private var all: [TaskRun] = []
    private var start = 0

    var count: Int { all.count - start }
    var runs: ArraySlice<TaskRun> { all[start...] }
    var first: TaskRun? { start < all.count ? all[start] : nil }

    mutating func append(_ run: TaskRun) {
        all.append(run)
    }

    mutating func removeFirst() {
        start += 1
        // Now and then, so that each task is moved about once.
        guard start * 2 > all.count else { return }
        all.removeFirst(start)
        start = 0
    }

    /// Whether the task was in it.
    mutating func remove(_ run: TaskRun) -> Bool {
        guard let index = runs.firstIndex(where: { $0 === run }) else { return false }
        all.remove(at: index)
        return true
    }

    mutating func removeAll() -> [TaskRun] {
        let given = Array(runs)
        self = WaitingLine()
        return given
    }
}
