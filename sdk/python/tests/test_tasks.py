import asyncio
import base64
import threading
import unittest

from host import PATIENCE, Host
from ostler_plugin import Health, Plugin, Result, Task, TaskFailed


class TaskTests(unittest.TestCase):
    def setUp(self) -> None:
        self.plugin = Plugin("test", version="1.2.3")

    def host(self) -> Host:
        host = Host(self.plugin)
        self.addCleanup(host.close)
        return host

    def handle(self, handler, payload=None, **params):
        """Executes one task; answers its output by stream, and the answer."""
        self.plugin.executor("x")(handler)
        host = self.host()
        host.execute("t", "x", payload, **params)
        output = {"stdout": b"", "stderr": b""}
        expected = 0
        while "id" not in (message := host.next()):
            if message["method"] == "output":
                piece = message["params"]
                self.assertEqual(piece["seq"], expected)
                expected += 1
                data = piece["text"].encode() if "text" in piece else base64.b64decode(piece["base64"])
                self.assertLessEqual(len(data), 65536)
                output[piece["stream"]] += data
        return output, message["result"]

    def test_a_handler_that_returns_has_succeeded(self):
        _, result = self.handle(lambda task, payload: None)
        self.assertEqual(result, {"task": "t", "outcome": "succeeded", "exit_code": 0})

    def test_what_a_handler_returns_is_the_result(self):
        usage = {"wall_us": 5}
        _, result = self.handle(lambda task, payload: Result(3, usage=usage, metadata={"rows": [payload]}), 7)
        expected = {"outcome": "failed", "exit_code": 3, "usage": usage, "metadata": {"rows": [7]}}
        self.assertEqual(result, {"task": "t", **expected})

    def test_a_signal_is_a_failure_whatever_the_code(self):
        _, result = self.handle(lambda task, payload: Result(0, signal=9))
        self.assertEqual((result["outcome"], result["exit_code"], result["signal"]), ("failed", -1, 9))

    def test_a_failure_is_told_with_all_that_is_known_of_it(self):
        def fail(task, payload):
            raise TaskFailed("no", code="too_late", retry="after", pointer="/a", hint="wait", exit_code=4)

        _, result = self.handle(fail)
        self.assertEqual((result["outcome"], result["exit_code"]), ("failed", 4))
        expected = {"code": "too_late", "fault": "task", "retry": "after", "side_effects": "possible"}
        self.assertEqual(result["error"], {**expected, "message": "no", "pointer": "/a", "hint": "wait"})

    def test_any_other_exception_is_the_executors_own_fault(self):
        for error in (ZeroDivisionError("by zero"), SystemExit(0), KeyboardInterrupt()):
            with self.subTest(error=error):
                self.setUp()

                def fail(task, payload):
                    raise error

                _, result = self.handle(fail)
                self.assertEqual((result["outcome"], result["error"]["code"]), ("failed", "executor_error"))
                self.assertEqual(result["error"]["fault"], "executor")

    def test_a_result_that_is_no_json_is_a_failure_and_not_silence(self):
        for metadata in (object(), float("nan"), "x" * 2_000_000):
            with self.subTest(metadata=str(metadata)[:20]):
                self.setUp()
                _, result = self.handle(lambda task, payload: Result(metadata=metadata))
                self.assertEqual((result["outcome"], result["error"]["code"]), ("failed", "executor_error"))

    def test_output_comes_out_byte_for_byte(self):
        for data in (b"", b"plain\n", bytes(range(256)) * 700, "é😀".encode() * 40_000, b"\xc3", "x\udcff"):
            with self.subTest(size=len(data)):
                self.setUp()

                def write(task: Task, payload):
                    task.write(data)
                    task.write(data, "stderr")

                output, result = self.handle(write)
                wanted = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
                self.assertEqual((output["stdout"], output["stderr"]), (wanted, wanted))
                self.assertEqual(result["outcome"], "succeeded")

    def test_no_character_is_cut_in_two(self):
        self.plugin.executor("x")(lambda task, payload: task.write("a" + "é" * 100_000))
        host = self.host()
        host.execute("t", "x")
        while "id" not in (message := host.next()):
            self.assertIn("text", message["params"])

    def test_nothing_is_sent_about_a_task_that_was_answered(self):
        kept = []
        self.plugin.executor("x")(lambda task, payload: kept.append(task))
        host = self.host()
        host.execute("t", "x")
        host.answer("t")
        kept[0].write("late")
        kept[0].progress(1)
        host.send("h", "health")
        self.assertEqual(host.next()["id"], "h")

    def test_the_task_tells_what_the_host_told(self):
        seen = {}

        def look(task: Task, payload):
            seen.update(env=dict(task.env), attempt=task.attempt, key=task.idempotency_key, left=task.remaining)
            seen.update(trace=task.traceparent)

        self.handle(look, env={"A": "b"}, attempt=3, idempotency_key="k", traceparent="00-1-2-01", remaining_ms=60_000)
        self.assertEqual((seen["env"], seen["attempt"], seen["key"]), ({"A": "b"}, 3, "k"))
        self.assertEqual(seen["trace"], "00-1-2-01")
        self.assertTrue(0 < seen["left"] <= 60)

    def test_without_the_grant_nothing_is_launched(self):
        _, result = self.handle(lambda task, payload: task.run(["true"]))
        self.assertEqual(result["error"]["code"], "launch_not_granted")
        self.assertEqual(result["error"]["side_effects"], "none")


