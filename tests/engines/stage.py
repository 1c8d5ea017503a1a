# SPDX-License-Identifier: GPL-2.0-only
"""What the suite of the engines is made of: engines, servers beside them, and an agent that watches."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

from harness import Process, demand, read, read_lines, wait_for

ROOTLESS = 64999

# The length of command lines that is compared: portclash cuts long ones.
CUT = 100

HTTPD = ("httpd", "-f", "-p")
SERVER = """
import socket, sys, time
s = socket.create_server(('0.0.0.0', int(sys.argv[1])))
print('ready', flush=True)
time.sleep(600)
"""

# A client to which the kernel gives the port, because it may choose no other. Its server's port is the next.
THIEF = """
import socket, sys, time
port = int(sys.argv[1])
server = socket.create_server(('127.0.0.1', port + 1))
with open('/proc/sys/net/ipv4/ip_local_port_range') as file:
    before = file.read()
with open('/proc/sys/net/ipv4/ip_local_port_range', 'w') as file:
    file.write(f'{port} {port}')
try:
    client = socket.create_connection(('127.0.0.1', port + 1))
finally:
    with open('/proc/sys/net/ipv4/ip_local_port_range', 'w') as file:
        file.write(before)
print('ready' if client.getsockname()[1] == port else client.getsockname(), flush=True)
time.sleep(600)
"""


def call(command, **how):
    """(worked, all that it said)"""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, check=False, **how)
    return done.returncode == 0, done.stdout.strip()


def do(command, **how):
    worked, said = call(command, **how)
    demand(worked, f"{command}: {said}")
    return said


def image_of(folder, client):
    """The tar archive of an image: two static programs, one of them under many names."""
    root = os.path.join(folder, "image")
    os.makedirs(f"{root}/bin")
    for path in ("/mnt/fetched/usr/bin/busybox", "/mnt/fetched/bin/busybox", "/bin/busybox"):
        if os.path.exists(path):
            shutil.copy(path, f"{root}/bin/busybox")
            break
    shutil.copy(client, f"{root}/bin/client")
    for name in ("sh", "httpd", "grep", "sleep", "timeout"):
        os.symlink("busybox", f"{root}/bin/{name}")
    archive = "/run/image.tar"  # the rootless user reads it, too
    do(["tar", "-C", root, "-cf", archive, "."])
    return archive


class Engine:
    """docker or podman, with options for each container; `how` is as whom."""

    def __init__(self, name, always, archive, **how):
        self.name, self.always, self.how = name, always, how
        do([name, "import", archive, "bb"], **how)

    def __call__(self, *arguments):
        return do([self.name, *arguments], **self.how)

    def try_to(self, *arguments):
        return call([self.name, *arguments], **self.how)

    def command(self, name, options, *program):
        return ["run", "-d", "--name", name, *self.always, *options, "bb", *program]

    def run(self, name, options, *program):
        """The container's id."""
        said = self(*self.command(name, options, *program))
        ident = said.splitlines()[-1]
        demand(len(ident) == 64, said)
        return ident

    def pid_of(self, name):
        return int(self("inspect", "-f", "{{.State.Pid}}", name))

    def end_containers(self):
        for name in self("ps", "-aq").split():
            self.try_to("rm", "-f", name)


class Dockerd:
    def __init__(self, folder):
        self.process = Process(os.path.join(folder, "dockerd"), [
            "dockerd", "--exec-opt", "native.cgroupdriver=cgroupfs"])
        wait_for("dockerd", lambda: call(["docker", "version"])[0] or self.process.child.poll() is not None)
        demand(self.process.child.poll() is None, self.process.said())


class Agent:
    """portclash agent, outside of all containers, with what it keeps when it watches."""

    def __init__(self, folder, portclash, *options):
        self.log = os.path.join(folder, f"log-{time.monotonic_ns()}")
        self.process = Process(self.log + ".said", [portclash, "agent", "--config", "none", "--log", self.log,
                                                    "--repeat-interval", "0", *options])
        wait_for("the agent", lambda: any(e["type"] == "ready" for e in read_lines(self.log)) or
                 self.process.child.poll() is not None)
        demand(self.process.child.poll() is None, self.process.said())

    def refusals(self, port):
        return [e for e in read_lines(self.log) if e["type"] == "refusal" and e["requested"]["port"] == port]

    def refusal(self, port, count=1):
        """The last verdict on the port, of so many."""
        return wait_for(f"verdict {count} on port {port}",
                        lambda: self.refusals(port)[-1:] if len(self.refusals(port)) >= count else None)[0]

    def end(self):
        demand(self.process.end() == 0, self.process.said())


