import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

private func parse(_ bytes: [UInt8], defaultID: String = "line-1") throws -> TaskSpec {
    var parser = TaskSpecParser()
    return try bytes.withUnsafeBufferPointer { try parser.parse($0, defaultID: defaultID) }
}

private func parse(_ json: String, defaultID: String = "line-1") throws -> TaskSpec {
    try parse(Array(json.utf8), defaultID: defaultID)
}

/// A task with one more member.
private func task(_ member: String) -> String {
    #"{"executor":"command","payload":{"command":"true"},\#(member)}"#
}

@Suite struct `Tasks from JSON` {
    @Test func `the least that a task can be`() throws {
        let spec = try parse(#"{"executor":"command","payload":{}}"#)
        #expect(spec.id == "line-1")
        #expect(spec.executor == "command")
        #expect(spec.payload == Array("{}".utf8))
        #expect(spec.timeout == nil)
        #expect(spec.environment.isEmpty)
        #expect(spec.environmentMode == .minimal)
        #expect(spec.sandbox == TaskSpec.SandboxRequest())
        #expect(spec.idempotencyKey == nil)
        #expect(spec.labels.isEmpty)
        #expect(spec.metadata.isEmpty)
        #expect(spec.priority == 0)
    }

    @Test func `every member`() throws {
        let spec = try parse(
            #"""
            {"id":"t1","executor":"command","timeout":"1h30m","env":{"B":"2","A":"ä=b"},"env_mode":"clean",
             "sandbox":{"profile":"strict"},"idempotency_key":"k","labels":{"team":"x"},"metadata":{"a":"","b":"\n"},
             "priority":-5,"payload":{"command":"ls","args":["-la"]}}
            """#
        )
        #expect(spec.id == "t1")
        #expect(spec.executor == "command")
        #expect(spec.timeout == 5_400_000)
        #expect(spec.environment.map(\.key) == ["B", "A"])
        #expect(spec.environment.map(\.value) == ["2", "ä=b"])
        #expect(spec.environmentMode == .clean)
        #expect(spec.sandbox.profile == "strict")
        #expect(spec.idempotencyKey == "k")
        #expect(spec.labels.map(\.key) == ["team"])
        #expect(spec.metadata.map(\.value) == ["", "\n"])
        #expect(spec.priority == -5)
        #expect(spec.payload == Array(#"{"command":"ls","args":["-la"]}"#.utf8))
    }

    @Test func `type is another word for executor`() throws {
        #expect(try parse(#"{"type":"http","payload":1}"#).executor == "http")
    }

    @Test func `the payload is the very bytes that were sent`() throws {
        let payload = #"{ "z":1.0e1,"a" : [ "\u0041\/" ,true ] }"#
        #expect(try parse(#"{"payload" :\#(payload)  ,"executor":"e"}"#).payload == Array(payload.utf8))
    }

    @Test(arguments: ["null", "[]", "\"x\"", "0", "false"])
    func `any value is a payload: whether it fits is for the schema`(_ payload: String) throws {
        #expect(try parse(#"{"executor":"e","payload":\#(payload)}"#).payload == Array(payload.utf8))
    }

    @Test func `names may be written with escapes`() throws {
        let spec = try parse(#"{"\u0065xecutor":"e","pay\u006Coad":1,"id":"\u0074\ud83d\ude00"}"#)
        #expect(spec.executor == "e")
        #expect(spec.id == "t😀")
    }

    @Test func `white space and line ends of any system around it`() throws {
        #expect(try parse("\r\n\t {\r\n\"executor\":\"e\",\r\n\"payload\":1}\r\n\r\n").executor == "e")
    }

    @Test func `a timeout of null is none`() throws {
        #expect(try parse(task(#""timeout":null"#)).timeout == nil)
        #expect(try parse(task(#""run_timeout":"2s","timeout":"1m""#)).runTimeout == 2_000)
    }

    @Test(
        arguments: [
            ("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("1h30m", 5_400_000), ("1d", 86_400_000), ("1ms", 1),
        ] as [(String, Int64)]
    )
    func `durations`(_ text: String, _ milliseconds: Int64) throws {
        #expect(try parse(task(#""timeout":"\#(text)""#)).timeout == milliseconds)
    }

    @Test(arguments: ["1", "-1", "0", "9223372036854775807", "-9223372036854775808", "1e3", "2.0"])
    func `whole numbers are priorities however they are written`(_ number: String) throws {
        #expect(try parse(task(#""priority":\#(number)"#)).priority == Int64(number) ?? (number == "1e3" ? 1000 : 2))
    }

    @Test func `the longest id`() throws {
        let id = String(repeating: "ä", count: 100)
        #expect(try parse(task(#""id":"\#(id)""#)).id == id)
    }

    @Test func `a payload of a mebibyte`() throws {
        let text = String(repeating: "x", count: 1 << 20)
        let spec = try parse(#"{"executor":"e","payload":"\#(text)"}"#)
        #expect(spec.payload.count == 1 << 20 + 2)
    }

    @Test func `a payload as deep as a frame can carry it, and one level deeper`() throws {
        func nested(_ depth: Int) -> String {
            #"{"executor":"e","payload":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
                + "}"
        }
        let most = TaskSpec.maximumPayloadDepth
        #expect(try parse(nested(most)).payload.count == 2 * most)
        let failure = #expect(throws: Failure.self) { try parse(nested(most + 1)) }
        #expect(failure?.code == "payload_too_deep")
        #expect(failure?.pointer == JSONPointer("/payload"))
        let deeper = #expect(throws: Failure.self) { try parse(nested(JSONReader.maximumDepth)) }
        #expect(deeper?.message.contains("nesting deeper than 64 levels") == true)
    }

    @Test func `one parser reads many tasks`() throws {
        var parser = TaskSpecParser()
        for number in 0..<100 {
            let good = Array(#"{"executor":"e","payload":{"n":\#(number)}}"#.utf8)
            let bad = Array(#"{"executor":"e","payload":{"n":1,"n":2}}"#.utf8)
            let id = try good.withUnsafeBufferPointer { try parser.parse($0, defaultID: "t\(number)").id }
            #expect(id == "t\(number)")
            #expect(throws: Failure.self) {
                try bad.withUnsafeBufferPointer { _ = try parser.parse($0, defaultID: "x") }
            }
        }
    }
}

@Suite struct `Tasks that are refused` {
    struct Row: CustomTestStringConvertible, Sendable {
        let json: String
        let code: String
        var pointer: String?
        let message: String
        var testDescription: String { json }

        init(_ json: String, _ code: String, _ pointer: String?, _ message: String) {
            (self.json, self.code, self.pointer, self.message) = (json, code, pointer, message)
        }
    }

    private func check(_ row: Row) {
        let failure = #expect(throws: Failure.self) { try parse(row.json) }
        #expect(failure?.code == row.code)
        #expect(failure?.pointer?.description == row.pointer)
        #expect(failure?.message == row.message)
        #expect(failure?.fault == .user)
        #expect(failure?.retry == .never)
        #expect(failure?.sideEffects == Failure.SideEffects.none)
    }

    @Test(arguments: [
        ("[]", "an array"), ("\"command\"", "the string \"command\""), ("1", "the number 1"), ("null", "null"),
        ("true", "true"), ("[{}]", "an array"),
    ])
    func `another value than an object`(_ json: String, _ found: String) throws {
        check(Row(json, "not_an_object", nil, "a task is a JSON object, not \(found)"))
        let failure = try #require(throws: Failure.self) { try parse(json) }
        let advice = json.hasPrefix("[") ? "write one task a line, without [ ]" : #"such as {"id": "t1""#
        #expect(failure.hint?.hasPrefix(advice) == true, "\(failure)")
    }

    @Test(arguments: [
        Row(
            #"{"payload":1}"#,
            "missing_member",
            "/executor",
            "executor is missing: say which executor the task is for"
        ),
        Row(
            #"{"executor":"","payload":1}"#,
            "invalid_executor",
            "/executor",
            "executor is empty: say which executor it is for"
        ),
        Row(#"{"executor":"e"}"#, "missing_member", "/payload", "payload is missing: say what the executor is to do"),
        Row("{}", "missing_member", "/executor", "executor is missing: say which executor the task is for"),
        Row(
            #"{"executor":"e","type":"e","payload":1}"#,
            "ambiguous_executor",
            "/type",
            "both executor and type are given"
        ),
        Row(
            #"{"type":"e","executor":"e","payload":1}"#,
            "ambiguous_executor",
            "/executor",
            "both executor and type are given"
        ),
        Row(
            #"{"type":"","executor":"e","payload":1}"#,
            "invalid_executor",
            "/type",
            "type is empty: say which executor it is for"
        ),
    ])
    func `members that are missing or given twice`(_ row: Row) { check(row) }

    @Test(arguments: [
        Row(task(#""id":5"#), "wrong_type", "/id", "id must be a string, not the number 5"),
        Row(task(#""id":null"#), "wrong_type", "/id", "id must be a string, not null"),
        Row(#"{"executor":["e"],"payload":1}"#, "wrong_type", "/executor", "executor must be a string, not an array"),
        Row(#"{"type":1,"payload":1}"#, "wrong_type", "/type", "type must be a string, not the number 1"),
        Row(
            task(#""timeout":30"#),
            "wrong_type",
            "/timeout",
            "timeout must be a duration such as 250ms, 30s, 5m, 1h30m or 1d, not the number 30"
        ),
        Row(task(#""env":[]"#), "wrong_type", "/env", "env must be an object of strings, not an array"),
        Row(task(#""env":{"A":1}"#), "wrong_type", "/env/A", "env.A must be a string, not the number 1"),
        Row(task(#""env":{"a/b~":1}"#), "wrong_type", "/env/a~1b~0", "env.a~1b~0 must be a string, not the number 1"),
        Row(
            task(#""labels":"x""#),
            "wrong_type",
            "/labels",
            #"labels must be an object of strings, not the string "x""#
        ),
        Row(task(#""labels":{"a":null}"#), "wrong_type", "/labels/a", "labels.a must be a string, not null"),
        Row(task(#""metadata":{"a":{}}"#), "wrong_type", "/metadata/a", "metadata.a must be a string, not an object"),
        Row(
            task(#""idempotency_key":1"#),
            "wrong_type",
            "/idempotency_key",
            "idempotency_key must be a string, not the number 1"
        ),
        Row(
            task(#""priority":"high""#),
            "wrong_type",
            "/priority",
            #"priority must be a whole number, not the string "high""#
        ),
        Row(task(#""priority":1.5"#), "wrong_type", "/priority", "priority must be a whole number of 64 bits, not 1.5"),
        Row(
            task(#""priority":1e300"#),
            "wrong_type",
            "/priority",
            "priority must be a whole number of 64 bits, not 1e+300"
        ),
        Row(task(#""env_mode":1"#), "wrong_type", "/env_mode", "env_mode must be a string, not the number 1"),
        Row(
            task(#""sandbox":"strict""#),
            "wrong_type",
            "/sandbox",
            #"sandbox must be an object, not the string "strict""#
        ),
        Row(
            task(#""sandbox":{"profile":1}"#),
            "wrong_type",
            "/sandbox/profile",
            "sandbox.profile must be a string, not the number 1"
        ),
    ])
    func `members of another type`(_ row: Row) { check(row) }

    @Test(arguments: [
        Row(
            task(#""env_mode":"inherit""#),
            "not_in_enum",
            "/env_mode",
            #"env_mode must be minimal or clean, not "inherit""#
        ),
        Row(task(#""id":"""#), "invalid_id", "/id", "an id has 1 to 200 bytes and no control characters"),
        Row(task(#""id":"a\nb""#), "invalid_id", "/id", "an id has 1 to 200 bytes and no control characters"),
        Row(task(#""id":"a\u0000""#), "invalid_id", "/id", "an id has 1 to 200 bytes and no control characters"),
        Row(task(#""id":"\u007f""#), "invalid_id", "/id", "an id has 1 to 200 bytes and no control characters"),
        Row(
            task(#""id":"\#(String(repeating: "a", count: 201))""#),
            "invalid_id",
            "/id",
            "an id has 1 to 200 bytes and no control characters"
        ),
        Row(
            task(#""env":{"":"x"}"#),
            "invalid_env",
            "/env/",
            "the name of an environment variable must not be empty nor hold '=' or NUL"
        ),
        Row(
            task(#""env":{"A=B":"x"}"#),
            "invalid_env",
            "/env/A=B",
            "the name of an environment variable must not be empty nor hold '=' or NUL"
        ),
        Row(
            task(#""env":{"A\u0000":"x"}"#),
            "invalid_env",
            "/env/A\0",
            "the name of an environment variable must not be empty nor hold '=' or NUL"
        ),
        Row(
            task(#""env":{"A":"x\u0000PATH=/evil"}"#),
            "invalid_env",
            "/env/A",
            "the value of an environment variable must not hold NUL"
        ),
    ])
    func `values that mean nothing`(_ row: Row) { check(row) }

    @Test(arguments: ["", "30", "-5s", "1.5s", "1m1h", "5 s", "5S", "1w"])
    func `durations that mean nothing`(_ text: String) {
        let message = "timeout: \"\(text)\" is not a duration; write it as 250ms, 30s, 5m, 1h30m or 1d"
        check(Row(task(#""timeout":"\#(text)""#), "invalid_duration", "/timeout", message))
    }

    @Test(arguments: ["106751992d", "99999999999999999999ms"])
    func `durations that are too long`(_ text: String) {
        let message = "timeout: the duration \"\(text)\" is too long; the longest is 106751d"
        check(Row(task(#""timeout":"\#(text)""#), "invalid_duration", "/timeout", message))
    }

    @Test func `no time at all is no time limit`() {
        check(Row(task(#""timeout":"0s""#), "invalid_duration", "/timeout", "timeout must be longer than 0"))
    }

    @Test(arguments: [
        Row(
            task(#""tiemout":"5s""#),
            "unknown_member",
            "/tiemout",
            #"unknown member "tiemout"; did you mean "timeout"?"#
        ),
        Row(
            task(#""Timeout":"5s""#),
            "unknown_member",
            "/Timeout",
            #"unknown member "Timeout"; did you mean "timeout"?"#
        ),
        Row(
            task(#""env-mode":"x""#),
            "unknown_member",
            "/env-mode",
            #"unknown member "env-mode"; did you mean "env_mode"?"#
        ),
        Row(task(#""label":{}"#), "unknown_member", "/label", #"unknown member "label"; did you mean "labels"?"#),
        Row(task(#""zzzzzzzz":1"#), "unknown_member", "/zzzzzzzz", #"unknown member "zzzzzzzz""#),
        Row(task(#""a/b":1"#), "unknown_member", "/a~1b", #"unknown member "a/b""#),
        Row(
            #"{"executor":"e","payloda":{}}"#,
            "unknown_member",
            "/payloda",
            #"unknown member "payloda"; did you mean "payload"?"#
        ),
        Row(
            task(#""sandbox":{"profle":"x"}"#),
            "unknown_member",
            "/sandbox/profle",
            #"unknown member "profle" of sandbox; did you mean "profile"?"#
        ),
        Row(
            task(#""sandbox":{"allow_host":true}"#),
            "unknown_member",
            "/sandbox/allow_host",
            #"unknown member "allow_host" of sandbox"#
        ),
    ])
    func `members that nobody knows, with what was probably meant`(_ row: Row) { check(row) }

    @Test(arguments: [
        (task(#""timeout":30"#), "write \"30s\" for seconds or \"30ms\" for milliseconds"),
        (task(#""id":5"#), "write it in quotes"), (task(#""zzzzzzzz":1"#), "a task has: id, executor, "),
        ("{", "a task stands on one line"), ("{'id':1}", "JSON's strings stand in double quotes"),
        (#"{"id":"a",}"#, "JSON has no comma behind the last member"), ("// no", "JSON has no comments"),
        (#"{"id" "a"}"#, "is a comma or a colon missing"), (#"{"id":True}"#, "the bare words are true, false"),
        ("{\0", "is it a text file"), ("{} {}", "one task a line"), (#"{"a":"\d"}"#, "a backslash itself is written"),
    ])
    func `what somebody probably did is told`(_ json: String, _ hint: String) throws {
        let failure = try #require(throws: Failure.self) { try parse(json) }
        #expect(failure.hint?.contains(hint) == true, "\(failure)")
    }

    @Test func `files of other encodings are recognised`() {
        for (bytes, hint) in [([0xFF, 0xFE, 0x7B, 0], "UTF-16"), ([0x1F, 0x8B, 8, 0], "gunzip")] as [([UInt8], String)]
        {
            let failure = #expect(throws: Failure.self) { try parse(bytes) }
            #expect(failure?.hint?.contains(hint) == true)
        }
    }

    @Test func `names are shown short and without what a terminal would obey`() throws {
        let name = #"\u001b[31m\u202e"# + String(repeating: "x", count: 5000)
        let failure = try #require(throws: Failure.self) { try parse(task(#""\#(name)":1"#)) }
        #expect(failure.message == #"unknown member "\u001b[31m\u202e"# + String(repeating: "x", count: 34) + "…\"")
    }

    @Test func `secrets are named, or named with the variable that is to hold them`() throws {
        let spec = try parse(
            task(#""secrets":["db",{"name":"api","as":"file"},{"variable":"TOKEN_2","as":"env","name":"token"}]"#)
        )
        #expect(spec.secrets == [SecretGrant("db"), SecretGrant("api"), SecretGrant("token", variable: "TOKEN_2")])
        #expect(try parse(task(#""secrets":[]"#)).secrets.isEmpty)
    }

    @Test(arguments: [
        Row(
            task(#""secrets":"db""#),
            "wrong_type",
            "/secrets",
            "secrets must be a list such as [\"db\"], not the string \"db\""
        ),
        Row(
            task(#""secrets":[1]"#),
            "wrong_type",
            "/secrets/0",
            "secrets.0 must be a name or an object, not the number 1"
        ),
        Row(
            task(#""secrets":["db",{"as":"file"}]"#),
            "missing_member",
            "/secrets/1",
            "name is missing: say which secret"
        ),
        Row(
            task(#""secrets":[{"name":"db","as":"argument"}]"#),
            "not_in_enum",
            "/secrets/0/as",
            "as must be file or env, not \"argument\""
        ),
        Row(
            task(#""secrets":[{"name":"db","as":"env"}]"#),
            "invalid_secret",
            "/secrets/0",
            "\"as\": \"env\" and variable go together"
        ),
        Row(
            task(#""secrets":[{"name":"db","variable":"DB"}]"#),
            "invalid_secret",
            "/secrets/0",
            "\"as\": \"env\" and variable go together"
        ),
        Row(
            task(#""secrets":[{"name":"db","as":"env","variable":"1=2"}]"#),
            "invalid_variable",
            "/secrets/0/variable",
            "\"1=2\" is no name of a variable"
        ),
        Row(
            task(#""secrets":["db","db"]"#),
            "duplicate_secret",
            "/secrets/1",
            "the secret \"db\" is asked for twice"
        ),
    ])
    func `what is wrong with secrets is told`(_ row: Row) {
        check(row)
    }

    @Test func `guards are read, and none are as if nothing was said`() throws {
        let spec = try parse(
            task(#""guards":{"creates":"/x","onlyif":"test -f 'a b'","refreshonly":true,"returns":[0,2]}"#)
        )
        #expect(spec.guards?.creates == "/x")
        #expect(spec.guards?.onlyif == .line("test -f 'a b'"))
        #expect(spec.guards?.refreshOnly == true)
        #expect(spec.guards?.returns == ReturnCodes([0, 2]))
        for nothing in ["{}", "null", #"{"creates":null,"returns":[0]}"#] {
            #expect(try parse(task(#""guards":\#(nothing)"#)).guards == nil)
        }
    }

    @Test(arguments: [
        Row(task(#""guards":[]"#), "wrong_type", "/guards", "guards must be an object, not an array"),
        Row(
            task(#""guards":{"create":"/x"}"#),
            "unknown_member",
            "/guards/create",
            "unknown member \"create\" of guards; did you mean \"creates\"?"
        ),
        Row(task(#""guards":{"onlyif":" "}"#), "invalid_guard_command", "/guards/onlyif", "empty guard command"),
        Row(
            task(#""guards":{"unless":"a 'b"}"#),
            "invalid_guard_command",
            "/guards/unless",
            "invalid guard command: Unterminated single-quoted string"
        ),
        Row(
            task(#""guards":{"refresh_only":true,"refreshonly":true}"#),
            "ambiguous_member",
            "/guards/refreshonly",
            "both refresh_only and refreshonly are given"
        ),
        Row(
            task(#""guards":{"require":["t1"]}"#),
            "invalid_reference",
            "/guards/require/0",
            "invalid require format \"t1\": it has exactly one #"
        ),
    ])
    func `what is wrong with guards is told`(_ row: Row) {
        check(row)
    }

    @Test(arguments: [
        Row("", "invalid_json", nil, "not JSON: the text ends in the middle of a value, at byte 1"),
        Row("{", "invalid_json", nil, "not JSON: the text ends in the middle of a value, at byte 2"),
        Row("\u{FEFF}{}", "invalid_json", nil, "not JSON: a character that JSON does not allow here, at byte 1"),
        Row("{} {}", "invalid_json", nil, "not JSON: something after the end of the value, at byte 4"),
        Row("{}\0", "invalid_json", nil, "not JSON: something after the end of the value, at byte 3"),
        Row("{\0}", "invalid_json", nil, "not JSON: a character that JSON does not allow here, at byte 2"),
        Row(
            "{\"id\":\"a\nb\"}",
            "invalid_json",
            nil,
            "not JSON: a control character inside a string, which must be escaped, at byte 9"
        ),
        Row("{'id':1}", "invalid_json", nil, "not JSON: a character that JSON does not allow here, at byte 2"),
        Row(#"{"id":"a","id":"b"}"#, "invalid_json", nil, "not JSON: the same member twice in one object, at byte 11"),
        Row(
            #"{"id":"a","\u0069d":"b"}"#,
            "invalid_json",
            nil,
            "not JSON: the same member twice in one object, at byte 11"
        ),
        Row(
            #"{"executor":"e","payload":{"a":{"b":1,"b":2}}}"#,
            "invalid_json",
            nil,
            "not JSON: the same member twice in one object, at byte 39"
        ),
        Row(
            #"{"id":"\ud800"}"#,
            "invalid_json",
            nil,
            "not JSON: an escape sequence that JSON does not have, or half a surrogate pair, at byte 8"
        ),
        Row(#"{"priority":01}"#, "invalid_json", nil, "not JSON: a malformed number, at byte 14"),
        Row(#"{"id":tru}"#, "invalid_json", nil, "not JSON: a character that JSON does not allow here, at byte 10"),
    ])
    func `text that is not JSON, with the byte where it goes wrong`(_ row: Row) { check(row) }

    @Test func `bytes that are not UTF-8`() {
        let failure = #expect(throws: Failure.self) { try parse([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]) }
        #expect(failure?.code == "invalid_json")
        #expect(failure?.message == "not JSON: bytes that are not valid UTF-8, at byte 3")
    }

    @Test(arguments: 0..<100)
    func `damaged text is refused or read, and never a crash`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let good = Array(
            task(#""id":"t1","timeout":"5s","env":{"A":"b"},"sandbox":{"profile":"strict"},"priority":1"#).utf8
        )
        for _ in 0..<50 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes = Array(bytes[..<place])
                }
                guard !bytes.isEmpty else { break }
            }
            guard let spec = try? parse(bytes) else { continue }
            #expect(!spec.executor.isEmpty)
            #expect(!spec.payload.isEmpty)
            #expect((1...200).contains(spec.id.utf8.count))
        }
    }

    @Test func `a task that is cut off anywhere is refused`() {
        let good = Array(task(#""id":"t1","timeout":"5s""#).utf8)
        for end in 0..<good.count {
            let failure = #expect(throws: Failure.self, "cut at \(end)") { try parse(Array(good[..<end])) }
            #expect(failure?.code == "invalid_json", "cut at \(end)")
        }
    }
}
