"""Queues and their workers: submit, run and record a task that does nothing, ours on a disk, the peers' in memory."""
import contextlib, json, os, pathlib, signal, statistics, subprocess, sys, tempfile, time

SOURCES = pathlib.Path(__file__).resolve().parent
PEERS = ["huey==2.5.3", "celery==5.4.0", "redis==6.4.0", "packaging==24.2"]
PAYLOAD = '{"name":"x","count":1}'
NULL = subprocess.DEVNULL


def measure(bench, record):
    """Records ours beside each peer; `bench` has the installed tree, a directory to work in and how to be quick."""
    Queues(bench, record).all()


def run(words, **options):
    return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True, **options).stdout


class Queues:
    def __init__(self, bench, record):
        self.bench, self.record = bench, record
        self.rounds = 1 if bench.quick else 3
        self.count = 500 if bench.quick else 4000
        bench.need("redis-server", "tsp:task-spooler", "/usr/lib/python3*/ensurepip/*:python3-venv")
        self.venv = bench.work / "queues-venv"
        run([sys.executable, "-m", "venv", self.venv])
        run([self.venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS])

    def all(self):
        peers = {}
        for workers in (1, 2):
            for batch in (1, 100):
                for name in ("celery", "huey"):
                    peers[name, workers, batch] = self.median(lambda: self.peer(name, workers, batch))
        for workers in (1, 2):
            for batch, threads, what in ((1, 1, "single"), (1, 8, "single, 8 submitters"), (100, 1, "batches of 100")):
                ours = [self.ours(workers, batch, threads) for _ in range(self.rounds)]
                value = statistics.median(ours)
                for name in ("celery", "huey"):
                    other = peers[name, workers, batch]
                    goal = ("2 x" if batch == 1 else "5 x") if name == "celery" else None
                    self.record(f"queue, no-op, {what}, {workers} worker{'s'[:workers - 1]}", value, "tasks/s",
                                f"{name} on redis, not synced", other, goal, value / other, f"{min(ours):.4g} to {max(ours):.4g}")
        self.commands()

    @contextlib.contextmanager
    def directory(self):
        with tempfile.TemporaryDirectory(dir=self.bench.work) as path:
            yield pathlib.Path(path)

    def ask(self, *words):
        return json.loads(run([self.bench.bench(), *words]))

    def median(self, body):
        return statistics.median(body() for _ in range(self.rounds))

    # Ours.

    def ours(self, workers, batch, threads, executor="noop", payload=PAYLOAD, count=None, slots=100):
        with self.directory() as directory:
            store = directory / "tasks.db"
            with contextlib.ExitStack() as stack:
                for _ in range(workers):
                    stack.enter_context(self.program(
                        [self.bench.ostler, "worker", "--store", store, "--slots", slots, "--quiet", "--plugin-path",
                         self.bench.work / "plugins"], self.bench.environment))
                # The first task starts the plugin of each worker.
                self.ask("queue", store, 20 * workers, 1, 1, executor, payload)
                return self.ask("queue", store, count or self.count, batch, threads, executor,
                                      payload)["per_second"]

    # Theirs.

    def peer(self, name, workers, batch):
        with self.directory() as directory:
            socket = directory / "redis"
            words = ["redis-server", "--port", 0, "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir",
                     directory, "--daemonize", "no"]
            environment = {**os.environ, "QUEUE_SOCKET": str(socket), "PYTHONPATH": str(SOURCES),
                           "PYTHONDONTWRITEBYTECODE": "1"}
            python = self.venv / "bin"
            worker = {"celery": [python / "celery", "-A", "queue_peers.celery_app", "worker", "--pool", "prefork", "-c",
                                 workers, "--loglevel", "ERROR", "--without-gossip", "--without-mingle"],
                      "huey": [python / "huey_consumer", "queue_peers.huey_app", "-w", workers, "-k", "process", "-q"]}
            with self.program(words, os.environ), self.program(worker[name], environment):
                found = run([python / "python", "-c", "import queue_peers; queue_peers.main()", name, self.count, batch],
                                       env=environment)
        return float(found)

    @contextlib.contextmanager
    def program(self, words, environment):
        process = subprocess.Popen([str(word) for word in words], env=environment, stdin=NULL, stdout=NULL, stderr=NULL)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # A real command.

    def commands(self):
        count = 200 if self.bench.quick else 1000
        ours = [self.ours(1, 100, 1, "command", '{"command":"true"}', count, slots=2) for _ in range(self.rounds)]
        value, other = statistics.median(ours), self.median(lambda: self.spooled(count))
        self.record("queue, sandboxed true, batches of 100, 1 worker of 2", value, "tasks/s", "task-spooler, true, bare",
                    other, None, value / other, f"{min(ours):.4g} to {max(ours):.4g}")

    def spooled(self, count):
        with self.directory() as directory:
            environment = {**os.environ, "TS_SOCKET": str(directory / "socket"), "TMPDIR": str(directory)}
            run(["tsp", "-S", 2], env=environment)
            start = time.monotonic()
            for _ in range(count):
                subprocess.run(["tsp", "-n", "true"], env=environment, stdout=NULL, check=True)
            subprocess.run(["tsp", "-w"], env=environment, stdout=NULL, check=False)
            seconds = time.monotonic() - start
            run(["tsp", "-K"], env=environment)
        return count / seconds
