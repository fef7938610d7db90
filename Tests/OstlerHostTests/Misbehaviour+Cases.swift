internal import OstlerProtocol
import OstlerTasks

extension Misbehaviour {
    static let crashes = [
        Misbehaviour(
            "exit 3 before the answer",
            #"{"do":"exit","code":3}"#,
            .executorCrash,
            "executor_exited",
            says: "exited with code 3"
        ),
        Misbehaviour(
            "exit 0 without an answer",
            #"{"do":"exit","code":0}"#,
            .executorCrash,
            "executor_exited",
            says: "exited with code 0"
        ),
        Misbehaviour(
            "segmentation fault",
            #"{"do":"signal","signal":11}"#,
            .executorCrash,
            "executor_crashed",
            says: "signal 11"
        ),
        Misbehaviour(
            "kills itself",
            #"{"do":"signal","signal":9}"#,
            .executorCrash,
            "executor_crashed",
            says: "signal 9"
        ),
        Misbehaviour(
            "closes stdout and lives on",
            #"{"do":"close_stdout"}"#,
            .executorProtocol,
            "stdout_closed",
            says: "closed its stdout"
        ),
        Misbehaviour(
            "leaves a grandchild of another session with the pipes",
            #"{"do":"leave_grandchild","then":"exit"}"#,
            .executorCrash,
            "executor_exited",
            says: "exited with code 4"
        ),
        Misbehaviour(
            "leaves a daemon by double fork and setsid, and answers",
            #"{"do":"leave_grandchild","then":"answer"}"#,
            .succeeded,
            endsPlugin: false
        ),
        Misbehaviour(
            "deletes all that it can, its work directory too",
            #"{"do":"delete_everything"}"#,
            .succeeded,
            endsPlugin: false
        ),
    ]

    static let frames = [
        Misbehaviour(
            "half a line, then exit",
            raw: #"{"jsonrpc":"2.0","id":"$ID","resu"#,
            then: "exit",
            .executorProtocol,
            "frame_partial",
            says: "half a frame",
            #""resu"#
        ),
        Misbehaviour(
            "half a line, then nothing",
            raw: #"{"jsonrpc":"2.0","id":"$ID","resu"#,
            then: "hang",
            timeout: 500,
            .timeout,
            "timeout",
            says: "500 ms"
        ),
        Misbehaviour(
            "malformed JSON",
            raw: "{\"jsonrpc\": what?}\n",
            .executorProtocol,
            "frame_malformed",
            says: "malformed frame",
            "{\"jsonrpc\": what?}"
        ),
        Misbehaviour(
            "duplicate keys",
            raw: #"{"jsonrpc":"2.0","id":"$ID","id":"$ID","result":{}}"# + "\n",
            .executorProtocol,
            "frame_malformed",
            says: "malformed frame",
            "the same member twice"
        ),
        Misbehaviour(
            "invalid UTF-8",
            raw: Array("{\"jsonrpc\":\"2.0\",\"id\":\"".utf8) + [0xC0, 0xAF, 0x22, 0x7D, 0x0A],
            .executorProtocol,
            "frame_malformed",
            message: ["malformed frame", "UTF-8"]
        ),
        Misbehaviour(
            "a NUL in a frame",
            raw: "{\"jsonrpc\":\"2.0\",\0\"id\":\"$ID\",\"result\":{}}\n",
            .executorProtocol,
            "frame_malformed",
            says: "malformed frame"
        ),
        Misbehaviour(
            "a raw control character in a string",
            raw: "{\"jsonrpc\":\"2.0\",\"id\":\"$ID\",\"result\":\"\u{1}\"}\n",
            .executorProtocol,
            "frame_malformed",
            says: "malformed frame"
        ),
        Misbehaviour(
            "something behind the frame",
            raw: "{\"jsonrpc\":\"2.0\",\"id\":\"$ID\",\"result\":{}} x\n",
            .executorProtocol,
            "frame_malformed",
            says: "malformed frame"
        ),
        Misbehaviour(
            "an answer without an id",
            raw: "{\"jsonrpc\":\"2.0\",\"result\":{}}\n",
            .executorProtocol,
            "frame_malformed",
            says: "an answer without an id"
        ),
        Misbehaviour(
            "result and error at once",
            raw: "{\"jsonrpc\":\"2.0\",\"id\":\"$ID\",\"result\":{},\"error\":{}}\n",
            .executorProtocol,
            "frame_malformed",
            says: "exclude each other"
        ),
        Misbehaviour(
            "output of no shape",
            raw: "{\"jsonrpc\":\"2.0\",\"method\":\"output\",\"params\":{\"task\":\"$TASK\"}}\n",
            .executorProtocol,
            "frame_malformed",
            says: "malformed frame"
        ),
        Misbehaviour(
            "a frame of more than a mebibyte",
            #"{"do":"oversize"}"#,
            .executorProtocol,
            "frame_oversize",
            says: "more than 1048576 bytes"
        ),
        Misbehaviour(
            "an endless frame",
            #"{"do":"endless_line","start":"{"}"#,
            .executorProtocol,
            "frame_oversize",
            says: "more than 1048576 bytes"
        ),
        Misbehaviour(
            "a frame that is too deep",
            #"{"do":"too_deep"}"#,
            .executorProtocol,
            "frame_malformed",
            says: "deep"
        ),
    ]

