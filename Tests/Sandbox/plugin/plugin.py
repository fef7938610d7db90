"""Runs an attempt of the corpus as a part of a plugin: with its launch channel, in its sandbox, as its user."""
import json
import os
import subprocess
import sys

LAUNCH_CHANNEL = 3


def attempt(payload):
    os.set_inheritable(LAUNCH_CHANNEL, True)
    done = subprocess.run(["/plugin/corpus/" + payload["attempt"], *payload.get("args", [])], stdin=subprocess.DEVNULL,
                          capture_output=True, pass_fds=[LAUNCH_CHANNEL], cwd="/work", timeout=300)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


for line in sys.stdin:
    message = json.loads(line)
    result = {}
    if message["method"] == "initialize":
        result = {"protocol": 0, "name": "escapist", "executors": ["escape"]}
    elif message["method"] == "execute":
        task = message["params"]["task"]
        code, *texts = attempt(message["params"]["payload"])
        for stream, text in zip(("stdout", "stderr"), texts):
            params = {"task": task, "stream": stream, "text": text}
            print(json.dumps({"jsonrpc": "2.0", "method": "output", "params": params}))
        result = {"task": task, "outcome": "failed" if code else "succeeded", "exit_code": code}
        if code < 0:
            result.update(exit_code=-1, signal=-code)
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
