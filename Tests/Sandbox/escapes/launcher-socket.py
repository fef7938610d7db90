#!/usr/bin/python3
# Tries: to find the launcher's or the host's socket by any name.
# Source: unix(7); CVE-2020-15257
# Layers: network_namespace, minimal_root
# Control: none (there is no launcher outside)
import os
import socket
from escape import *

for directory in ("/run", "/var/run", "/tmp", "/work", "/dev", "/"):
    for root, names, files in os.walk(directory):
        names[:] = [name for name in names if not os.path.islink(os.path.join(root, name))
                    and root.count("/") < 3 and name not in ("proc", "usr", "plugin", "in", "out")]
        for name in files:
            path = os.path.join(root, name)
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                continue
            if mode & 0o170000 == 0o140000:
                escaped("a socket at", path)
found = [line.split()[-1] for line in open("/proc/net/unix").readlines()[1:] if line.split()[-1][0] in "/@"]
if found:
    escaped("named sockets:", *found)
for name in ("\0ostler", "\0ostler-launch", "\0ostler-control"):
    try:
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(name)
        escaped("connected to", repr(name))
    except ConnectionRefusedError:
        pass
held("no socket has a name")
