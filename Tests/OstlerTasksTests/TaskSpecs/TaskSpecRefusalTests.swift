import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

@Suite struct `Tasks that are refused` {
    @Test(arguments: [
        ("[]", "an array"), ("\"command\"", "the string \"command\""), ("1", "the number 1"), ("null", "null"),
        ("true", "true"), ("[{}]", "an array"),
    ])
    func `another value than an object`(_ json: String, _ found: String) throws {
        TaskRefusal(json, "not_an_object", nil, "a task is a JSON object, not \(found)").check()
        let failure = try #require(throws: Failure.self) { try parseTask(json) }
        let advice = json.hasPrefix("[") ? "write one task a line, without [ ]" : #"such as {"id": "t1""#
        #expect(failure.hint?.hasPrefix(advice) == true, "\(failure)")
    }

    @Test(arguments: [
        TaskRefusal(
            #"{"payload":1}"#,
            "missing_member",
            "/executor",
            "executor is missing: say which executor the task is for"
        ),
        TaskRefusal(
            #"{"executor":"","payload":1}"#,
            "invalid_executor",
            "/executor",
            "executor is empty: say which executor it is for"
        ),
        TaskRefusal(
            #"{"executor":"e"}"#,
            "missing_member",
            "/payload",
            "payload is missing: say what the executor is to do"
        ),
        TaskRefusal("{}", "missing_member", "/executor", "executor is missing: say which executor the task is for"),
        TaskRefusal(
            #"{"executor":"e","type":"e","payload":1}"#,
            "ambiguous_executor",
            "/type",
            "both executor and type are given"
        ),
        TaskRefusal(
            #"{"type":"e","executor":"e","payload":1}"#,
            "ambiguous_executor",
            "/executor",
            "both executor and type are given"
        ),
        TaskRefusal(
            #"{"type":"","executor":"e","payload":1}"#,
            "invalid_executor",
            "/type",
            "type is empty: say which executor it is for"
        ),
    ])
    func `members that are missing or given twice`(_ row: TaskRefusal) { row.check() }

