package import OstlerHost
internal import OstlerJSON

/// Stands in for a plugin: answers a host as the plugin did when it was recorded. It does no input or output.
///
/// A request is answered as the recorded one was that has the same method and, for a task, the same executor and
/// payload; each recorded task serves once, in the order of the recording, and the last of its kind as often as it is asked
/// for. A task that was cancelled waits for its cancel again.
package struct StandIn: Sendable {
    private struct RecordedTask {
        let executor: String
        let payload: JSONValue
        let name: String
        /// What was said of it, the answer last and without id.
        var messages: [JSONValue] = []
        var wasCancelled = false
        var isUsed = false
    }

    private var tasks: [RecordedTask] = []
    /// Answers to other requests, by method.
    private var answers: [String: JSONValue] = [:]
    /// Tasks that wait for their cancel: by name, what is then said.
    private var waiting: [String: [JSONValue]] = [:]
    /// Whether the host has said that it is over.
    package private(set) var isDone = false

    /// Takes all sessions of one plugin.
    /// - Parameter plugin: its name; nil for the one that was started first.
    package init(_ recording: Recording, plugin: String? = nil) {
        let name = plugin ?? recording.sessions.first?.plugin
        for session in recording.sessions where session.plugin == name { take(session) }
    }

    private mutating func take(_ session: Recording.Session) {
        var open: [String: Int] = [:]
        var methods: [String: String] = [:]
        for entry in session.entries {
            switch entry.event {
            case .host(let message):
                let (method, params) = (message["method"]?.string ?? "", message["params"])
                if let id = message["id"]?.string { methods[id] = method }
                guard let task = params?["task"]?.string else { continue }
                if KitRequest.executing.contains(method) {
                    let executor = params?["executor"]?.string ?? ""
                    open[task] = tasks.count
                    tasks.append(RecordedTask(executor: executor, payload: params?["payload"] ?? .null, name: task))
                } else if method == "cancel", let index = open[task] {
                    tasks[index].wasCancelled = true
                }
            case .said(let message): take(message, &open, methods)
            case .noise, .ended: continue
            }
        }
        // What was never answered cannot be answered again.
        tasks.removeAll { $0.messages.last?["params"] != nil || $0.messages.isEmpty }
    }

    private mutating func take(_ message: JSONValue, _ open: inout [String: Int], _ methods: [String: String]) {
        guard let id = message["id"]?.string else {
            if let task = message["params"]?["task"]?.string, let index = open[task] {
                tasks[index].messages.append(message)
            }
            return
        }
        let method = methods[id] ?? ""
        guard KitRequest.executing.contains(method) else { return answers[method] = message }
        let task = message["result"]?["task"]?.string
        if let task, let index = open.removeValue(forKey: task) { tasks[index].messages.append(message) }
    }

    // MARK: Answering

    /// What is said to a line of the host: whole lines.
    package mutating func answer(_ line: [UInt8]) -> [UInt8] {
        guard let message = try? JSONValue(parsing: line), let id = message["id"],
            let method = message["method"]?.string
        else { return [] }
        let params = message["params"] ?? .null
        switch method {
        case "execute", "job/execute": return execute(id, params)
        case "cancel": return cancel(id, params)
        case "initialize": return text([answers[method].map { Self.withoutCredit($0, id) } ?? Self.unknown(id, method)])
        case "shutdown":
            isDone = true
            return text([Self.reply(id, [:])])
        default: return text([answers[method].map { Self.renamed($0, id: id, task: nil) } ?? Self.unknown(id, method)])
        }
    }

    private mutating func execute(_ id: JSONValue, _ params: JSONValue) -> [UInt8] {
        let fitting = tasks.indices.filter {
            tasks[$0].executor == params["executor"]?.string && tasks[$0].payload == params["payload"]
        }
        guard let index = fitting.first(where: { !tasks[$0].isUsed }) ?? fitting.last, let name = params["task"]?.string
        else {
            let error: JSONValue = [
                "code": -32000, "message": "the recording has no task with this executor and payload",
                "data": ["code": "not_recorded", "fault": "task", "side_effects": "none"],
            ]
            return text([.object(JSONObject([("jsonrpc", "2.0"), ("id", id), ("error", error)]))])
        }
        tasks[index].isUsed = true
        let messages = tasks[index].messages.map { message in
            Self.renamed(message, id: message["id"] == nil ? nil : id, task: .string(name))
        }
        guard tasks[index].wasCancelled else { return text(messages) }
        waiting[name] = Array(messages.suffix(1))
        return text(messages.dropLast())
    }

    private mutating func cancel(_ id: JSONValue, _ params: JSONValue) -> [UInt8] {
        guard let task = params["task"]?.string, let messages = waiting.removeValue(forKey: task) else {
            return text([Self.reply(id, ["state": "unknown"])])
        }
        return text([Self.reply(id, ["state": "cancelling"])] + messages)
    }

    private func text(_ messages: some Sequence<JSONValue>) -> [UInt8] {
        messages.flatMap { Array(($0.text + "\n").utf8) }
    }

    private static func reply(_ id: JSONValue, _ result: JSONValue) -> JSONValue {
        .object(JSONObject([("jsonrpc", "2.0"), ("id", id), ("result", result)]))
    }

    private static func unknown(_ id: JSONValue, _ method: String) -> JSONValue {
        let error: JSONValue = ["code": -32601, "message": .string("the recording has no \(method)")]
        return .object(JSONObject([("jsonrpc", "2.0"), ("id", id), ("error", error)]))
    }

    /// What was recorded is said as fast as it is read: credit is not kept to.
    private static func withoutCredit(_ message: JSONValue, _ id: JSONValue) -> JSONValue {
        var object = renamed(message, id: id, task: nil).object ?? JSONObject()
        if var result = object["result"]?.object {
            result["credit"] = nil
            object["result"] = .object(result)
        }
        return .object(object)
    }

    private static func renamed(_ message: JSONValue, id: JSONValue?, task: JSONValue?) -> JSONValue {
        var object = message.object ?? JSONObject()
        if let id { object["id"] = id }
        for part in ["params", "result"] {
            guard let task, var body = object[part]?.object, body["task"] != nil else { continue }
            body["task"] = task
            object[part] = .object(body)
        }
        return .object(object)
    }
}
