import Glibc
import OstlerJSON
import OstlerProtocol
import OstlerSystem
import Testing

@testable import OstlerCommandPlugin

/// A plugin between a host and a launcher that the test plays, all on the test's own thread.
final class PluginRig {
    struct TimedOut: Error {
        let waitingFor: String
    }

    let plugin: CommandPlugin
    let launcher: FakeLauncher
    private var toPlugin: OwnedFD?
    private let fromPlugin: OwnedFD
    private var unsent: [UInt8] = []
    private var unparsed: [UInt8] = []
    private var lastRequest = 0

    /// All that the plugin has said.
    private(set) var frames: [JSONValue] = []
    private(set) var answers: [String: JSONValue] = [:]
    private(set) var outputs: [String: [OutputNotification]] = [:]
    private(set) var exitCode: Int32?
    /// Whether the host takes what the plugin writes.
    var isReading = true

    init(launch: Bool = true, initialized: Bool = true, frameBytes: Int = 1 << 20) throws {
        signal(SIGPIPE, SIG_IGN)
        let (requests, replies) = (try Pipe.make(), try Pipe.make())
        let channel = try Pipe.packets()
        plugin = try #require(CommandPlugin(input: requests.read, output: replies.write, launcher: channel.near))
        launcher = FakeLauncher(taking: channel.far)
        toPlugin = OwnedFD(taking: requests.write)
        fromPlugin = OwnedFD(taking: replies.read)
        toPlugin?.setNonblocking()
        fromPlugin.setNonblocking()
        guard initialized else { return }
        _ = try answer(request("initialize", Self.initialize(launch: launch, frameBytes: frameBytes)))
    }

    static func initialize(launch: Bool = true, min: Int64 = 0, max: Int64 = 0, frameBytes: Int = 1 << 20) -> JSONValue
    {
        [
            "protocol": ["min": .number(.int(min)), "max": .number(.int(max))], "host": "test",
            "max_frame_bytes": .number(.int(Int64(frameBytes))), "launch": .bool(launch), "config": [:],
        ]
    }

    // MARK: Speaking

    /// Sends a request and returns its id.
    @discardableResult
    func request(_ method: String, _ params: JSONValue? = nil) -> String {
        lastRequest += 1
        let id = "s.\(lastRequest)"
        var members: [(String, JSONValue)] = [("id", .string(id)), ("jsonrpc", "2.0"), ("method", .string(method))]
        if let params { members.append(("params", params)) }
        send(JSONValue.object(JSONObject(members)).text + "\n")
        return id
    }

    func send(_ text: String) {
        unsent += Array(text.utf8)
    }

    @discardableResult
    func execute(_ task: String, _ payload: JSONValue, launch: Int64? = 7, stdin: Bool = false, credit: Int64? = nil)
        -> String
    {
        var members: [(String, JSONValue)] = [("task", .string(task)), ("executor", "command")]
        if let launch { members.append(("launch", .number(.int(launch)))) }
        if stdin { members.append(("stdin", true)) }
        if let credit { members.append(("credit", .number(.int(credit)))) }
        members.append(("payload", payload))
        return request("execute", .object(JSONObject(members)))
    }

    /// Lets the plugin send more of a task's output.
    func give(_ task: String, _ bytes: Int64) {
        let params: JSONValue = ["task": .string(task), "bytes": .number(.int(bytes))]
        send((["jsonrpc": "2.0", "method": "credit", "params": params] as JSONValue).text + "\n")
    }

    @discardableResult
    func cancel(_ task: String) -> String {
        request("cancel", ["task": .string(task), "reason": "requested", "grace_ms": 1000])
    }

    /// The end of the plugin's standard input.
    func hangUp() {
        toPlugin = nil
    }

    // MARK: Stepping

    /// One turn of each side.
    func step() throws {
        writeRequests()
        if exitCode == nil { exitCode = plugin.turn(milliseconds: 1) }
        launcher.receive()
        if isReading { try readReplies() }
    }

    func until(_ what: String, seconds: Int64 = 20, _ condition: () throws -> Bool) throws {
        let deadline = Instant.now.advanced(milliseconds: seconds * 1000)
        while try !condition() {
            guard Instant.now < deadline else { throw TimedOut(waitingFor: what) }
            try step()
        }
    }

    private func writeRequests() {
        while !unsent.isEmpty, let number = toPlugin?.number {
            let count = Glibc.write(number, unsent, unsent.count)
            guard count > 0 else { return }
            unsent.removeFirst(count)
        }
    }

    private func readReplies() throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(fromPlugin.number, &buffer, buffer.count)
            guard count > 0 else { break }
            unparsed += buffer.prefix(count)
        }
        guard let end = unparsed.lastIndex(of: 0x0A) else { return }
        for line in unparsed[..<end].split(separator: 0x0A) { try take(JSONValue(parsing: Array(line))) }
        unparsed.removeSubrange(...end)
    }

    private func take(_ frame: JSONValue) throws {
        frames.append(frame)
        if let id = frame["id"]?.string {
            #expect(answers[id] == nil, "\(id) is answered twice")
            answers[id] = frame
        } else if frame["method"] == "output" {
            let text = Array(try #require(frame["params"]).text.utf8)
            let output = try text.withUnsafeBufferPointer {
                var reader = JSONReader($0)
                return try OutputNotification(reading: &reader)
            }
            outputs[output.task, default: []].append(output)
        }
    }

    // MARK: Waiting

    func answer(_ id: String) throws -> JSONValue {
        try until("the answer to \(id)") { answers[id] != nil }
        return try #require(answers[id])
    }

    func result(_ id: String) throws -> JSONValue {
        try #require(try answer(id)["result"])
    }

    func errorCode(_ id: String) throws -> String? {
        try answer(id)["error"]?["data"]?["code"]?.string
    }

    /// The number of the newest launch, once there are `count`.
    func launchNumber(count: Int = 1) throws -> UInt64 {
        try until("launch \(count)") { launcher.numbers.count >= count }
        return launcher.numbers[count - 1]
    }

    /// Executes and launches a command; returns the id of the request and the number of the launch.
    func start(
        _ task: String = "t",
        _ payload: JSONValue = ["command": "true"],
        credit: Int64? = nil
    ) throws -> (id: String, number: UInt64) {
        let before = launcher.numbers.count
        let id = execute(task, payload, credit: credit)
        let number = try launchNumber(count: before + 1)
        try launcher.launched(number)
        return (id, number)
    }

    /// Writes all of it, as fast as the plugin reads.
    func write(_ number: UInt64, _ stream: OutputStream, _ bytes: [UInt8]) throws {
        var rest = bytes[...]
        try until("the plugin to read \(stream)") {
            rest = rest.dropFirst(launcher.write(number, stream, rest))
            return rest.isEmpty
        }
    }

    func output(_ task: String, _ stream: OutputStream) -> [UInt8] {
        (outputs[task] ?? []).filter { $0.stream == stream }.flatMap(\.bytes)
    }

    func text(_ task: String, _ stream: OutputStream) -> String {
        String(decoding: output(task, stream), as: UTF8.self)
    }
}
