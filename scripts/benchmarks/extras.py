"""Tasks: what guards, spans, metrics and reports add to the cost of one, all of them in turns."""
import json, pathlib, statistics, subprocess, tempfile, time

NULL = subprocess.DEVNULL
TRUE = {"command": "true"}


def measure(bench, record):
    """Records each beside tasks without any; `bench` has the installed tree, a directory to work in and how to be quick."""
    with tempfile.TemporaryDirectory(dir=bench.work) as path:
        Extras(bench, record, pathlib.Path(path)).all()


class Extras:
    def __init__(self, bench, record, place):
        self.bench, self.record, self.place = bench, record, place
        self.count, self.rounds = (300, 3) if bench.quick else (1000, 9)
        self.kinds = {
            "nothing beside": ({}, []),
            "--trace-file": ({}, ["--trace-file", place / "spans"]),
            "--metrics-file and a report": ({}, ["--metrics-file", place / "metrics", "--report", f"json:{place}/report"]),
            "control lets pass": ({"control": {"if": True}}, []),
            "control keeps it": ({"control": {"if": False}}, []),
            "creates is there": ({"creates": "/usr"}, []),
            "creates is not there": ({"creates": "/nowhere"}, []),
            "onlyif says yes": ({"onlyif": "true"}, []),
        }

    def all(self):
        times = {name: [] for name in self.kinds}
        for turn in range(self.rounds + 1):
            for name, (guards, options) in self.kinds.items():
                value = self.time(guards, options)
                if turn:
                    times[name].append(value)
        plain = statistics.median(times["nothing beside"])
        for name, values in times.items():
            value = statistics.median(values)
            spread = f"{min(values):.4g} to {max(values):.4g}"
            self.record(f"run --file, {name}", value, "us/task", "nothing beside", plain, None, value / plain, spread)

    def time(self, guards, options):
        path = self.place / "tasks.jsonl"
        member = {"guards": guards} if guards else {}
        path.write_text("".join(json.dumps({"executor": "command", "payload": TRUE, **member}) + "\n"
                                for _ in range(self.count)))
        words = [self.bench.ostler, "run", "--file", path, "--jobs", "1", "--quiet", *options]
        start = time.monotonic()
        subprocess.run([str(word) for word in words], check=True, stdin=NULL, stdout=NULL, stderr=NULL,
                       env=self.bench.environment)
        return (time.monotonic() - start) / self.count * 1e6