    @Test(arguments: [
        TaskRefusal(taskText(#""id":5"#), "wrong_type", "/id", "id must be a string, not the number 5"),
        TaskRefusal(taskText(#""id":null"#), "wrong_type", "/id", "id must be a string, not null"),
        TaskRefusal(
            #"{"executor":["e"],"payload":1}"#,
            "wrong_type",
            "/executor",
            "executor must be a string, not an array"
        ),
        TaskRefusal(#"{"type":1,"payload":1}"#, "wrong_type", "/type", "type must be a string, not the number 1"),
        TaskRefusal(
            taskText(#""timeout":30"#),
            "wrong_type",
            "/timeout",
            "timeout must be a duration such as 250ms, 30s, 5m, 1h30m or 1d, not the number 30"
        ),
        TaskRefusal(taskText(#""env":[]"#), "wrong_type", "/env", "env must be an object of strings, not an array"),
        TaskRefusal(taskText(#""env":{"A":1}"#), "wrong_type", "/env/A", "env.A must be a string, not the number 1"),
        TaskRefusal(
            taskText(#""env":{"a/b~":1}"#),
            "wrong_type",
            "/env/a~1b~0",
            "env.\"a/b~\" must be a string, not the number 1"
        ),
        TaskRefusal(
            taskText(#""labels":"x""#),
            "wrong_type",
            "/labels",
            #"labels must be an object of strings, not the string "x""#
        ),
        TaskRefusal(
            taskText(#""labels":{"a":null}"#),
            "wrong_type",
            "/labels/a",
            "labels.a must be a string, not null"
        ),
        TaskRefusal(
            taskText(#""metadata":{"a":{}}"#),
            "wrong_type",
            "/metadata/a",
            "metadata.a must be a string, not an object"
        ),
        TaskRefusal(
            taskText(#""idempotency_key":1"#),
            "wrong_type",
            "/idempotency_key",
            "idempotency_key must be a string, not the number 1"
        ),
        TaskRefusal(
            taskText(#""priority":"high""#),
            "wrong_type",
            "/priority",
            #"priority must be a whole number, not the string "high""#
        ),
        TaskRefusal(
            taskText(#""priority":1.5"#),
            "wrong_type",
            "/priority",
            "priority must be a whole number of 64 bits, not 1.5"
        ),
        TaskRefusal(
            taskText(#""priority":1e300"#),
            "wrong_type",
            "/priority",
            "priority must be a whole number of 64 bits, not 1e+300"
        ),
        TaskRefusal(
            taskText(#""env_mode":1"#),
            "wrong_type",
            "/env_mode",
            "env_mode must be a string, not the number 1"
        ),
        TaskRefusal(
            taskText(#""sandbox":"strict""#),
            "wrong_type",
            "/sandbox",
            #"sandbox must be an object, not the string "strict""#
        ),
        TaskRefusal(
            taskText(#""sandbox":{"profile":1}"#),
            "wrong_type",
            "/sandbox/profile",
            "sandbox.profile must be a string, not the number 1"
        ),
    ])
    func `members of another type`(_ row: TaskRefusal) { row.check() }

    @Test(arguments: [
        TaskRefusal(
            taskText(#""env_mode":"inherit""#),
            "not_in_enum",
            "/env_mode",
            #"env_mode must be minimal or clean, not "inherit""#
        ),
        TaskRefusal(taskText(#""id":"""#), "invalid_id", "/id", "an id has 1 to 200 bytes and no control characters"),
        TaskRefusal(
            taskText(#""id":"a\nb""#),
            "invalid_id",
            "/id",
            "an id has 1 to 200 bytes and no control characters"
        ),
        TaskRefusal(
            taskText(#""id":"a\u0000""#),
            "invalid_id",
            "/id",
            "an id has 1 to 200 bytes and no control characters"
        ),
        TaskRefusal(
            taskText(#""id":"\u007f""#),
            "invalid_id",
            "/id",
            "an id has 1 to 200 bytes and no control characters"
        ),
        TaskRefusal(
            taskText(#""id":"\#(String(repeating: "a", count: 201))""#),
            "invalid_id",
            "/id",
            "an id has 1 to 200 bytes and no control characters"
        ),
        TaskRefusal(
            taskText(#""env":{"":"x"}"#),
            "invalid_env",
            "/env/",
            "the name of an environment variable must not be empty nor hold '=' or NUL"
        ),
        TaskRefusal(
            taskText(#""env":{"A=B":"x"}"#),
            "invalid_env",
            "/env/A=B",
            "the name of an environment variable must not be empty nor hold '=' or NUL"
        ),
        TaskRefusal(
            taskText(#""env":{"A\u0000":"x"}"#),
            "invalid_env",
            "/env/A\0",
            "the name of an environment variable must not be empty nor hold '=' or NUL"
        ),
        TaskRefusal(
            taskText(#""env":{"A":"x\u0000PATH=/evil"}"#),
            "invalid_env",
            "/env/A",
            "the value of an environment variable must not hold NUL"
        ),
    ])
    func `values that mean nothing`(_ row: TaskRefusal) { row.check() }

    @Test(arguments: ["", "30", "-5s", "1.5s", "1m1h", "5 s", "5S", "1w"])
    func `durations that mean nothing`(_ text: String) {
        let message = "timeout: \"\(text)\" is not a duration; write it as 250ms, 30s, 5m, 1h30m or 1d"
        TaskRefusal(taskText(#""timeout":"\#(text)""#), "invalid_duration", "/timeout", message).check()
    }

    @Test(arguments: ["106751992d", "99999999999999999999ms"])
    func `durations that are too long`(_ text: String) {
        let message = "timeout: the duration \"\(text)\" is too long; the longest is 106751d"
        TaskRefusal(taskText(#""timeout":"\#(text)""#), "invalid_duration", "/timeout", message).check()
    }

    @Test func `no time at all is no time limit`() {
        TaskRefusal(taskText(#""timeout":"0s""#), "invalid_duration", "/timeout", "timeout must be longer than 0")
            .check()
    }

    @Test(arguments: [
        TaskRefusal(
            taskText(#""tiemout":"5s""#),
            "unknown_member",
            "/tiemout",
            #"unknown member "tiemout"; did you mean "timeout"?"#
        ),
        TaskRefusal(
            taskText(#""Timeout":"5s""#),
            "unknown_member",
            "/Timeout",
            #"unknown member "Timeout"; did you mean "timeout"?"#
        ),
        TaskRefusal(
            taskText(#""env-mode":"x""#),
            "unknown_member",
            "/env-mode",
            #"unknown member "env-mode"; did you mean "env_mode"?"#
        ),
        TaskRefusal(
            taskText(#""label":{}"#),
            "unknown_member",
            "/label",
            #"unknown member "label"; did you mean "labels"?"#
        ),
        TaskRefusal(taskText(#""zzzzzzzz":1"#), "unknown_member", "/zzzzzzzz", #"unknown member "zzzzzzzz""#),
        TaskRefusal(taskText(#""a/b":1"#), "unknown_member", "/a~1b", #"unknown member "a/b""#),
        TaskRefusal(
            #"{"executor":"e","payloda":{}}"#,
            "unknown_member",
            "/payloda",
            #"unknown member "payloda"; did you mean "payload"?"#
        ),
        TaskRefusal(
            taskText(#""sandbox":{"profle":"x"}"#),
            "unknown_member",
            "/sandbox/profle",
            #"unknown member "profle" of sandbox; did you mean "profile"?"#
        ),
        TaskRefusal(
            taskText(#""sandbox":{"allow_host":true}"#),
            "unknown_member",
            "/sandbox/allow_host",
            #"unknown member "allow_host" of sandbox"#
        ),
    ])
    func `members that nobody knows, with what was probably meant`(_ row: TaskRefusal) { row.check() }

    @Test(arguments: [
        (taskText(#""timeout":30"#), "write \"30s\" for seconds or \"30ms\" for milliseconds"),
        (taskText(#""id":5"#), "write it in quotes"), (taskText(#""zzzzzzzz":1"#), "a task has: id, executor, "),
        ("{", "a task stands on one line"), ("{'id':1}", "JSON's strings stand in double quotes"),
        (#"{"id":"a",}"#, "JSON has no comma behind the last member"), ("// no", "JSON has no comments"),
        (#"{"id" "a"}"#, "is a comma or a colon missing"), (#"{"id":True}"#, "the bare words are true, false"),
        ("{\0", "is it a text file"), ("{} {}", "one task a line"), (#"{"a":"\d"}"#, "a backslash itself is written"),
    ])
    func `what somebody probably did is told`(_ json: String, _ hint: String) throws {
        let failure = try #require(throws: Failure.self) { try parseTask(json) }
        #expect(failure.hint?.contains(hint) == true, "\(failure)")
    }

    @Test func `files of other encodings are recognised`() {
        for (bytes, hint) in [([0xFF, 0xFE, 0x7B, 0], "UTF-16"), ([0x1F, 0x8B, 8, 0], "gunzip")] as [([UInt8], String)]
        {
            let failure = #expect(throws: Failure.self) { try parseTask(bytes) }
            #expect(failure?.hint?.contains(hint) == true)
        }
    }

    @Test func `names are shown short and without what a terminal would obey`() throws {
        let name = #"\u001b[31m\u202e"# + String(repeating: "x", count: 5000)
        let failure = try #require(throws: Failure.self) { try parseTask(taskText(#""\#(name)":1"#)) }
        #expect(failure.message == #"unknown member "\u001b[31m\u202e"# + String(repeating: "x", count: 34) + "…\"")
    }
}
