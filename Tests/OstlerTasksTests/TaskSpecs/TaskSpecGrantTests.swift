import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

@Suite struct `Secrets and guards of a task` {
    @Test func `secrets are named, or named with the variable that is to hold them`() throws {
        let spec = try parseTask(
            taskText(#""secrets":["db",{"name":"api","as":"file"},{"variable":"TOKEN_2","as":"env","name":"token"}]"#)
        )
        #expect(spec.secrets == [SecretGrant("db"), SecretGrant("api"), SecretGrant("token", variable: "TOKEN_2")])
        #expect(try parseTask(taskText(#""secrets":[]"#)).secrets.isEmpty)
    }

    @Test(arguments: [
        TaskRefusal(
            taskText(#""secrets":"db""#),
            "wrong_type",
            "/secrets",
            "secrets must be a list such as [\"db\"], not the string \"db\""
        ),
        TaskRefusal(
            taskText(#""secrets":[1]"#),
            "wrong_type",
            "/secrets/0",
            "secrets.0 must be a name or an object, not the number 1"
        ),
        TaskRefusal(
            taskText(#""secrets":["db",{"as":"file"}]"#),
            "missing_member",
            "/secrets/1",
            "name is missing: say which secret"
        ),
        TaskRefusal(
            taskText(#""secrets":[{"name":"db","as":"argument"}]"#),
            "not_in_enum",
            "/secrets/0/as",
            "as must be file or env, not \"argument\""
        ),
        TaskRefusal(
            taskText(#""secrets":[{"name":"db","as":"env"}]"#),
            "invalid_secret",
            "/secrets/0",
            "\"as\": \"env\" and variable go together"
        ),
        TaskRefusal(
            taskText(#""secrets":[{"name":"db","variable":"DB"}]"#),
            "invalid_secret",
            "/secrets/0",
            "\"as\": \"env\" and variable go together"
        ),
        TaskRefusal(
            taskText(#""secrets":[{"name":"db","as":"env","variable":"1=2"}]"#),
            "invalid_variable",
            "/secrets/0/variable",
            "\"1=2\" is no name of a variable"
        ),
        TaskRefusal(
            taskText(#""secrets":["db","db"]"#),
            "duplicate_secret",
            "/secrets/1",
            "the secret \"db\" is asked for twice"
        ),
    ])
    func `what is wrong with secrets is told`(_ row: TaskRefusal) {
        row.check()
    }

    @Test func `guards are read, and none are as if nothing was said`() throws {
        let spec = try parseTask(
            taskText(#""guards":{"creates":"/x","onlyif":"test -f 'a b'","refreshonly":true,"returns":[0,2]}"#)
        )
        #expect(spec.guards?.creates == "/x")
        #expect(spec.guards?.onlyif == .line("test -f 'a b'"))
        #expect(spec.guards?.refreshOnly == true)
        #expect(spec.guards?.returns == ReturnCodes([0, 2]))
        for nothing in ["{}", "null", #"{"creates":null,"returns":[0]}"#] {
            #expect(try parseTask(taskText(#""guards":\#(nothing)"#)).guards == nil)
        }
    }

    @Test(arguments: [
        TaskRefusal(taskText(#""guards":[]"#), "wrong_type", "/guards", "guards must be an object, not an array"),
        TaskRefusal(
            taskText(#""guards":{"create":"/x"}"#),
            "unknown_member",
            "/guards/create",
            "unknown member \"create\" of guards; did you mean \"creates\"?"
        ),
        TaskRefusal(
            taskText(#""guards":{"onlyif":" "}"#),
            "invalid_guard_command",
            "/guards/onlyif",
            "empty guard command"
        ),
        TaskRefusal(
            taskText(#""guards":{"unless":"a 'b"}"#),
            "invalid_guard_command",
            "/guards/unless",
            "invalid guard command: Unterminated single-quoted string"
        ),
        TaskRefusal(
            taskText(#""guards":{"refresh_only":true,"refreshonly":true}"#),
            "ambiguous_member",
            "/guards/refreshonly",
            "both refresh_only and refreshonly are given"
        ),
        TaskRefusal(
            taskText(#""guards":{"require":["t1"]}"#),
            "invalid_reference",
            "/guards/require/0",
            "invalid require format \"t1\": it has exactly one #"
        ),
    ])
    func `what is wrong with guards is told`(_ row: TaskRefusal) {
        row.check()
    }
}
