import OstlerConfig
import Testing

@Suite struct `Rules about command lines` {
    private func config(_ rules: String) throws -> HostConfig {
        try HostConfig(parsing: "executors: {command: {allowed_commands: [ls], rules: [\(rules)]}}\n", file: "o.yaml")
    }

    private func rules(_ text: String) throws -> [CommandRule] { try config(text).executor(named: "command").rules }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try config(text)
            return []
        } catch {
            return (error as? ConfigFailure)?.problems.map(\.message) ?? ["\(error)"]
        }
    }

    @Test func `a rule is a decision, a program and how its arguments begin`() throws {
        let rules = try rules("{allow: [git, [status, log]]}, {block: [git, push, --force]}, {allow: [make]}")
        #expect(rules.map(\.decision) == [.allow, .block, .allow])
        #expect(rules.map(\.program) == ["git", "git", "make"])
        #expect(rules.map(\.text) == [#""git (status|log)""#, #""git push --force""#, #""make""#])
        #expect(try config("{allow: [git]}, {allow: [ls]}").executor(named: "command").programsOfAllowRules == ["git"])
    }

    @Test(arguments: [
        (["status"], true), (["status", "-s"], true), (["log"], true), ([], false), (["push"], false),
        (["-C", "/", "status"], false), (["Status"], false), (["status "], false),
    ])
    func `arguments are covered if they begin as the rule says, word for word`(_ words: [String], _ isCovered: Bool)
        throws
    {
        let rule = try #require(try rules("{allow: [git, [status, log]]}").first)
        #expect(rule.covers(words) == isCovered)
    }

    @Test func `a rule without arguments covers all of them`() throws {
        let rule = try #require(try rules("{block: [dd]}").first)
        #expect(rule.covers([String]()))
        #expect(rule.covers(["if=/dev/zero"]))
    }

    @Test func `examples that hold are accepted`() throws {
        let text = """
            {block: [git, [push, fetch]], match: ["git push origin", [git, fetch]],
             not_match: ["git status", "git", "gitk push", [git, "push now"]]}
            """
        #expect(try rules(text).count == 1)
    }

    @Test(arguments: [
        (
            #"{allow: [git, status], match: ["git push"]}"#,
            [#"the rule "git status" does not match "git push""#]
        ),
        (
            #"{block: [git, push], not_match: ["git push origin", "git pull"]}"#,
            [#"the rule "git push" matches "git push origin", which it must not"#]
        ),
        ("{match: [x]}", [#"executors.command.rules.0 must have either "allow" or "block""#]),
        ("{allow: [a], block: [b]}", [#"executors.command.rules.0 must have either "allow" or "block""#]),
        ("{allow: []}", ["executors.command.rules.0.allow must be a list that begins with a program"]),
        ("{allow: [[a, b]]}", ["executors.command.rules.0.allow must begin with one program, as text"]),
        ("{allow: [git, 7]}", ["executors.command.rules.0.allow.1 must be text, not 7"]),
        (
            "{deny: [git]}",
            [
                #"unknown key "deny" in executors.command.rules.0"#,
                #"executors.command.rules.0 must have either "allow" or "block""#,
            ]
        ),
    ])
    func `a rule that is wrong, or does not do what its examples say, is refused`(_ text: String, _ expected: [String])
    {
        #expect(problems(text).sorted() == expected.sorted())
    }

    @Test func `a bundle is one that there is, or a path`() throws {
        func bundles(_ text: String) throws -> [String] {
            let text = "executors: {command: {bundles: \(text)}}\n"
            return try HostConfig(parsing: text, file: "o.yaml").executor(named: "command").bundles
        }
        #expect(try bundles("[python3, /opt/tool]") == ["python3", "/opt/tool"])
        let failure = #expect(throws: ConfigFailure.self) { try bundles("[pyhton3]") }
        #expect(failure?.problems.first?.message == #"there is no bundle "pyhton3""#)
        #expect(failure?.problems.first?.hint == #"did you mean "python3"?"#)
    }
}
