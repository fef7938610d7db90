import OstlerConfig
import OstlerJSON
import OstlerTelemetry
import OstlerTestSupport
import Testing

@testable import OstlerCommands

/// One thing that is told, in each form.
@Suite struct LogEntryTests {
    private func entry(_ message: String, level: Log.Level = .error, hint: String? = nil) -> LogEntry {
        var entry = LogEntry(level: level, action: "run", phase: .check, message: message)
        (entry.code, entry.pointer, entry.hint) = ("some_code", "/payload/x", hint)
        return entry
    }

    @Test(arguments: [
        (Log.Level.error, "ostler: m", "ERROR", "error"), (.warning, "ostler: warning: m", "WARN", "warn"),
        (.info, "ostler: m", "INFO", "info"), (.debug, "ostler: debug: m", "DEBUG", "debug"),
    ])
    func `Each level has its word in each form`(level: Log.Level, plain: String, text: String, json: String) throws {
        let entry = LogEntry(level: level, action: "run", phase: .execute, message: "m")
        #expect(entry.rendered(as: .plain) == plain + "\n")
        #expect(entry.rendered(as: .text).hasSuffix("Z \(text) [run/execute/ostler] m\n"))
        let document = try JSONValue(parsing: entry.rendered(as: .json))
        #expect(document["level"]?.string == json)
    }

    @Test func `The component is the task, else the plugin, else the executor`() throws {
        for (subject, component) in [
            (Log.Subject(task: "t", executor: "e", plugin: "p"), "t"), (Log.Subject(executor: "e", plugin: "p"), "p"),
            (Log.Subject(executor: "e"), "e"), (Log.Subject(), "ostler"),
        ] {
            var entry = entry("m")
            entry.subject = subject
            #expect(entry.rendered(as: .text).contains("[run/check/\(component)] "))
            let document = try JSONValue(parsing: entry.rendered(as: .json))
            #expect(document["component"]?.string == component)
            #expect(document["task"]?.string == subject.task)
        }
    }

    @Test func `What a command wrote is told whole, and sentences are cut where people read them`() throws {
        let long = String(repeating: "x", count: 200_000)
        for (isOutput, isWhole) in [(true, true), (false, false)] {
            var entry = LogEntry(level: .info, action: "apply", phase: .execute, message: long)
            entry.isOutput = isOutput
            #expect(entry.rendered(as: .plain).contains(long) == isWhole)
            #expect(entry.rendered(as: .text).contains(long) == isWhole)
            #expect(entry.rendered(as: .json).contains(long))
        }
    }

    @Test func `Code, place and hint come along`() throws {
        var entry = entry("m", hint: "h")
        entry.subject.place = "tasks.jsonl:3"
        #expect(entry.rendered(as: .plain) == "tasks.jsonl:3: m [some_code at /payload/x]\n  hint: h\n")
        #expect(entry.rendered(as: .text).hasSuffix("] tasks.jsonl:3: m [some_code at /payload/x] (hint: h)\n"))
        let document = try JSONValue(parsing: entry.rendered(as: .json))
        #expect(document["code"] == "some_code" && document["pointer"] == "/payload/x" && document["hint"] == "h")
    }

    @Test func `The trace is told as JSON, with its span`() throws {
        var generator = SeededGenerator(seed: 3)
        let context = TraceOrigin.none.begin(using: &generator)
        var entry = entry("m")
        entry.trace = context
        let document = try JSONValue(parsing: entry.rendered(as: .json))
        #expect(document["trace_id"]?.string == context.trace.description)
        #expect(document["span_id"]?.string == context.span.description)
    }

    @Test(arguments: ["two\nlines", "clear\u{1B}[2J", "\u{202E}turned", "nul\u{0}", "a\r\nb", "\u{2028}", "\u{85}"])
    func `Whatever a message holds, text and JSON stay one line that nothing obeys`(message: String) throws {
        var entry = entry(message, hint: message)
        entry.subject = Log.Subject(task: message, place: message)
        for form in [Log.Format.text, .json] {
            let line = entry.rendered(as: form)
            #expect(line.hasSuffix("\n") && !line.dropLast().contains { $0 == "\n" || $0 == "\r\n" || $0 == "\r" })
        }
        let dangerous = entry.rendered(as: .text).unicodeScalars.dropLast().filter {
            $0.value < 0x20 || $0 == "\u{202E}"
        }
        #expect(dangerous.isEmpty)
        #expect(try JSONValue(parsing: entry.rendered(as: .json))["message"]?.string == message)
    }
}
