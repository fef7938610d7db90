internal import OstlerJSON

/// A request as the kit writes it: its members may come in any order and company.
struct KitRequest: Sendable {
    var id: String
    var method: String
    var params: JSONObject
    /// The methods that give a task: the second one in a job of a workspace.
    static let executing: Set<String> = ["execute", "job/execute"]

    /// Members beside those of JSON-RPC.
    var extra: [(String, JSONValue)] = []
    /// Whether `params` stands in front and `id` at the end.
    var isReversed = false
    var lineEnd = "\n"

    init(_ method: String, id: String, _ params: [(String, JSONValue)] = []) {
        self.id = id
        self.method = method
        self.params = JSONObject(params)
    }

    /// The message as text, its line end included.
    var line: [UInt8] {
        var members: [(String, JSONValue)] = [
            ("id", .string(id)), ("jsonrpc", "2.0"), ("method", .string(method)),
        ]
        members += extra + [("params", .object(isReversed ? JSONObject(params.members.reversed()) : params))]
        if isReversed { members.reverse() }
        return Array((JSONValue.object(JSONObject(members)).text + lineEnd).utf8)
    }

    static func notification(_ method: String, _ params: JSONValue) -> [UInt8] {
        Array(
            (JSONValue.object(JSONObject([("jsonrpc", "2.0"), ("method", .string(method)), ("params", params)])).text
                + "\n").utf8
        )
    }
}
