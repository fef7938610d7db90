"""The launch channel against a launcher that is played by the test."""

import os
import signal
import socket
import struct
import threading
import unittest

from ostler_plugin import Exit, LaunchFailed
from ostler_plugin._launch import Channel

HEADER = struct.Struct("=HHIQ")
REQUEST = struct.Struct("=QIIBB6x")


class Launcher:
    def __init__(self) -> None:
        self.end, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel = Channel(other.detach())

    def request(self):
        """The next LAUNCH: its number, the fields of its body, and its words."""
        packet, descriptors, _, _ = socket.recv_fds(self.end, 100_000, 8)
        op, flags, tail, number = HEADER.unpack_from(packet)
        assert op == 16, op
        body = packet[HEADER.size : HEADER.size + REQUEST.size]
        if flags & 1:
            with os.fdopen(descriptors[0], "rb") as file:
                text = file.read()
        else:
            text = packet[HEADER.size + REQUEST.size :]
        assert len(text) == tail
        return number, REQUEST.unpack(body), text.split(b"\0")[:-1]

    def launched(self, number: int, *descriptors: int) -> None:
        socket.send_fds(self.end, [HEADER.pack(48, 0, 0, number)], list(descriptors))

    def failed(self, number: int, stage: int, err: int, detail: bytes) -> None:
        self.end.send(HEADER.pack(49, 0, len(detail), number) + struct.pack("=iiiI", stage, err, -1, 0) + detail)

    def exited(self, number: int, status: int) -> None:
        self.end.send(HEADER.pack(50, 0, 0, number) + struct.pack("=IiIIIIQQQQ", 1, status, 0, 0, 0, 0, 1, 2, 3, 4))


class LaunchTests(unittest.TestCase):
    def setUp(self) -> None:
        self.launcher = Launcher()
        self.addCleanup(self.launcher.end.close)

    def launch(self, argv, env=None, cwd=None, stdin="null", *, play):
        """Launches while `play` is the launcher; answers the command or what was raised."""
        thread = threading.Thread(target=play, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        return self.launcher.channel.launch(9, argv, env or {}, cwd, stdin)

    def test_the_request_holds_words_variables_and_directory(self):
        seen = []

        def play():
            number, fields, words = self.launcher.request()
            seen.append((fields, words))
            read, write = os.pipe()
            self.launcher.launched(number, read, read, write)
            os.close(read)
            os.close(write)
            self.launcher.exited(number, 3 << 8)

        command = self.launch(["a", b"\xff", ""], {"K": "v"}, "/work", "pipe", play=play)
        self.assertEqual(seen, [((9, 3, 1, 1, 1), [b"a", b"\xff", b"", b"K=v", b"/work"])])
        self.assertIsNotNone(command.stdin)
        self.assertEqual(command.wait(), Exit(3, None, 1, 2, 3, 4, 0))
        for descriptor in (command.stdout, command.stderr, command.stdin):
            os.close(descriptor)

    def test_a_death_by_signal_is_told_as_one(self):
        def play():
            number, _, _ = self.launcher.request()
            read, write = os.pipe()
            self.launcher.launched(number, read, read)
            os.close(read)
            os.close(write)
            self.launcher.exited(number, signal.SIGKILL)

        command = self.launch(["a"], play=play)
        ended = command.wait()
        self.assertEqual((ended.code, ended.signal), (-1, signal.SIGKILL))
        os.close(command.stdout)
        os.close(command.stderr)

    def test_many_words_travel_in_a_file_of_memory(self):
        word = "w" * 1000

        def play():
            number, _, words = self.launcher.request()
            self.assertEqual(words, [word.encode()] * 200)
            self.launcher.failed(number, 18, 7, b"")

        with self.assertRaises(LaunchFailed):
            self.launch([word] * 200, play=play)

    def test_refusals_have_names(self):
        for stage, err, code in (
            (17, 2, "command_not_found"),
            (17, 13, "command_not_executable"),
            (17, 1, "command_denied"),
            (16, 2, "working_dir_not_usable"),
            (6, 1, "launch_failed"),
        ):
            with self.subTest(code=code):
                with self.assertRaises(LaunchFailed) as caught:
                    self.launch(["a"], play=lambda: self.launcher.failed(self.launcher.request()[0], stage, err, b"d"))
                self.assertEqual(caught.exception.error["code"], code)
                self.assertEqual(caught.exception.error["side_effects"], "none")

    def test_a_launcher_that_is_gone_is_a_failure_and_no_hang(self):
        def play():
            self.launcher.request()
            self.launcher.end.shutdown(socket.SHUT_RDWR)

        with self.assertRaises(LaunchFailed):
            self.launch(["a"], play=play)
        with self.assertRaises(LaunchFailed):
            self.launcher.channel.launch(9, ["a"], {}, None, "null")

    def test_words_that_cannot_travel_are_refused(self):
        for argv, stdin in (([], "null"), (["a\0b"], "null"), (["a"], "file")):
            with self.subTest(argv=argv, stdin=stdin), self.assertRaises(ValueError):
                self.launcher.channel.launch(9, argv, {}, None, stdin)


if __name__ == "__main__":
    unittest.main()
