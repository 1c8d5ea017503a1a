# SPDX-License-Identifier: GPL-2.0-only
"""Collisions for the tests of `portclash top`, in a network namespace and with a /run of their own."""
import os
import signal
import socket
import subprocess
import sys

from harness import demand, wait_for

RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
RESERVED = "/proc/sys/net/ipv4/ip_local_reserved_ports"

# A client, with a name of its own, whose port the kernel chooses; it tells when its connection ends.
CLIENT = """
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode("utf-8", "surrogateescape"), 0, 0, 0)
client = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
print(client.getsockname()[1], flush=True)
try:
    client.recv(1)
except OSError:
    pass
print("ended", flush=True)
"""

# A server that is refused, with a name of its own.
SERVER = """
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode("utf-8", "surrogateescape"), 0, 0, 0)
server = socket.socket()
try:
    server.bind(("0.0.0.0", int(sys.argv[2])))
    print("bound", flush=True)
except OSError as why:
    print(why.errno, flush=True)
"""


def prepare():
    """Nothing of this machine is changed: /run, where reservations are noted, is another one."""
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "stage", "/run"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text + "\n")


def content(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def netns():
    return os.stat("/proc/self/ns/net").st_ino


class Theft:
    """A client that was given the only port of the range, and a server that wants it."""

    def __init__(self, port, thief="thief", server="victim"):
        self.port, self.server = port, server
        self.backend = socket.create_server(("127.0.0.1", 0))
        backend_port = self.backend.getsockname()[1]
        before = content(RANGE)
        write(RANGE, f"{port} {port}")
        self.client = subprocess.Popen([sys.executable, "-c", CLIENT, thief, str(backend_port)],
                                       stdout=subprocess.PIPE, text=True)
        told = int(self.client.stdout.readline())
        write(RANGE, " ".join(before.split()))
        self.accepted = self.backend.accept()[0]
        demand(told == port, f"the kernel chose {told}, not {port}")

    def refuse(self):
        """One refused bind(); the pid of its process."""
        child = subprocess.Popen([sys.executable, "-c", SERVER, self.server, str(self.port)],
                                 stdout=subprocess.PIPE, text=True)
        demand(child.stdout.read() == "98\n", "the server was not refused")
        child.wait()
        return child.pid

    def is_connected(self):
        return self.client.poll() is None

    def wait_for_end(self):
        """What the client says when its connection has ended."""
        return wait_for("the end of the client", lambda: self.client.poll() is not None) and \
            self.client.stdout.read().strip()

    def end(self):
        if self.client.poll() is None:
            self.client.send_signal(signal.SIGKILL)
        self.client.wait()
        self.accepted.close()
        self.backend.close()


def can_bind(port):
    server = socket.socket()
    try:
        server.bind(("0.0.0.0", port))
        return True
    except OSError:
        return False
    finally:
        server.close()
