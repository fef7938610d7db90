import OstlerProtocol
import Testing

@testable import OstlerConformance

/// The rules that hold in every session, line by line and without a process.
@Suite struct SessionRulesTests {
    /// The breaches of a session in which `t` was given as request `e` and `u` as request `f`, and these lines came.
    private func breaches(_ lines: [String], credit: Int? = nil, cancels: Bool = false) -> [String] {
        var rules = SessionRules()
        rules.asked("execute", id: "e", task: "t")
        rules.opened("t", credit: credit)
        rules.asked("execute", id: "f", task: "u")
        rules.opened("u", credit: credit)
        if cancels { rules.cancelled("t") }
        for line in lines { rules.received(.frame(Array(line.utf8))) }
        rules.ended()
        return rules.breaches.map(\.check)
    }

    private static func output(_ form: String, task: String = "t") -> String {
        #"{"jsonrpc":"2.0","method":"output","params":{"task":"\#(task)","stream":"stdout",\#(form)}}"#
    }

    private static let answer = #"{"jsonrpc":"2.0","id":"e","result":{"task":"t","outcome":"succeeded","exit_code":0}}"#
    private static let other = #"{"jsonrpc":"2.0","id":"f","result":{"task":"u","outcome":"failed","exit_code":1}}"#

    @Test func `a session that is right breaks nothing`() {
        let lines = [
            Self.output(#""seq":0,"text":"a""#), Self.output(#""seq":0,"text":"x""#, task: "u"), Self.other,
            Self.output(#""seq":1,"base64":"/w==""#), Self.answer,
        ]
        #expect(breaches(lines).isEmpty)
        #expect(breaches(lines, credit: 1000).isEmpty)
    }

    @Test(arguments: [
        ("M3-json", [#"{"jsonrpc":"2.0","id":"e","id":"e","result":{}}"#]),
        ("M11-shape", [#"{"jsonrpc":"2.0","result":{}}"#]), ("M11-shape", [#"{"jsonrpc":"2.0","id":"e"}"#]),
        ("M9-id", [#"{"jsonrpc":"2.0","id":"E","result":{}}"#]), ("M9-id", [#"{"jsonrpc":"2.0","id":1,"result":{}}"#]),
        ("S2-mark", [#"{"id":"e","result":{"task":"t","outcome":"failed"}}"#]),
        ("S2-requests", [#"{"jsonrpc":"2.0","id":"1","method":"log","params":{}}"#]),
        ("S5-methods", [#"{"jsonrpc":"2.0","method":"metrics","params":{}}"#]),
        ("M21-once", [answer, answer]),
        ("M21-once", [answer, #"{"jsonrpc":"2.0","method":"log","params":{"task":"t","level":"info","message":""}}"#]),
        ("M22-success", [#"{"jsonrpc":"2.0","id":"e","result":{"task":"t","outcome":"succeeded","signal":9}}"#]),
        ("M24-result", [#"{"jsonrpc":"2.0","id":"e","result":{"task":"t","outcome":"done"}}"#]),
        ("M24-result", [#"{"jsonrpc":"2.0","id":"e","result":{"task":"u","outcome":"failed"}}"#]),
        ("M26-output", [output(#""text":"a","base64":"""#)]), ("M27-order", [output(#""text":"a""#, task: "v")]),
        ("M27-order", [answer, output(#""text":"a""#)]), ("M27-order", [output(#""seq":1,"text":"a""#)]),
        ("M28-characters", [output(#""base64":"ww==""#), output(#""base64":"pA==""#), answer]),
        ("M29-notices", [#"{"jsonrpc":"2.0","method":"progress","params":{"task":"t","value":"1"}}"#]),
        ("M33-uninvited", [#"{"jsonrpc":"2.0","id":"e","result":{"task":"t","outcome":"cancelled"}}"#]),
        ("M45-errors", [#"{"jsonrpc":"2.0","id":"e","error":{"code":"no","message":"no"}}"#]),
        ("M45-errors", [#"{"jsonrpc":"2.0","id":"e","error":{"code":1}}"#]),
    ])
    func `a line breaks the one promise that it is about`(check: String, lines: [String]) {
        #expect(breaches(lines) == [check])
    }

    @Test func `a piece may be larger than the credit, but none may come without any`() {
        let piece = Self.output(#""text":"aaaa""#)
        #expect(breaches([piece], credit: 1).isEmpty)
        #expect(breaches([piece, piece], credit: 1) == ["M49-credit"])
        #expect(breaches([piece], credit: 0) == ["M49-credit"])
    }

    @Test func `a task that was cancelled may say so, and so may all once the host has said that it is over`() {
        let cancelled = #"{"jsonrpc":"2.0","id":"e","result":{"task":"t","outcome":"cancelled"}}"#
        #expect(breaches([cancelled], cancels: true).isEmpty)
        var rules = SessionRules()
        rules.asked("execute", id: "e", task: "t")
        rules.opened("t", credit: nil)
        rules.asked("shutdown", id: "s")
        rules.received(.frame(Array(cancelled.utf8)))
        #expect(rules.breaches.isEmpty)
    }

    @Test func `behind a line that breaks the stream nothing is judged`() {
        #expect(breaches([#"{"jsonrpc""#, Self.answer, Self.answer]) == ["M3-json"])
    }
}
