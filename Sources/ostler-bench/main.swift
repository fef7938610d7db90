import OstlerCatalog
import OstlerConfig
import OstlerHost
import OstlerJSON
import OstlerSystem
import OstlerTasks

let directory = CommandLine.arguments[1]
let path = PluginSearchPath([.init(directory: CommandLine.arguments[2], origin: .option)])
let catalog = Catalog.load(searchPath: path, policy: HostConfig.Plugins(), disabledExecutors: [])
print(catalog.executorNames, catalog.rejected)
let settings = HostSettings(config: HostConfig(), catalog: catalog, launcherProgram: directory + "/ostler-launch", runID: "smoke", principal: "me")
let text = EventLoop.shared.run { () -> String in
    let host = Host(settings)
    var writer = JSONWriter()
    for n in 0..<3 {
    let start = Instant.now
    let result = await host.run(TaskSpec(id: "t\(n)", executor: "command", payload: Array(CommandLine.arguments[3].utf8)), origin: TaskOrigin(runID: "smoke", principal: "me"))
    print(Instant.now.microseconds(since: start), "us")
    result.encode(into: &writer)
    writer.newline()
    }
    await host.stop()
    return String(decoding: writer.bytes, as: UTF8.self)
}
print(text)
