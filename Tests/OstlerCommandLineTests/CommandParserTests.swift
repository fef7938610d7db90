internal import OstlerCommandLine
internal import Testing

@Suite
struct CommandParserTests {
    private func arguments(_ words: [String]) throws -> Arguments {
        guard case .run(_, let arguments) = try Fixture.parse(words) else {
            throw UsageError("it is no command to run")
        }
        return arguments
    }

    private func complaint(_ words: [String], hasCommandLine: Bool = false) -> String {
        do {
            _ = try Fixture.parse(words, hasCommandLine: hasCommandLine)
            return ""
        } catch {
            return error.text(program: "tool", running: [])
        }
    }

    @Test
    func `Options are taken with their values, in both spellings`() throws {
        let given = try arguments(["work", "me", "--level", "low", "--tag=a=b", "--tag", "c", "--all"])
        #expect(given.parameter(0) == "me")
        #expect(given.value(Fixture.level) == "low")
        #expect(given.values(Fixture.tags) == ["a=b", "c"])
        #expect(given.has(Fixture.all))
        #expect(!given.has(Fixture.config))
        #expect(given.value(Fixture.config) == nil)
    }

    @Test
    func `Of a value that is given twice the last counts`() throws {
        #expect(try arguments(["work", "me", "--level=1", "--level", "2"]).value(Fixture.level) == "2")
    }

    @Test
    func `A value may be empty, a dash, or begin with one dash`() throws {
        for value in ["", "-", "-5", "a b", "ä"] {
            #expect(try arguments(["work", "me", "--level", value]).value(Fixture.level) == value)
            #expect(try arguments(["work", "me", "--level=" + value]).value(Fixture.level) == value)
        }
        #expect(try arguments(["work", "me", "--level=--x"]).value(Fixture.level) == "--x")
    }

    @Test
    func `The last parameter may stand for several, between options too`() throws {
        var many = CommandSpec("many", "Shows several things.")
        many.parameters = [CommandParameter("NAME", "Which.", isRepeated: true)]
        many.sections = [.init("Options", [Fixture.all])]
        many.action = { _ in 0 }
        guard case .run(_, let given) = try CommandParser.parse(["a", "--all", "b", "-"], root: many) else {
            throw UsageError("it is no command to run")
        }
        #expect(given.parameters == ["a", "b", "-"])
        #expect(given.has(Fixture.all))
        #expect(throws: UsageError.self) { try CommandParser.parse([], root: many) }
    }

    @Test
    func `What a command does not know is kept for it, in its order`() throws {
        let given = try arguments(["work", "me", "--colour", "red", "--level", "1", "--size=3", "-x", "rest"])
        #expect(given.members == ["--colour", "red", "--size=3", "-x", "rest"])
        #expect(given.value(Fixture.level) == "1")
    }

    @Test(arguments: [
        (["wrok"], "unknown command 'wrok'; did you mean \"work\"?", "Usage: tool COMMAND"),
        (["--levle"], "unknown option --levle", "Usage: tool COMMAND"),
        (["group", "shwo"], "unknown command 'shwo'; did you mean \"show\"?", "Usage: tool group COMMAND"),
        (["group", "show"], "NAME is missing", "Usage: tool group show NAME"),
        (["group", "show", "a", "b"], "unexpected argument 'b'", "Usage: tool group show NAME"),
        (["group", "show", "a", "--al"], "unknown option --al; did you mean \"--all\"?", "Usage: tool group show"),
        (["group", "show", "a", "--all=yes"], "--all takes no value", "Usage: tool group show"),
        (["group", "show", "-a"], "unknown option -a", "Usage: tool group show"),
        (["work", "--lvel", "2"], "unknown option --lvel; did you mean \"--level\"?", "Usage: tool work WHO"),
        (
            ["work", "me", "--level"], "--level needs a value; write --level=N if it begins with dashes",
            "Usage: tool work"
        ),
        (["work", "me", "--level", "--all"], "--level needs a value", "Usage: tool work"),
        (["help", "nothing"], "unknown command 'nothing'", "Usage: tool COMMAND"),
        (["help", "work", "more"], "unexpected argument 'more'", "Usage: tool work"),
    ])
    func `What is wrong is told with the usage of the command concerned`(
        words: [String],
        message: String,
        usage: String
    ) {
        let text = complaint(words)
        #expect(text.hasPrefix("tool: " + message), "\(text)")
        #expect(text.contains("[usage]\n" + usage), "\(text)")
        #expect(text.hasSuffix("--help` says more.\n"), "\(text)")
    }

    @Test
    func `A command line behind dashes is for those that take one`() throws {
        #expect(complaint(["work", "me"], hasCommandLine: true) == "")
        let refused = complaint(["group", "show", "x"], hasCommandLine: true)
        #expect(refused.contains("tool group show takes no command line behind --"), "\(refused)")
    }

    @Test
    func `Help is asked for anywhere, and by the word help`() throws {
        for words in [["group", "--help"], ["group", "-h"], ["help", "group"], ["group"]] {
            guard case .help(let path, _) = try Fixture.parse(words) else {
                Issue.record("\(words) is no question for help")
                continue
            }
            #expect(path.words == "tool group")
        }
        guard case .help(let path, let given) = try Fixture.parse(["work", "me", "--level", "x", "--help", "--no"])
        else {
            Issue.record("--help behind other words")
            return
        }
        #expect(path.words == "tool work")
        #expect(given.parameter(0) == "me")
    }

    @Test
    func `The version is asked for before any command`() throws {
        guard case .version = try Fixture.parse(["--version"]) else {
            Issue.record("--version")
            return
        }
        #expect(complaint(["group", "show", "x", "--version"]).contains("unknown option --version"))
    }

    @Test
    func `Numbers and words of a closed set are checked by their option`() throws {
        enum Size: String, CaseIterable { case small, large }
        #expect(try arguments(["work", "me", "--level", "7"]).integer(Fixture.level, in: 1...9) == 7)
        #expect(try arguments(["work", "me"]).integer(Fixture.level, in: 1...9) == nil)
        for text in ["0", "10", "x", "", "1.5", "99999999999999999999"] {
            #expect(throws: UsageError.self, "\(text)") {
                try arguments(["work", "me", "--level", text]).integer(Fixture.level, in: 1...9)
            }
        }
        #expect(try arguments(["work", "me", "--level", "large"]).choice(Fixture.level, of: Size.self) == .large)
        #expect(throws: UsageError.self) {
            try arguments(["work", "me", "--level", "huge"]).choice(Fixture.level, of: Size.self)
        }
    }
}