class CreditTests(unittest.TestCase):
    def setUp(self) -> None:
        self.plugin = Plugin("test")
        self.plugin.executor("x")(lambda task, payload: task.write("x" * payload))
        self.host = Host(self.plugin)
        self.addCleanup(self.host.close)

    def test_a_task_without_credit_waits_and_its_neighbours_go_on(self):
        self.host.execute("poor", "x", 200_000, credit=70_000)
        self.host.execute("rich", "x", 200_000, credit=1 << 20)
        sent = 0
        while "id" not in (message := self.host.next()):
            sent += len(message["params"]["text"]) if message["params"]["task"] == "poor" else 0
        self.assertEqual(message["id"], "rich")
        while sent < 131_072:
            sent += len(self.host.next()["params"]["text"])
        self.host.send("h", "health")
        self.assertEqual(self.host.next()["id"], "h")  # and nothing of the poor one before it
        self.host.notify("credit", task="poor", bytes=200_000)
        self.host.notify("credit", task="unknown", bytes=1)
        while "id" not in (message := self.host.next()):
            sent += len(message["params"]["text"])
        self.assertEqual((message["id"], sent), ("poor", 200_000))

    def test_a_host_without_credit_is_not_waited_for(self):
        self.host.execute("t", "x", 500_000)
        self.assertEqual(self.host.answer("t")["result"]["outcome"], "succeeded")


class CancelTests(unittest.TestCase):
    def setUp(self) -> None:
        self.plugin = Plugin("test")
        self.begun = threading.Event()

    def cancel(self, host: Host):
        self.begun.wait(PATIENCE)
        host.send("c", "cancel", task="t", reason="requested", grace_ms=1000)
        answers = {}
        while len(answers) < 2:
            message = host.next()
            if "id" in message:
                answers[message["id"]] = message["result"]
        return answers["c"]["state"], answers["t"]["outcome"]

    def host(self) -> Host:
        host = Host(self.plugin)
        self.addCleanup(host.close)
        host.execute("t", "x")
        return host

    def test_a_function_sees_it_when_it_looks(self):
        @self.plugin.executor("x")
        def wait(task: Task, payload):
            self.begun.set()
            task.cancelled.wait(PATIENCE)
            self.assertEqual(task.cancel_reason, "requested")
            task.check()

        self.assertEqual(self.cancel(self.host()), ("cancelling", "cancelled"))

    def test_a_function_that_ends_all_the_same_has_succeeded(self):
        @self.plugin.executor("x")
        def wait(task: Task, payload):
            self.begun.set()
            task.cancelled.wait(PATIENCE)

        self.assertEqual(self.cancel(self.host()), ("cancelling", "succeeded"))

    def test_a_coroutine_is_cancelled_where_it_waits_and_may_clean_up(self):
        cleaned = threading.Event()

        @self.plugin.executor("x")
        async def wait(task: Task, payload):
            self.begun.set()
            try:
                await asyncio.sleep(PATIENCE)
            finally:
                await asyncio.sleep(0)
                cleaned.set()

        self.assertEqual(self.cancel(self.host()), ("cancelling", "cancelled"))
        self.assertTrue(cleaned.is_set())

    def test_a_coroutine_that_has_not_begun_is_answered_too(self):
        blocked = threading.Event()

        @self.plugin.executor("x")
        async def wait(task: Task, payload):
            await asyncio.sleep(PATIENCE)

        @self.plugin.executor("block")
        async def block(task: Task, payload):
            blocked.wait(PATIENCE)  # holds the loop, so that nothing behind it begins

        host = Host(self.plugin)
        self.addCleanup(host.close)
        host.execute("b", "block")
        host.execute("t", "x")
        host.send("c", "cancel", task="t", reason="requested")
        self.assertEqual(host.answer("c")["result"]["state"], "cancelling")
        blocked.set()
        self.assertEqual(host.answer("t")["result"]["outcome"], "cancelled")

    def test_nobody_is_believed_who_says_cancelled_of_a_task_that_nobody_cancelled(self):
        @self.plugin.executor("x")
        async def wait(task: Task, payload):
            raise asyncio.CancelledError

        self.assertEqual(self.host().answer("t")["result"]["outcome"], "failed")