    static let floods = [
        Misbehaviour(
            "lines of noise below the limit",
            #"{"do":"noise","lines":1000}"#,
            .succeeded,
            endsPlugin: false
        ),
        Misbehaviour(
            "lines of noise above the limit",
            #"{"do":"noise","lines":1200}"#,
            .executorProtocol,
            "stdout_noise",
            says: "1001 lines",
            "noise 1000"
        ),
        Misbehaviour(
            "a long line of noise",
            #"{"do":"endless_line","bytes":8388608}"#,
            .succeeded,
            endsPlugin: false
        ),
        Misbehaviour(
            "a line of noise without end",
            #"{"do":"endless_line"}"#,
            timeout: 700,
            .timeout,
            "timeout",
            says: "700 ms"
        ),
        Misbehaviour("a flood of stderr", #"{"do":"flood_stderr","bytes":8388608}"#, .succeeded, endsPlugin: false),
        Misbehaviour(
            "a flood of output",
            #"{"do":"flood_output"}"#,
            .limit,
            "limit_output",
            says: "output was reached",
            "1048576"
        ),
        Misbehaviour(
            "a flood of progress",
            #"{"do":"flood_notices","method":"progress"}"#,
            timeout: 700,
            .timeout,
            "timeout",
            says: "700 ms"
        ),
        Misbehaviour(
            "a flood of log",
            #"{"do":"flood_notices","method":"log"}"#,
            timeout: 700,
            .timeout,
            "timeout",
            says: "700 ms"
        ),
        Misbehaviour("an answer byte by byte", #"{"do":"drip"}"#, .succeeded, endsPlugin: false),
        Misbehaviour(
            "a frame byte by byte without end",
            #"{"do":"drip","endless":true}"#,
            timeout: 700,
            .timeout,
            "timeout",
            says: "700 ms"
        ),
    ]

    static let answers = [
        Misbehaviour("answers twice", #"{"do":"answer_twice"}"#, .succeeded, endsPlugin: false),
        Misbehaviour(
            "answers for another task",
            #"{"do":"answer_for_another"}"#,
            .executorProtocol,
            "wrong_task",
            says: "asked for task \"task-1\"",
            "answered for \"another-task\""
        ),
        Misbehaviour(
            "answers with an unknown id, and then rightly",
            #"{"do":"answer_unknown_id","then":"answer"}"#,
            .succeeded,
            endsPlugin: false
        ),
        Misbehaviour(
            "answers only with an unknown id",
            #"{"do":"answer_unknown_id"}"#,
            timeout: 500,
            .timeout,
            "timeout",
            says: "500 ms"
        ),
        Misbehaviour(
            "a result that is no object",
            raw: #"{"jsonrpc":"2.0","id":"$ID","result":[1]}"# + "\n",
            .executorProtocol,
            "malformed_answer",
            says: "answered execute with something of another shape"
        ),
        Misbehaviour(
            "a result without a task",
            raw: #"{"jsonrpc":"2.0","id":"$ID","result":{"outcome":"succeeded"}}"# + "\n",
            .executorProtocol,
            "malformed_answer",
            says: "answered execute with something of another shape"
        ),
        Misbehaviour(
            "an outcome that plugins cannot give",
            #"{"do":"answer","result":{"outcome":"skipped"}}"#,
            .executorProtocol,
            "malformed_answer",
            says: "answered execute with something of another shape"
        ),
        Misbehaviour(
            "a result of other types",
            #"{"do":"answer","result":{"outcome":"succeeded","exit_code":"zero"}}"#,
            .executorProtocol,
            "malformed_answer",
            says: "answered execute with something of another shape"
        ),
        Misbehaviour(
            "an error of another shape",
            raw: #"{"jsonrpc":"2.0","id":"$ID","error":"no"}"# + "\n",
            .executorProtocol,
            "malformed_answer",
            says: "answered execute with something of another shape"
        ),
        Misbehaviour(
            "success with exit code 7",
            #"{"do":"answer","result":{"outcome":"succeeded","exit_code":7}}"#,
            .executorProtocol,
            "inconsistent_result",
            says: "succeeded with exit code 7",
            "\"task-1\""
        ),
        Misbehaviour(
            "success by signal",
            #"{"do":"answer","result":{"outcome":"succeeded","exit_code":0,"signal":9}}"#,
            .executorProtocol,
            "inconsistent_result",
            says: "succeeded with signal 9",
            "\"task-1\""
        ),
        Misbehaviour(
            "success for a command that ended with exit code 5",
            #"{"do":"launch","argv":["sh","-c","exit 5"],"claim":0}"#,
            .executorProtocol,
            "inconsistent_result",
            says: "its command ended with exit code 5",
            endsPlugin: false
        )
        .editing("launch: false", "launch: true"),
    ]

    static let hangs = [
        Misbehaviour("hangs", #"{"do":"hang"}"#, timeout: 500, .timeout, "timeout", says: "500 ms"),
        Misbehaviour("ignores SIGTERM", #"{"do":"ignore_sigterm"}"#, timeout: 500, .timeout, "timeout", says: "500 ms"),
        Misbehaviour(
            "stops itself",
            #"{"do":"signal","signal":19}"#,
            timeout: 500,
            .timeout,
            "timeout",
            says: "500 ms"
        ),
        Misbehaviour(
            "ignores the cancel",
            #"{"do":"hold","reply":"nothing"}"#,
            timeout: 500,
            .timeout,
            "timeout",
            says: "500 ms"
        ),
        Misbehaviour(
            "acknowledges the cancel and goes on",
            #"{"do":"hold","reply":"ignore"}"#,
            timeout: 500,
            .timeout,
            "timeout",
            says: "500 ms"
        ),
        Misbehaviour(
            "answers the cancel in another shape",
            #"{"do":"hold","reply":"shape"}"#,
            timeout: 500,
            .timeout,
            "timeout",
            says: "500 ms"
        ),
        Misbehaviour(
            "hangs in the cancel",
            #"{"do":"hold","reply":"hang"}"#,
            timeout: 500,
            .timeout,
            "timeout",
            says: "500 ms"
        ),
        Misbehaviour(
            "obeys the cancel",
            #"{"do":"hold"}"#,
            timeout: 500,
            .timeout,
            "timeout",
            says: "500 ms",
            endsPlugin: false
        ),
    ]
}
