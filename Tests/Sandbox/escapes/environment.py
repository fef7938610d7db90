#!/usr/bin/python3
# Tries: to find variables of the caller.
# Source: environ(7); CWE-526
# Layers: environment
# Control: none (outside, the environment is the tester's)
import os
from escape import *

allowed = {"PATH", "HOME", "LANG", "LOGNAME", "TMPDIR", "USER", "PWD", "SHLVL", "_", "OLDPWD", "LC_CTYPE"}
strange = set(os.environ) - allowed
if strange:
    escaped("variables of the caller:", *sorted(strange))
token = bait("token")
with open("/proc/self/environ", "rb") as file:
    if token.encode() in file.read():
        escaped("the token is in the initial environment")
held("only", *sorted(os.environ))
