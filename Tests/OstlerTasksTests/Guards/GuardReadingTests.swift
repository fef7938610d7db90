import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

/// Reads a member as it stands among others, as in a manifest.
private func take(_ name: String, _ value: JSONValue) throws -> TaskGuards? {
    var guards = TaskGuards()
    var seen: Set<String> = []
    return try guards.take(name, value, at: JSONPointer("/x").member(name), seen: &seen) ? guards : nil
}

@Suite struct `Guards among other members` {
    @Test func `each is taken, and what is no guard is left alone`() throws {
        #expect(try take("creates", "/opt/app")?.creates == "/opt/app")
        #expect(try take("onlyif", "test -f x")?.onlyif == .line("test -f x"))
        #expect(try take("unless", ["test", "-f", "x y"])?.unless == .arguments(["test", "-f", "x y"]))
        #expect(try take("refresh_only", true)?.refreshOnly == true)
        #expect(try take("refreshonly", true)?.refreshOnly == true)
        #expect(try take("subscribe", ["file#/etc/a b"])?.subscribe == [.init(type: "file", name: "/etc/a b")])
        #expect(try take("require", ["exec#x", "task#1"])?.require.map(\.description) == ["exec#x", "task#1"])
        #expect(try take("control", ["if": true])?.control == .init(if: true))
        #expect(try take("control", ["if": "false", "unless": "true"])?.control == .init(if: false, unless: true))
        #expect(try take("returns", [0, 3])?.returns == ReturnCodes([0, 3]))
        #expect(try take("returns", [])?.returns == .zero)
        #expect(try take("alias", "reload")?.alias == "reload")
        #expect(try take("command", "true") == nil)
    }

    @Test(arguments: TaskGuards.members) func `a null is as if it were not there`(_ name: String) throws {
        #expect(try take(name, .null)?.isEmpty == true)
    }

    @Test func `one that is written in both ways is refused`() throws {
        var guards = TaskGuards()
        var seen: Set<String> = []
        #expect(try guards.take("refresh_only", true, at: JSONPointer("/refresh_only"), seen: &seen))
        let failure = #expect(throws: Failure.self) {
            try guards.take("refreshonly", true, at: JSONPointer("/refreshonly"), seen: &seen)
        }
        #expect(failure?.code == "ambiguous_member")
        #expect(failure?.pointer?.description == "/refreshonly")
    }

    @Test(
        arguments: [
            ("creates", 1, "wrong_type", "/x/creates", "x.creates must be a string, not the number 1"),
            ("creates", "", "invalid_path", "/x/creates", "creates must be a path, not empty and without NUL"),
            ("onlyif", true, "wrong_type", "/x/onlyif", "x.onlyif must be a string or a list of strings, not true"),
            ("unless", [], "invalid_guard_command", "/x/unless", "empty guard command"),
            ("unless", ["a", 1], "wrong_type", "/x/unless/1", "x.unless.1 must be a string, not the number 1"),
            ("onlyif", "a\u{0}", "invalid_guard_command", "/x/onlyif", "a command must not hold NUL"),
            (
                "refresh_only", "yes", "wrong_type", "/x/refresh_only",
                "x.refresh_only must be true or false, not the string \"yes\""
            ),
            (
                "subscribe", "a#b", "wrong_type", "/x/subscribe",
                "x.subscribe must be a list of strings, not the string \"a#b\""
            ),
            (
                "subscribe", ["ab"], "invalid_reference", "/x/subscribe/0",
                "invalid subscribe format \"ab\": it has exactly one #"
            ),
            (
                "require", ["a#b", "a#b#c"], "invalid_reference", "/x/require/1",
                "invalid require format \"a#b#c\": it has exactly one #"
            ),
            (
                "subscribe", ["#b"], "invalid_reference", "/x/subscribe/0",
                "invalid subscribe format \"#b\": it has exactly one #"
            ),
            ("control", true, "wrong_type", "/x/control", "x.control must be an object, not true"),
            (
                "control", ["iff": true], "unknown_member", "/x/control/iff",
                "unknown member \"iff\" of control; did you mean \"if\"?"
            ),
            (
                "control", ["if": 1], "wrong_type", "/x/control/if",
                "x.control.if must be true or false, not the number 1"
            ),
            (
                "control", ["if": "os == 'linux'"], "wrong_type", "/x/control/if",
                "control.if must be true or false, not the expression \"os == 'linux'\""
            ),
            ("returns", 0, "wrong_type", "/x/returns", "x.returns must be a list of exit codes, not the number 0"),
            ("returns", [0, -1], "out_of_range", "/x/returns/1", "an exit code is from 0 to 255, not -1"),
            ("returns", [256], "out_of_range", "/x/returns/0", "an exit code is from 0 to 255, not 256"),
            ("alias", "a#b", "invalid_id", "/x/alias", "an alias must not hold #"),
        ] as [(String, JSONValue, String, String, String)]
    )
    func `what is wrong is refused with its place`(
        _ name: String,
        _ value: JSONValue,
        _ code: String,
        _ pointer: String,
        _ message: String
    ) {
        let failure = #expect(throws: Failure.self) { try take(name, value) }
        #expect(failure?.code == code)
        #expect(failure?.pointer?.description == pointer)
        #expect(failure?.message == message)
    }
}
