import OstlerPluginKit

struct Words: Decodable, Sendable {
    let argv: [String]
}

var plugin = Plugin("runner", version: "0.1.0")
plugin.executor("runner") { (task, words: Words) in try await task.run(words.argv) }
await plugin.run()
