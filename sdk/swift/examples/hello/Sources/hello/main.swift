import OstlerPluginKit

struct Greeting: Decodable, Sendable {
    let name: String
    let times: Int?
    let pause: Double?
}

var plugin = Plugin("hello", version: "0.1.0")

plugin.executor("hello") { (task, greeting: Greeting) in
    guard greeting.name != "nobody" else {
        throw TaskFailed("there is nobody to greet", code: "nobody", sideEffects: .none, pointer: "/payload/name")
    }
    let times = greeting.times ?? 1
    for count in 1...times {
        await task.write("hello \(greeting.name)\n")
        await task.progress(Double(count), of: Double(times), unit: "greetings")
        try await Task.sleep(for: .seconds(greeting.pause ?? 0))
    }
    return .succeeded
}

await plugin.run()