class Server:
    """A process of this machine that listens on the port, or does what `program` does with it."""

    def __init__(self, port, program=SERVER):
        self.child = subprocess.Popen([sys.executable, "-c", program, str(port)], stdout=subprocess.PIPE)
        said = self.child.stdout.readline()
        demand(said == b"ready\n", str(said))

    def end(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


def try_to_listen(port):
    """Does this process get the port?"""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("0.0.0.0", port))
            s.listen()
        except OSError:
            return False
        return True


def wait_for_listener(port):
    """Until somebody listens on the port. It asks /proc: a bind() of its own could refuse the server's."""
    wait_for(f"the server on port {port}", lambda: owners_of(port))


def take_advice(event, more=()):
    """Runs the commands for now as they are printed, in their order."""
    commands = [fix["command"] for fix in event["fixes"] if not fix["lasting"] and fix["command"]]
    demand(commands, "no command for now: " + json.dumps(event["fixes"]))
    for command in commands:
        do(["sh", "-c", command], **dict(more))
    return commands


def owners_of(port):
    """The processes of this network namespace that have a TCP listener on the port, as /proc says."""
    lines = read("/proc/net/tcp").splitlines()[1:] + read("/proc/net/tcp6").splitlines()[1:]
    fields = [line.split() for line in lines]
    sockets = {f"socket:[{f[9]}]" for f in fields if f[1].endswith(f":{port:04X}") and f[3] == "0A"}
    return sorted({int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if sockets & files_of(pid)})


def files_of(pid):
    found = set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            found.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    except OSError:
        pass  # it has ended, or closed it
    return found


def truth_of(pid, container=None, name=None, word="system"):
    """The fields of a verdict's process that do not depend on the moment."""
    command = " ".join(filter(None, arguments_of(pid)))
    return {"pid": pid, "comm": read(f"/proc/{pid}/comm").strip(), "uid": os.stat(f"/proc/{pid}").st_uid,
            "netns": netns_of(pid), "cmdline": command[:CUT], "unit": None, "pod": None, "container": container,
            "container_name": name, "container_word": word if container else None}


def holder_of(event):
    """The process that the cause speaks of."""
    holder = next(h for h in event["holders"] if h["blocking"])
    return holder["process"]


def expect(who, truth):
    got = {field: who[field] for field in truth}
    got["cmdline"] = (got["cmdline"] or "")[:CUT]
    demand(got == truth, f"{got}, but it is {truth}")


def arguments_of(pid):
    return read(f"/proc/{pid}/cmdline").split("\0")


def netns_of(pid):
    return os.stat(f"/proc/{pid}/ns/net").st_ino


# A process of busybox that is the first of its container does not end by SIGTERM.
AT_ONCE = "--stop-signal=KILL"

# podman's own limits are above those of a root without CAP_SYS_RESOURCE, and its limit of processes needs a
# controller that a cgroup v2 beside v1 lacks.
POSSIBLE_LIMITS = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=16384:16384", "--pids-limit=-1"]
WITHIN_LIMITS = [*POSSIBLE_LIMITS, AT_ONCE]


def may_raise_limits():
    """CAP_SYS_RESOURCE, which root of a virtual machine can lack."""
    line = next(line for line in read("/proc/self/status").splitlines() if line.startswith("CapEff:"))
    return int(line.split()[1], 16) >> 24 & 1


def as_rootless():
    """What subprocess needs to be the rootless user."""
    return {"user": ROOTLESS, "group": ROOTLESS, "extra_groups": [], "cwd": "/run/rootless",
            "env": {"PATH": os.environ["PATH"], "HOME": "/run/rootless", "XDG_RUNTIME_DIR": "/run/rootless/run",
                    "USER": "rootless"}}


def on_signals():
    """A suite that is told to end ends its tests in order."""
    def stop(number, _):
        sys.exit(128 + number)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
