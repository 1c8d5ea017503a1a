#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the kernel refuse binds, for tests/package/system.sh.

collide.py theft          a client's connect() takes a port, a server's bind() of it is refused;
                          prints the port
collide.py many N SECONDS N refusals, spread over so many seconds, each of a port of its own;
                          prints the ports
collide.py hold PORT [GROUP]
                          listens on the port, until it is ended; in a control group of that name
                          below its own
collide.py refused PORT   a server's bind() of the port must be refused
collide.py bind PORT      it must not be
"""
import errno
import os
import socket
import sys
import time

HOST = "127.0.0.1"


def refused(port):
    with socket.socket() as server:
        try:
            server.bind((HOST, port))
        except OSError as e:
            if e.errno != errno.EADDRINUSE:
                raise
            return True
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


def enter(group):
    with open("/proc/self/cgroup", encoding="ascii") as f:
        own = [line[3:].strip() for line in f if line.startswith("0::")][0]
    own = "/sys/fs/cgroup" + own
    os.mkdir(own + "/" + group)
    with open(own + "/" + group + "/cgroup.procs", "w", encoding="ascii") as f:
        f.write("0")


def hold(port, group=None):
    if group:
        enter(group)
    with socket.socket() as server:
        server.bind((HOST, port))
        server.listen()
        while True:
            time.sleep(1000)


if sys.argv[1] == "theft":
    theft()
elif sys.argv[1] == "hold":
    hold(int(sys.argv[2]), *sys.argv[3:])
elif sys.argv[1] == "refused":
    sys.exit(not refused(int(sys.argv[2])))
elif sys.argv[1] == "bind":
    sys.exit(refused(int(sys.argv[2])))
else:
    many(int(sys.argv[2]), float(sys.argv[3]))
