# SPDX-License-Identifier: GPL-2.0-only
"""Thefts of ports of all kinds, one after another, beside clients at full connect rate: after each,
`portclash free` and the server's first bind(). Prints how long it took, and "N passed, N failed, N skipped"
last."""
import argparse
import collections
import errno
import json
import os
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "guard"))
from stage import CLONE_NEWNET, LIBC, Failure, check  # noqa: E402

SYSCTL = "/proc/sys/net/ipv4/"
STORM_PORT = 7900
# The range is so small that a free port is given to a client in milliseconds.
LOW, HIGH = 45000, 45063
HELD_BY_STORM = 44
BACKEND_PORT = 7001
BYSTANDER_PORT = 7002
WORD = b"still here"
STATES = {1: "ESTABLISHED", 2: "SYN_SENT", 4: "FIN_WAIT1", 5: "FIN_WAIT2", 6: "TIME_WAIT", 8: "CLOSE_WAIT",
          9: "LAST_ACK", 11: "CLOSING"}


def sysctl(name, value):
    with open(SYSCTL + name, "w") as file:
        file.write(value)


def bring_up_lo():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        import fcntl
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))


def enter_new_space():
    check(LIBC.unshare(CLONE_NEWNET) == 0, "stage: no network namespace")
    bring_up_lo()
    sysctl("ip_local_port_range", f"{LOW} {HIGH}")


def state_of(port, peer):
    """The kernel's word on the connection between the two ports."""
    for name in ("tcp", "tcp6"):
        with open(f"/proc/self/net/{name}") as table:
            for line in list(table)[1:]:
                words = line.split()
                if (int(words[1].split(":")[1], 16), int(words[2].split(":")[1], 16)) == (port, peer):
                    return STATES.get(int(words[3], 16))
    return None


