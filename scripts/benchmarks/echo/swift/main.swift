import OstlerPluginKit

struct Text: Decodable, Sendable {
    let text: String
}

var plugin = Plugin("echo", version: "0.1.0")

plugin.executor("echo") { (task, payload: Text) in
    await task.write(payload.text)
    return .succeeded
}

await plugin.run()
