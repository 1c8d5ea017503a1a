#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the kernel refuse binds, for tests/package/system.sh.

collide.py theft          a client's connect() takes a port, a server's bind() of it is refused;
                          prints the port
collide.py many N SECONDS N refusals, spread over so many seconds, each of a port of its own;
                          prints the ports
"""
import errno
import socket
import sys
import time

HOST = "127.0.0.1"


def refused(port):
    with socket.socket() as server:
        try:
            server.bind((HOST, port))
        except OSError as e:
            return e.errno == errno.EADDRINUSE
    return False


def theft():
    with socket.socket() as backend, socket.socket() as client:
        backend.bind((HOST, 0))
        backend.listen()
        client.connect(backend.getsockname())
        port = client.getsockname()[1]
        if not refused(port):
            sys.exit("bind() of a client's port was not refused")
        print(port)
        # The verdict is made of what is there now.
        time.sleep(1)


def many(count, seconds):
    holders = []
    for _ in range(count):
        holder = socket.socket()
        holder.bind((HOST, 0))
        holder.listen()
        holders.append(holder)
    for holder in holders:
        port = holder.getsockname()[1]
        if not refused(port):
            sys.exit("bind() of a listener's port was not refused")
        print(port, flush=True)
        time.sleep(seconds / count)


if sys.argv[1] == "theft":
    theft()
else:
    many(int(sys.argv[2]), float(sys.argv[3]))
