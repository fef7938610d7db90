#!/usr/bin/env python3
"""Checks of ostler-launch through its socket, without the Swift host.

    driver.py LAUNCHER [--spawns N] [--only WORD]     as root and, from root, as an ordinary user

Exit code 1 if a check fails. Bombs run inside the limits of their own plan and of this process (RLIMIT_NPROC).
"""
import sys
from checklib import *
import commands, isolation, plugins  # each adds its checks


def expired(*_):
    raise TimeoutError("the check hangs")


def main():
    signal.signal(signal.SIGALRM, expired)
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    spawns = int(sys.argv[sys.argv.index("--spawns") + 1]) if "--spawns" in sys.argv else 1000
    bad = 0
    for user in ([False, True] if os.geteuid() == 0 else [False]):
        box = Box(sys.argv[1], user)
        box.spawns = spawns
        for function in checks:
            if only not in function.__name__:
                continue
            try:
                signal.alarm(120)
                function(box)
                verdict = "ok"
            except Exception as error:
                bad += 1
                verdict = f"FAILED: {type(error).__name__} {error} (line {error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else 0})"
            print(f"{'user' if user else 'root'}: {function.__name__.replace('_', ' ')}: {verdict}", flush=True)
    left = cgroups()
    if left:
        print("left behind:", left)
    return 1 if bad or left else 0


if __name__ == "__main__":
    sys.exit(main())
