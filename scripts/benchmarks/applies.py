"""Resources: a manifest of a thousand, beside the same list as a shell script and beside ansible-core."""
import json, pathlib, statistics, subprocess, tempfile, time

NULL = subprocess.DEVNULL


def measure(bench, record):
    """Records ours beside each peer; `bench` has the installed tree, a directory to work in and how to be quick."""
    bench.need("ansible-playbook:ansible-core")
    with tempfile.TemporaryDirectory(dir=bench.work) as path:
        Applies(bench, record, pathlib.Path(path)).all()


class Applies:
    def __init__(self, bench, record, place):
        self.bench, self.record, self.place = bench, record, place
        self.rounds = 3 if bench.quick else 9

    def all(self):
        files = [{"file": [{f"{self.place}/f{index}": {"content": f"{index}\n"}}]} for index in range(1000)]
        self.ours(files)
        ours = [self.ours(files) for _ in range(self.rounds)]
        self.record("apply, 1000 stable files", statistics.median(ours), "ms", goal="<= 300", spread=self.spread(ours))
        # What is executed takes seconds, and a playbook about one for three of its tasks.
        few = max(1, self.rounds // 3)
        for count, peer, rounds in ((1000, self.script, self.rounds), (100, self.playbook, few)):
            self.execs(count, True, peer, rounds)
            self.execs(count, False, peer, few)

    def execs(self, count, satisfied, peer, rounds):
        manifest = [{"exec": [{f"touch {self.made(index)}": {"creates": str(self.made(index))}}]}
                    for index in range(count)]
        ours, peers = [], []
        for _ in range(rounds):
            for run, times in ((lambda: self.ours(manifest), ours), (lambda: peer(count), peers)):
                self.prepare(count, satisfied)
                times.append(run())
        value, other = statistics.median(ours), statistics.median(peers)
        self.record(f"apply, {count} exec, creates {'satisfied' if satisfied else 'not there'}", value, "ms",
                    {self.script: "sh script", self.playbook: "ansible-core"}[peer], other, None, value / other,
                    self.spread(ours))

    def made(self, index):
        return self.place / f"x{index}"

    def prepare(self, count, satisfied):
        for index in range(count):
            if satisfied:
                self.made(index).touch()
            else:
                self.made(index).unlink(missing_ok=True)

    def ours(self, manifest):
        path = self.place / "site.yaml"
        path.write_text(json.dumps(manifest))
        return self.time([self.bench.ostler, "apply", path])

    def script(self, count):
        path = self.place / "site.sh"
        path.write_text("".join(f"[ -e {self.made(index)} ] || /usr/bin/touch {self.made(index)}\n"
                                for index in range(count)))
        return self.time(["/bin/sh", path])

    def playbook(self, count):
        tasks = [{"command": {"cmd": f"touch {self.made(index)}", "creates": str(self.made(index))}}
                 for index in range(count)]
        path = self.place / "site.json"
        path.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]))
        return self.time(["ansible-playbook", "-i", "localhost,", path])

    def time(self, words):
        start = time.monotonic()
        subprocess.run([str(word) for word in words], check=True, stdin=NULL, stdout=NULL, env=self.bench.environment)
        return (time.monotonic() - start) * 1000

    @staticmethod
    def spread(values):
        return f"{min(values):.4g} to {max(values):.4g}"
