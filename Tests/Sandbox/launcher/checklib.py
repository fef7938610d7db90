"""What all checks of the launcher share."""
import glob
from launchlib import *

checks = []


def check(function):
    checks.append(function)
    return function


def expect(condition, *detail):
    if not condition:
        raise AssertionError(*detail)


def ok(event, code=0):
    expect(event.op == EXITED and event.status == code << 8, event)
    return event


def failed(event, stage, err):
    expect(event.op in (FAILED, LAUNCH_FAILED) and event.stage == stage and event.err == err, event)
    return event


def cgroups():
    return glob.glob("/sys/fs/cgroup/*/**/ostler-test-*", recursive=True)


def alive(marker):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if marker.encode() in open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0"):
                found.append(int(pid))
        except OSError:
            pass
    return found


def until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < end, what)
        time.sleep(0.01)


class Box:
    def __init__(self, program, user):
        self.program, self.user = program, user
        self.wrapper = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"] if user else []

    def start(self, plan=True):
        launcher = Launcher(self.program, wrapper=self.wrapper)
        expect(launcher.ready.op == READY, launcher.ready)
        if plan:
            expect(launcher.plan(1, strict()).op == PLAN_READY)
        return launcher
