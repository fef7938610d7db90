"""What each SDK costs, beside HashiCorp's go-plugin over gRPC: an echo of 200 bytes by a plugin of its own.

A plugin of Ostler runs in its sandbox, and an echo is three messages: execute, output and the answer. go-plugin runs its
plugin as it is, and an echo is two: the call and the answer.
"""
import json, os, pathlib, re, shutil, statistics, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ECHO = pathlib.Path(__file__).resolve().parent / "echo"
TEXT = "x" * 200
DEPTH = 64
# How many echoes are counted. A plugin in bash starts programs for each.
ROUNDS = {"swift": 200000, "python": 20000, "c": 100000, "sh": 200}
# Where Debian has the Go packages, by something that lies in each.
GO = ["go:golang-go", "/usr/share/gocode/src/github.com/hashicorp/go-plugin/*:golang-github-hashicorp-go-plugin-dev",
      "/usr/share/gocode/src/google.golang.org/grpc/*:golang-google-grpc-dev",
      "/usr/share/gocode/src/google.golang.org/genproto/*:golang-google-genproto-dev",
      "/usr/share/gocode/src/github.com/golang/protobuf/*:golang-github-golang-protobuf-1-5-dev"]
C = ["/usr/lib/*/libjansson.a:libjansson-dev", "jq:jq"]


def measure(bench, record):
    """Records three figures for each SDK; `bench` has the installed tree, a directory to work in and how to be quick."""
    bench.need(*GO, *C)
    peer, plugins = GoPlugin(bench), {name: Plugin(bench, name) for name in ROUNDS}
    rounds = 1 if bench.quick else 3
    samples = {name: [] for name in ["go", *plugins]}
    # In turns, so that load hits all.
    for _ in range(rounds):
        samples["go"].append((peer.start(), *peer.echoes()))
        for name, plugin in plugins.items():
            samples[name].append((plugin.start(), *plugin.echoes()))
    figures = (("start to first answer", "ms"), ("echoes, 64 deep", "a second"), ("memory of the plugin, PSS", "MB"))
    for index, (figure, unit) in enumerate(figures):
        other = statistics.median(sample[index] for sample in samples["go"])
        for name in plugins:
            values = [sample[index] for sample in samples[name]]
            value = statistics.median(values)
            record(f"{name}: {figure}", value, unit, "go-plugin, gRPC", other, ratio=value / other,
                   spread=f"{min(values):.4g} to {max(values):.4g}")


class Plugin:
    """The echo in the language of one SDK: kept for many tasks, and made anew for each."""

    def __init__(self, bench, name):
        self.bench, self.name = bench, name
        self.folder = bench.work / f"echo-{name}"
        manifest = (ECHO / "plugin.yaml").read_text()
        for reuse in ("warm", "never"):
            place = self.folder / reuse / "echo"
            (place / "bin").mkdir(parents=True)
            (place / "lib").mkdir()
            (place / "plugin.yaml").write_text(manifest.replace("reuse: warm", f"reuse: {reuse}"))
            getattr(self, name)(place)
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", self.folder], check=True)

    def swift(self, place):
        subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "ostler-bench-echo"],
                       cwd=ROOT, check=True, stdout=sys.stderr)
        shutil.copy(ROOT / ".build" / "release" / "ostler-bench-echo", place / "bin" / "echo")
        subprocess.run(["strip", place / "bin" / "echo"], check=True)

    def python(self, place):
        shutil.copytree(ROOT / "sdk" / "python" / "src" / "ostler_plugin", place / "lib" / "ostler_plugin",
                        ignore=shutil.ignore_patterns("__pycache__"))
        # As an installer of Python packages leaves it: in its sandbox the plugin could not keep what it compiled.
        subprocess.run([sys.executable, "-m", "compileall", "-q", place / "lib"], check=True)
        self.script("echo.py", place)

    def c(self, place):
        sources = [*(ROOT / "sdk" / "c" / "src").glob("*.c"), *(ROOT / "sdk" / "c" / "launch").glob("*.c")]
        subprocess.run(["cc", "-std=c17", "-O2", "-I", ROOT / "sdk" / "c", "-I", ROOT / "sdk" / "c" / "launch" / "include",
                        "-I", ROOT / "Sources" / "COstlerLaunch" / "include", ECHO / "echo.c", *sources,
                        "-l:libjansson.a", "-lpthread", "-o", place / "bin" / "echo"], check=True)

    def sh(self, place):
        shutil.copy(ROOT / "sdk" / "sh" / "ostler-plugin.bash", place / "lib")
        self.script("echo.bash", place)

    @staticmethod
    def script(name, place):
        shutil.copy(ECHO / name, place / "bin" / "echo")
        (place / "bin" / "echo").chmod(0o755)

    def words(self, mode, reuse, count, depth):
        task = {"executor": "echo", "payload": {"text": TEXT}}
        return [self.bench.bench(), mode, self.bench.libexec, self.folder / reuse, count, depth, json.dumps(task)]

    def start(self):
        """Milliseconds from a task's submission to its answer by a process that is started for it."""
        count = 20 if self.bench.quick else 50
        return json.loads(output(self.words("dispatch", "never", count, 1)))["p50_ns"] / 1e6

    def echoes(self):
        """Echoes a second, and the MB that the plugin holds afterwards."""
        count = ROUNDS[self.name] // (10 if self.bench.quick else 1)
        return held([str(word) for word in self.words("hold", "warm", count, DEPTH)], {"ostler-bench", "ostler-launch"})


class GoPlugin:
    def __init__(self, bench):
        self.bench, self.host, self.plugin = bench, bench.work / "go-host", bench.work / "go-plugin"
        environment = {**os.environ, "GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOFLAGS": "",
                       "GOCACHE": str(bench.work / "gocache"), "CGO_ENABLED": "0"}
        for program in ("host", "plugin"):
            subprocess.run(["go", "build", "-o", bench.work / f"go-{program}", ECHO / "go" / f"{program}.go",
                            ECHO / "go" / "service.go"], check=True, env=environment)

    def start(self):
        count = 20 if self.bench.quick else 50
        return json.loads(output([self.host, self.plugin, "starts", count, TEXT]))["p50_ns"] / 1e6

    def echoes(self):
        count = 5000 if self.bench.quick else 50000
        return held([str(self.host), str(self.plugin), "calls", str(count), str(DEPTH), TEXT], {"go-host"})


def output(words):
    return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True).stdout


def held(words, hosts):
    """Runs a host that keeps its plugin until its stdin ends: echoes a second, and the plugin's PSS in MB."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        answer = json.loads(host.stdout.readline())
        memory = sum(memory_of(pid, hosts) for pid in settled(host.pid))
        host.stdin.close()
    if host.returncode:
        sys.exit(f"{words[0]} ended with status {host.returncode}")
    return answer["per_second"], memory


def settled(pid):
    """The processes below one, once what the last tasks have started is gone."""
    found = descendants(pid)
    for _ in range(40):
        time.sleep(0.05)
        before, found = found, descendants(pid)
        if found == before:
            break
    return found


def descendants(pid):
    found = []
    try:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    except (FileNotFoundError, ProcessLookupError):
        pass  # It has ended.
    return found


def memory_of(pid, hosts):
    """The PSS of a process in MB; nothing for the host's own, and for one that has ended."""
    try:
        if pathlib.Path(os.readlink(f"/proc/{pid}/exe")).name in hosts:
            return 0
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1]) / 1024
