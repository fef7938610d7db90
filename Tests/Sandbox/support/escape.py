"""What every Python attempt shares: it says one line and ends."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(sys.argv[0]))


def say(verdict, code, words):
    sys.stdout.write(f"{verdict}: {' '.join(map(str, words))}\n")
    sys.stdout.flush()
    os._exit(code)


def escaped(*words): say("ESCAPED", 10, words)
def held(*words): say("HELD", 0, words)
def inconclusive(*words): say("INCONCLUSIVE", 11, words)


def bait(key):
    """What the runner knows of the world outside."""
    with open(os.path.join(HERE, "bait.txt")) as lines:
        for line in lines:
            name, _, value = line.rstrip("\n").partition("=")
            if name == key:
                return value
    inconclusive("the runner has put out no bait", key)
