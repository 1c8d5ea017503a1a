# SPDX-License-Identifier: GPL-2.0-only
"""A server that is robbed once a second, in a network namespace of its own. Prints a line of JSON for each
theft: the truth that the agent's verdicts are compared with.

    robbery.py SECONDS FIRST_PORT
"""
import errno
import json
import os
import socket
import sys
import time

BACKEND = 19000
HELD_SECONDS = 5  # the thief keeps the port for so long


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def loopback_up():
    os.system("ip link set lo up")


def child(act, *arguments):
    """The process id of a child that does this, and what it writes (JSON)."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.write(writing, json.dumps(act(*arguments)).encode())
        os.close(writing)
        time.sleep(HELD_SECONDS if act is steal else 0)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        return pid, json.loads(told.read())


def steal():
    """The kernel gives a client the one port of the range."""
    steal.socket = socket.create_connection(("127.0.0.1", BACKEND))
    return steal.socket.getsockname()[1]


def serve(port):
    server = socket.socket()
    try:
        server.bind(("0.0.0.0", port))
    except OSError as why:
        return why.errno
    return 0


def main(seconds, first):
    loopback_up()
    backend = socket.socket()
    backend.bind(("127.0.0.1", BACKEND))
    backend.listen(1000)
    begin = time.monotonic()
    for n in range(seconds):
        port = first + n
        write("/proc/sys/net/ipv4/ip_local_port_range", f"{port} {port}")
        thief, given = child(steal)
        when = time.time()
        victim, refused = child(serve, port)
        truth = {"time": when, "port": port, "thief": thief, "victim": victim,
                 "staged": given == port and refused == errno.EADDRINUSE}
        print(json.dumps(truth), flush=True)
        while True:
            ended, _ = os.waitpid(-1, os.WNOHANG) if n else (0, 0)
            if not ended:
                break
        time.sleep(max(0, begin + n + 1 - time.monotonic()))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