def close_at_once(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def fill(s):
    s.setblocking(False)
    try:
        while True:
            s.send(bytes(65536))
    except BlockingIOError:
        s.setblocking(True)


class Theft:
    """A client, which has the port that a server wants; and another connection of the same process."""

    def __init__(self, address="127.0.0.1", family=socket.AF_INET, kind=socket.SOCK_STREAM):
        self.address, self.family, self.kind = address, family, kind
        self.tcp = kind == socket.SOCK_STREAM
        self.open = []
        self.client = self.peer = None
        self.backend = self.socket(BACKEND_PORT if self.tcp else BACKEND_PORT + 1)
        if self.tcp:
            self.backend.listen(4)
        server = self.keep(socket.create_server(("127.0.0.1", BYSTANDER_PORT)))
        self.bystander = self.keep(socket.create_connection(server.getsockname()))
        self.other_end = self.keep(server.accept()[0])

    def keep(self, s):
        self.open.append(s)
        return s

    def socket(self, port=None):
        s = self.keep(socket.socket(self.family, self.kind))
        if port:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((self.address, port))
        return s

    def connect(self):
        self.client = self.socket()
        self.client.connect(self.backend.getsockname()[:2])
        self.port = self.client.getsockname()[1]
        if self.tcp:
            self.peer = self.keep(self.backend.accept()[0])
        return self

    def reach(self, state):
        end = time.monotonic() + 5
        while state_of(self.port, BACKEND_PORT) != state:
            check(time.monotonic() < end, f"stage: {state_of(self.port, BACKEND_PORT)}, not {state}")
        return self

    def serve(self):
        """A server without options that binds all addresses and listens."""
        family = self.family
        s = socket.socket(family, self.kind)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            s.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", self.port))
            if self.tcp:
                s.listen(4)
        except OSError:
            s.close()
            raise
        return s

    def expect_bystander(self):
        for one, two in ((self.bystander, self.other_end), (self.other_end, self.bystander)):
            one.sendall(WORD)
            two.settimeout(5)
            check(two.recv(64) == WORD, "the client's other connection was touched")

    def end(self):
        for s in self.open:
            try:
                close_at_once(s)
            except OSError:
                s.close()


def established():
    return Theft().connect().reach("ESTABLISHED")


def established_v6():
    return Theft("::1", socket.AF_INET6).connect().reach("ESTABLISHED")


def mapped():
    return Theft("::ffff:127.0.0.1", socket.AF_INET6).connect().reach("ESTABLISHED")


def syn_sent():
    t = Theft()
    t.backend.listen(0)
    for _ in range(2):
        s = t.socket()
        s.setblocking(False)
        s.connect_ex(t.backend.getsockname())
    t.client = t.socket()
    t.client.setblocking(False)
    t.client.connect_ex(t.backend.getsockname())
    t.port = t.client.getsockname()[1]
    return t.reach("SYN_SENT")


def close_wait():
    t = Theft().connect()
    t.peer.close()
    return t.reach("CLOSE_WAIT")


def fin_wait1():
    t = Theft().connect()
    fill(t.client)
    t.client.shutdown(socket.SHUT_WR)
    return t.reach("FIN_WAIT1")


def fin_wait1_orphan():
    t = Theft().connect()
    fill(t.client)
    t.client.close()
    return t.reach("FIN_WAIT1")


def fin_wait2():
    t = Theft().connect()
    t.client.shutdown(socket.SHUT_WR)
    return t.reach("FIN_WAIT2")


def fin_wait2_orphan():
    t = Theft().connect()
    t.client.close()
    return t.reach("FIN_WAIT2")


def last_ack_orphan():
    t = Theft().connect()
    fill(t.client)
    t.peer.shutdown(socket.SHUT_WR)
    t.reach("CLOSE_WAIT")
    t.client.close()
    return t.reach("LAST_ACK")


def closing_orphan():
    t = fin_wait1_orphan()
    t.peer.shutdown(socket.SHUT_WR)
    return t.reach("CLOSING")


def time_wait():
    t = Theft().connect()
    t.client.close()
    t.peer.close()
    return t.reach("TIME_WAIT")


def self_connect():
    """In a range of one port. Another client can be quicker there: then the next one."""
    for port in range(LOW, HIGH):
        t = Theft()
        sysctl("ip_local_port_range", f"{port} {port}")
        try:
            t.client = t.socket()
            t.client.connect(("127.0.0.1", port))
            t.port = port
            return t
        except OSError:
            t.end()
        finally:
            sysctl("ip_local_port_range", f"{LOW} {HIGH}")
    raise Failure("stage: no connection to itself")


def listener_gone():
    """The server's last run has ended, and a process that inherited its connection has not."""
    t = Theft().connect()
    t.client, t.port = t.peer, BACKEND_PORT
    t.backend.close()
    return t


def udp_connected():
    return Theft(kind=socket.SOCK_DGRAM).connect()


def udp_v6():
    return Theft("::1", socket.AF_INET6, socket.SOCK_DGRAM).connect()


def udp_sent():
    t = Theft(kind=socket.SOCK_DGRAM)
    t.client = t.socket()
    t.client.sendto(b"x", t.backend.getsockname())
    t.port = t.client.getsockname()[1]
    return t


KINDS = [established, established_v6, mapped, syn_sent, close_wait, fin_wait1, fin_wait1_orphan, fin_wait2,
         fin_wait2_orphan, last_ack_orphan, closing_orphan, time_wait, self_connect, listener_gone, udp_connected,
         udp_v6, udp_sent]


def storm():
    """Clients at full rate, each of which keeps its port for a while: a free port goes to the next of them."""
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    LIBC.prctl(1, signal.SIGKILL)
    os.nice(5)
    server = socket.create_server(("127.0.0.1", STORM_PORT), backlog=64)
    held = collections.deque()
    while True:
        s = socket.socket()
        try:
            s.connect(("127.0.0.1", STORM_PORT))
            held.append((s, server.accept()[0]))
        except OSError:
            s.close()
        if len(held) > HELD_BY_STORM:
            client, peer = held.popleft()
            close_at_once(peer)
            client.close()


class Space:
    """A network namespace with a storm in it, in which thefts are staged."""

    def __init__(self, container):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        enter_new_space()
        self.fd = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.storm = storm()
        # portclash runs on the host, and is told which container.
        self.options = ["--netns", str(os.fstat(self.fd).st_ino)] if container else []
        self.outside = self.home if container else self.fd
        LIBC.setns(self.home, CLONE_NEWNET)

    def __enter__(self):
        LIBC.setns(self.fd, CLONE_NEWNET)
        return self

    def __exit__(self, *_):
        LIBC.setns(self.home, CLONE_NEWNET)

    def end(self):
        os.kill(self.storm, signal.SIGKILL)
        os.waitpid(self.storm, 0)
        os.close(self.fd)


class Bench:
    def __init__(self, arguments):
        self.binary = os.path.abspath(arguments.portclash)
        self.count = arguments.count
        self.state = tempfile.mkdtemp(prefix="thefts-")
        self.times = {}
        self.failures = []

    def free(self, theft, space):
        port = f"{theft.port}/{'tcp' if theft.tcp else 'udp'}"
        done = subprocess.run([self.binary, "free", port, "--yes", "--json", "--wait", "1", "--state", self.state,
                               *space.options], capture_output=True, text=True, timeout=60,
                              preexec_fn=lambda: LIBC.setns(space.outside, CLONE_NEWNET))
        line = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
        check(done.returncode == 0, f"status {done.returncode}: {line.get('why')} {done.stderr.strip()}")
        return line

    def rob_and_free(self, kind, space):
        theft = kind()
        # Two connections to different servers can have one port, and then both are in the way.
        while theft.bystander.getsockname()[1] == theft.port:
            theft.end()
            theft = kind()
        try:
            try:
                theft.serve().close()
                raise Failure("stage: the server got the port")
            except OSError as error:
                check(error.errno == errno.EADDRINUSE, f"stage: {error}")
            begin = time.monotonic()
            line = self.free(theft, space)
            server = theft.serve()
            took = time.monotonic() - begin
            check(line["ended"] >= 1, "nothing was ended")
            theft.expect_bystander()
            server.close()
        finally:
            theft.end()
        return took, line["seconds"]

    def run(self):
        spaces = [Space(False), Space(True)]
        for i in range(self.count):
            kind = KINDS[i % len(KINDS)]
            container = i % 3 == 2
            name = kind.__name__ + (" in a container" if container else "")
            with spaces[container] as space:
                try:
                    self.times.setdefault(name, []).append(self.rob_and_free(kind, space))
                except (Failure, OSError, subprocess.TimeoutExpired) as error:
                    self.failures.append(f"{name}: {error}")
        for space in spaces:
            space.end()

    def report(self):
        everything = [t for times in self.times.values() for t in times]
        print("| kind | thefts | median, ms | worst, ms | of these, ending: median | worst |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name, times in [*sorted(self.times.items()), ("all", everything)]:
            if not times:
                continue
            total, ending = ([1000 * t[i] for t in times] for i in (0, 1))
            print(f"| {name.replace('_', ' ')} | {len(times)} | {statistics.median(total):.1f} | {max(total):.1f} | "
                  f"{statistics.median(ending):.1f} | {max(ending):.1f} |")
        for failure in self.failures[:20]:
            print(f"FAIL {failure}")
        print(f"{len(everything)} thefts, each server up at the first try: {not self.failures}")
        print(f"{len(everything)} passed, {len(self.failures)} failed, 0 skipped")
        return 1 if self.failures else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=102)
    parser.add_argument("portclash")
    bench = Bench(parser.parse_args())
    bench.run()
    sys.exit(bench.report())


main()
