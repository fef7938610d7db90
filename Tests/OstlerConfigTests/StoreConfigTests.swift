import OstlerJSON
import Testing

@testable import OstlerConfig

@Suite struct StoreConfigTests {
    private func problems(_ store: String) -> [String] {
        do throws(ConfigFailure) {
            _ = try HostConfig(parsing: "store: \(store)\n", file: "f")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test(arguments: [
        ("{path: tasks.db}", "store.path must be an absolute path, or begin with ~/"),
        ("{path: ''}", "store.path must not be empty"),
        ("{capacity: 0}", "store.capacity must be from 1 to 1000000000, not 0"),
        ("{capacity: many}", "store.capacity must be a whole number"),
        ("{lock_timeout: 0s}", "store.lock_timeout must be longer than 0"),
        ("{lock_timeout: 61m}", "store.lock_timeout must be at most 1h"),
        ("{retention: {age: 0s}}", "store.retention.age must be longer than 0"),
        ("{retention: {count: -1}}", "store.retention.count must be from 1"),
        ("{retention: {size: big}}", "store.retention.size: "),
        ("{retention: {ages: 1d}}", "did you mean \"age\"?"),
        ("{record_runs: yes}", "store.record_runs must be true or false"),
        ("{pth: /x}", "did you mean \"path\"?"),
        ("[]", "store must be a mapping"),
    ])
    func `what is wrong is told with its place`(store: String, message: String) {
        let found = problems(store)
        #expect(found.count == 1 && found[0].contains(message), "\(found)")
    }

    @Test func `what is shown can be read again`() throws {
        let text =
            "store: {path: /q.db, capacity: none, lock_timeout: 1m, retention: {age: none, count: 5, size: 1MiB}}"
        let config = try HostConfig(parsing: text, file: "f")
        #expect(try HostConfig(parsing: config.tree.text, file: "g").store == config.store)
        let defaults = try HostConfig(parsing: "", file: "f")
        #expect(try HostConfig(parsing: defaults.tree.text, file: "g").store == defaults.store)
    }

    @Test func `the directory of state is the user's`() {
        #expect(BaseDirectory.state.path(in: ["XDG_STATE_HOME": "/s", "HOME": "/h"]) == "/s")
        #expect(BaseDirectory.state.path(in: ["XDG_STATE_HOME": "s", "HOME": "/h"]) == "/h/.local/state")
        #expect(BaseDirectory.state.path(in: ["HOME": "h"]) == nil)
    }
}
