# SPDX-License-Identifier: GPL-2.0-only
"""What the suite of the guard is made of: guards with folders of their own, network namespaces with
processes in them, control groups."""
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
RESERVED = "/proc/sys/net/ipv4/ip_local_reserved_ports"
NOBODY = 65534

# The suite is a service, so that its guards touch no ports but its own.
UNIT = "portclash-guard-test.service"

LIBC = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failure(text)


def wait_for(what, seconds=15):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def parse_ports(text):
    ports = set()
    for part in text.strip().split(","):
        if part:
            low, _, high = part.partition("-")
            ports.update(range(int(low), int(high or low) + 1))
    return ports


class Guard:
    """A guard with folders of its own, and what it printed."""

    all = []

    def __init__(self, binary, *options, policy=f"unit:{UNIT}"):
        Guard.all.append(self)
        self.binary = binary
        self.folder = tempfile.mkdtemp(prefix="guard-")
        os.makedirs(f"{self.folder}/root/etc/sysctl.d")
        self.options = ["--state", f"{self.folder}/state", "--root", f"{self.folder}/root"]
        self.more = ["--policy", policy, *options]
        self.process = None
        self.lines = f"{self.folder}/lines"

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "guard", "--json", *self.options, *self.more],
            stdout=open(self.lines, "a"), stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        check("guards" in line, f"the guard does not start: {line}")
        return line

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(10)
        self.process.stderr.close()
        self.process = None

    def forget(self):
        """However the test ended: no guard is left, and nothing that it reserved."""
        if self.process:
            self.end()
        self.run("--off")
        shutil.rmtree(self.folder)

    def run(self, *options):
        return subprocess.run([self.binary, "guard", *self.options, *options],
                              capture_output=True, text=True, timeout=60)

    def status(self):
        done = self.run("--status", "--json")
        return json.loads(done.stdout)

    def told(self, deed):
        with open(self.lines) as lines:
            return [e for e in map(json.loads, lines) if e["deed"] == deed]


class Space:
    """A process in a network namespace of its own that does what it is asked."""

    all = []

    def __init__(self, uid=0, own_user=False):
        Space.all.append(self)
        self.here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self.here.close()
            self.live(there, uid, own_user)
        there.close()
        check(self.ask("True") is True, "stage: no namespace")
        self.netns = os.stat(f"/proc/{self.pid}/ns/net").st_ino

    @staticmethod
    def live(there, uid, own_user):
        listeners = []
        flags = CLONE_NEWNET
        if uid:
            os.setgid(uid)
            os.setuid(uid)
        if own_user:
            flags |= CLONE_NEWUSER
        if flags and (not uid or own_user) and LIBC.unshare(flags):
            os._exit(1)
        names = {"listeners": listeners, "socket": socket, "listen": lambda port: listeners.append(
            socket.create_server(("127.0.0.1", port))), "os": os}
        while True:
            asked = there.recv(65536).decode()
            if not asked:
                os._exit(0)
            try:
                there.send(repr(eval(asked, names)).encode())
            except Exception as error:  # what it got instead
                there.send(repr(str(error)).encode())

    def ask(self, expression):
        self.here.send(expression.encode())
        answer = self.here.recv(1 << 20).decode()
        return eval(answer) if answer else None

    def listen(self, *ports):
        for port in ports:
            self.ask(f"listen({port})")

    def reserved(self):
        return parse_ports(self.ask(f"open({RESERVED!r}).read()"))

    def write(self, text):
        self.ask(f"open({RESERVED!r}, 'w').write({text!r})")

    def end(self):
        if self.pid:
            self.here.close()
            os.waitpid(self.pid, 0)
        self.pid = 0


class Group:
    """A control group with a process in it."""

    def __init__(self, name, pid):
        self.root = next(line.split()[1] for line in open("/proc/self/mounts")
                         if line.split()[2] == "cgroup2")
        self.name, self.pid = name, pid

    def __enter__(self):
        os.makedirs(f"{self.root}/{self.name}", exist_ok=True)
        with open("/proc/self/cgroup") as groups:
            self.before = next(line for line in groups if line.startswith("0::"))[3:].strip()
        self.move(self.name)

    def __exit__(self, *_):
        self.move(self.before)
        path = self.name
        while path:
            try:
                os.rmdir(f"{self.root}/{path}")
            except OSError:
                break  # somebody else is in it
            path = os.path.dirname(path)

    def move(self, name):
        with open(f"{self.root}/{name}/cgroup.procs", "w") as procs:
            procs.write(str(self.pid))