class SessionTests(unittest.TestCase):
    def setUp(self) -> None:
        self.plugin = Plugin("test", version="1.2.3")

    def host(self) -> Host:
        host = Host(self.plugin)
        self.addCleanup(host.close)
        return host

    def test_it_says_who_it_is_and_keeps_its_config(self):
        self.plugin.executor("x")(lambda task, payload: None)
        host = self.host()
        host.send("i", "initialize", protocol={"min": 0, "max": 0}, config={"x": {"k": 1}}, launch=False)
        expected = {"protocol": 0, "name": "test", "version": "1.2.3", "executors": ["x"], "credit": True}
        self.assertEqual(host.next(), {"id": "i", "result": expected})
        self.assertEqual(self.plugin.config, {"x": {"k": 1}})

    def test_health_is_what_the_function_says_or_that_it_cannot_say(self):
        for function, expected in (
            (lambda: Health("degraded", "slow"), {"status": "degraded", "detail": "slow"}),
            (lambda: 1 / 0, {"status": "unhealthy", "detail": "ZeroDivisionError: division by zero"}),
        ):
            with self.subTest(expected=expected):
                self.plugin.health(function)
                host = self.host()
                host.send("h", "health")
                self.assertEqual(host.next()["result"], expected)

    def test_an_executor_that_it_does_not_have_and_odd_parameters_are_refused(self):
        host = self.host()
        host.execute("t", "other")
        self.assertEqual(host.next()["error"]["code"], -32602)
        host.write(b'{"id":"o","method":"execute","params":[1]}\n')
        self.assertEqual(host.next()["error"]["code"], -32602)

    def test_a_host_that_speaks_no_protocol_ends_the_session(self):
        for line in (b"hello\n", b"[]\n", b'"\xff"\n', b"[" * 200_000 + b"\n"):
            with self.subTest(line=line[:10]):
                host = self.host()
                host.write(line[:60_000])
                host.write(line[60_000:])
                host.close()
                self.assertEqual(host.code, 65)

    def test_a_host_that_reads_nothing_stops_writers_and_not_the_reader(self):
        @self.plugin.executor("x")
        def flood(task: Task, payload):
            while not task.cancelled.is_set():
                task.write("x" * 60_000)
            task.check()

        host = self.host()
        host.execute("t", "x")
        host.send("c", "cancel", task="t", reason="limit")
        self.assertEqual(host.answer("c")["result"]["state"], "cancelling")
        self.assertEqual(host.answer("t")["result"]["outcome"], "cancelled")

    def test_an_executor_has_one_handler(self):
        self.plugin.executor("x")(lambda task, payload: None)
        with self.assertRaises(ValueError):
            self.plugin.executor("x")(lambda task, payload: None)


if __name__ == "__main__":
    unittest.main()
