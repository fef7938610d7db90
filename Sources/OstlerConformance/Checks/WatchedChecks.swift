internal import OstlerCatalog
internal import OstlerTrust

extension ConformanceCheck {
    /// What holds in every session, whatever is tried; ``SessionRules`` finds the breaches.
    static let watched: [ConformanceCheck] = [
        ConformanceCheck(
            watched: "M1-line",
            "ends every message with LF",
            remedy: "write message and LF in one piece, and flush before you exit"
        ),
        ConformanceCheck(
            watched: "M2-length",
            "sends no line of more than max_frame_bytes",
            remedy: "cut output into pieces of at most 65,536 bytes, and keep metadata short"
        ),
        ConformanceCheck(
            watched: "M3-json",
            "sends valid JSON in UTF-8, no key twice in an object, nested at most 64 deep",
            remedy: "build messages with a JSON library; send bytes that are no UTF-8 as base64"
        ),
        ConformanceCheck(
            watched: "M4-noise",
            "writes nothing but messages to stdout",
            remedy:
                "first of all duplicate descriptor 1 for the protocol and point 1 at 2: then no stray print does harm"
        ),
        ConformanceCheck(
            watched: "M9-id",
            "carries the id of a request back byte for byte",
            remedy: "keep the id as the text that it is; do not turn it into a number",
            provoke: lookalikes
        ),
        ConformanceCheck(
            watched: "M11-shape",
            "sends messages with exactly one of method, result and error, and answers with an id",
            remedy: "leave result out of an error and error out of a result; do not send them as null"
        ),
        ConformanceCheck(
            watched: "S2-mark",
            "marks every message \"jsonrpc\": \"2.0\"",
            remedy: "add \"jsonrpc\": \"2.0\" to every message",
            level: .should
        ),
        ConformanceCheck(
            watched: "S2-requests",
            "sends no requests",
            remedy: "send output, progress and log without an id",
            level: .should
        ),
        ConformanceCheck(
            watched: "S5-methods",
            "sends no notifications but output, progress and log",
            remedy: "leave other notifications out: the host drops them",
            level: .should
        ),
        ConformanceCheck(
            watched: "M21-once",
            "answers once, and says nothing more of a task behind its answer",
            remedy: "let one place in the plugin answer a task, and end what reports on the task first"
        ),
        ConformanceCheck(
            watched: "M22-success",
            "says succeeded with exit code 0, without signal and error only",
            remedy: "say failed for an exit code that is not 0"
        ),
        ConformanceCheck(
            watched: "M24-result",
            "answers execute with a result of the right shape, for the task that was asked for",
            remedy: "see the table of results in section 4 of the protocol"
        ),
        ConformanceCheck(
            watched: "M25-agreement",
            "reports a command's end as the launcher saw it",
            remedy: "pass on exit code and signal of LAUNCH_EXITED as they are",
            provoke: { run in
                guard run.plugin.permissions.launch else { throw TrialEnd.notApplicable("it launches no commands") }
            }
        ),
        ConformanceCheck(
            watched: "M26-output",
            "sends well-formed output of at most 65,536 bytes a piece",
            remedy: "read at most 65,536 bytes at a time and send each as one output, in text or in base64"
        ),
        ConformanceCheck(
            watched: "M27-order",
            "sends a task's output in order, of tasks that are open, and all of it before the answer",
            remedy: "let one writer send output and answer, and count seq from 0 for each task"
        ),
        ConformanceCheck(
            watched: "M28-characters",
            "cuts no character of UTF-8 in two",
            remedy: "keep the bytes of a character that is not complete for the next piece",
            level: .should
        ),
        ConformanceCheck(
            watched: "M29-notices",
            "sends progress and log in their shape",
            remedy: "see the table in section 5 of the protocol: value and total are numbers, texts are strings"
        ),
        ConformanceCheck(
            watched: "M33-uninvited",
            "says cancelled of no task that nobody has cancelled",
            remedy: "say failed if the plugin itself gave up"
        ),
        ConformanceCheck(
            watched: "M45-errors",
            "sends errors with a number as code and a message; the shape of section 9 stands in data",
            remedy: "send {\"code\": -32000, \"message\": \"…\", \"data\": {\"code\": \"…\", …}}"
        ),
        ConformanceCheck(
            watched: "M49-credit",
            "sends no output of a task whose credit is used up",
            remedy:
                "subtract what is sent from the task's credit, and wait for a notification credit once it is 0 or less",
            provoke: trickle
        ),
    ]
}
