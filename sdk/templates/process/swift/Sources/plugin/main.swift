import OstlerPluginKit

struct Greeting: Decodable, Sendable {
    let name: String
    let pause: Double?
}

var plugin = Plugin("@name@", version: "0.1.0")

plugin.executor("@name@") { (task, greeting: Greeting) in
    try await Task.sleep(for: .seconds(greeting.pause ?? 0))
    await task.write("hello \(greeting.name)\n")
    return .succeeded
}

await plugin.run()
