import OstlerConfig
import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

@testable import OstlerResources

@Suite struct ResourceRequestReaderTests {
    private func read(_ kind: String, _ properties: String) throws -> Resource {
        let reader = ResourceRequestReader(providers: .standard { true })
        return try reader.read(kind: kind, try JSONValue(parsing: Array(properties.utf8)), request: "a/b")
    }

    @Test func `a request says of a resource what a manifest says, its name among it`() throws {
        let exec = try read("exec", #"{"name": "x", "command": "echo \ud83d\ude00", "retry": 2, "alias": "y"}"#)
        #expect(exec.reference.description == "exec#x" && exec.guards.alias == "y" && exec.retry.attempts == 2)
        #expect(exec.place.description == "a/b")
        #expect(exec.task?.payload == Array(#"{"command":"echo","args":["😀"],"working_dir":"/"}"#.utf8))
        let task = try read("task", #"{"name": "t", "executor": "e", "payload": {"n": 1}}"#)
        #expect(task.task?.executor == "e" && task.title == "task#t")
    }

    @Test func `who asks gets the least environment, and sources of the root alone`() throws {
        #expect(try read("exec", #"{"name": "x"}"#).task?.environmentMode == .minimal)
        let file = try read("file", #"{"name": "/f", "source": "/etc//g", "health_checks": [{"command": "true"}]}"#)
        guard case .file(let properties) = file.body, let check = file.checks.first else {
            Issue.record("no file with a check")
            return
        }
        #expect(properties.content == .rootedSource("/etc/g"))
        #expect(file.task(for: check.command, as: "check").environmentMode == .minimal)
    }

    @Test(arguments: [
        ("exce", #"{"name": "x"}"#, ConfigError.Code.unknownType, "", "did you mean \"exec\"?"),
        ("apply", #"{"name": "x"}"#, .unknownType, "", "there are: exec, file, task"),
        ("exec", "{}", .missingKey, "", "the key \"name\" is missing"),
        ("exec", #"{"name": ""}"#, .invalidValue, "/name", "name must not be empty"),
        ("exec", #"{"name": "a\u0000"}"#, .invalidValue, "/name", "NUL"),
        ("exec", #"{"name": "'"}"#, .invalidValue, "", "the name, which is the command"),
        ("exec", #"{"name": "x", "nmae": "y"}"#, .unknownKey, "/nmae", "did you mean \"name\"?"),
        ("exec", #"{"name": "x", "timeout": 3}"#, .wrongType, "/timeout", "timeout"),
        (
            "exec", #"{"name": "x", "health_checks": [{"command": "true", "tries": 0}]}"#, .invalidValue,
            "/health_checks/0/tries", "must be from 1"
        ),
        ("file", #"{"name": "/f", "source": "g"}"#, .invalidValue, "/source", "must be an absolute path"),
        ("file", #"{"name": "/f", "command": "g"}"#, .unknownKey, "/command", "known keys"),
        ("task", #"{"name": "x", "payload": {}}"#, .invalidValue, "/executor", "executor is missing"),
    ])
    func `what is wrong has a code and a pointer`(
        _ kind: String,
        _ properties: String,
        _ code: ConfigError.Code,
        _ pointer: String,
        _ part: String
    ) throws {
        let failure = #expect(throws: ConfigFailure.self) { try read(kind, properties) }
        #expect(failure?.problems.first?.code == code, "\(String(describing: failure))")
        #expect(failure?.problems.first?.pointer.description == pointer, "\(String(describing: failure))")
        #expect(failure?.description.contains(part) == true, "\(String(describing: failure))")
    }

    @Test func `A run goes on where another ended, by what it has kept in mind`() async throws {
        let world = FakeWorld()
        let file = try read("file", #"{"name": "/f", "content": "x"}"#)
        let exec = try read("exec", #"{"name": "do +/g", "refresh_only": true, "subscribe": ["file#/f"]}"#)
        let first = ApplyRun(world, ApplyMode(), clock: { 0 })
        #expect(await first.ensure(file).state == .changed)
        let second = ApplyRun(world, ApplyMode(), after: first.memory, clock: { 0 })
        #expect(await second.ensure(exec).state == .refreshed)
        // The last word counts.
        #expect(await second.ensure(file).state == .stable)
        #expect(await second.ensure(exec).stability == .refreshOnly)
        let stranger = ApplyRun(world, ApplyMode(), clock: { 0 })
        #expect(await stranger.ensure(exec).error?.code == "unknown_reference")
        #expect(world.ran == ["do +/g"])
    }
}
