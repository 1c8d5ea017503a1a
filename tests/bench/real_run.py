# SPDX-License-Identifier: GPL-2.0-only
"""Processes of `make bench-real` in control groups of their own: what they took, and their end, whatever happens."""
import ctypes
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

from real_loads import Wrong

PREFIX = "portclash-bench-"
PATIENCE_S = 30
# After the agent says that it is ready: what it does once then is no cost of the load.
SETTLE_S = 0.3
TRACEFS = "/sys/kernel/tracing"
# Tools print no line when they are ready: so long after their start they are, or have ended.
PEER_SETTLE_S = 1
PR_SET_CHILD_SUBREAPER = 36
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
# Columns of /proc/stat: user, nice, system, irq, softirq
BUSY = (1, 2, 3, 6, 7)


def unified():
    """Where cgroup v2 is mounted."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words[2] == "cgroup2":
                return words[1]
    raise Wrong("cgroup v2 is not mounted")


def sysctl(name, value=None):
    with open(f"/proc/sys/{name}", "r" if value is None else "w", encoding="ascii") as file:
        return file.read().strip() if value is None else file.write(value)


def bring_up(folder, mount):
    """In network and mount namespaces of our own."""
    with open("/proc/self/net/dev", encoding="ascii") as file:
        devices = re.findall(r"^ *(\S+):", file.read(), re.MULTILINE)
    if devices != ["lo"]:
        raise Wrong("run it with unshare --net --mount (make bench-real does)")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "--bind", folder, mount], check=True)
    # libbpf looks for tracepoints there.
    if not os.listdir(TRACEFS):
        subprocess.run(["mount", "-t", "tracefs", "tracefs", TRACEFS], check=False)


def said_last(file):
    file.seek(0)
    return file.read().decode("utf-8", "replace")[-500:]


class NotHere(Exception):
    """A tool that this kernel does not let run."""


class Group:
    def __init__(self, path):
        self.path = path
        os.mkdir(path)

    def enter(self):
        with open(f"{self.path}/cgroup.procs", "w", encoding="ascii") as file:
            file.write("0")

    def microseconds(self):
        with open(f"{self.path}/cpu.stat", encoding="ascii") as file:
            return int(re.search(r"usage_usec ([0-9]+)", file.read()).group(1))


def end_group(path):
    """Kills what is in the control group; removes it once that has ended."""
    for _ in range(PATIENCE_S * 10):
        try:
            with open(f"{path}/cgroup.procs", encoding="ascii") as file:
                members = file.read().split()
            for pid in members:
                os.kill(int(pid), signal.SIGKILL)
            os.rmdir(path)
            return
        except ProcessLookupError:
            continue
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.1)
    raise Wrong(f"{path} has processes that do not end")


def end_leftovers():
    """Of a run that was killed."""
    root = unified()
    for name in os.listdir(root):
        if name.startswith(PREFIX) and not os.path.exists(f"/proc/{name[len(PREFIX):].split('-')[0]}"):
            end_group(f"{root}/{name}")


class Runner:
    def __init__(self, collide):
        base = f"{unified()}/{PREFIX}{os.getpid()}"
        self.collide = os.path.abspath(collide)
        self.children = []
        # Processes that servers leave behind become children of this one, which reaps them.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.load, self.agent = Group(f"{base}-load"), Group(f"{base}-agent")

    def spawn(self, words, group, owner=None, **options):
        def enter():
            group.enter()
            if owner:
                os.setgroups([])
                os.setgid(owner.pw_gid)
                os.setuid(owner.pw_uid)
        # In a session of its own: Ctrl-C is for this program, which ends the others.
        child = subprocess.Popen(words, preexec_fn=enter, start_new_session=True, env={**os.environ, "PATH":
                                 os.environ["PATH"] + ":/usr/sbin", "LC_ALL": "C.UTF-8"}, **options)
        self.children.append(child)
        return child

    def call(self, words, owner=None):
        """Returns what it printed."""
        child = self.spawn(words, self.load, owner, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        said = child.communicate()[0]
        self.children.remove(child)
        if child.returncode:
            raise Wrong(f"{words[0]} ended with {child.returncode}: {said[-500:]}")
        return said

    client = call

    def serve(self, words, port, owner=None):
        """Starts a server, and waits until it listens."""
        said = tempfile.TemporaryFile()
        child = self.spawn(words, self.load, owner, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and child.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        child.kill()
        raise Wrong(f"{words[0]} does not listen on port {port}: {said_last(said)}")

    def start_agent(self, command, path):
        said = tempfile.TemporaryFile()
        with open(path, "wb") as out:
            child = self.spawn(command, self.agent, stdin=subprocess.DEVNULL, stdout=out, stderr=said)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and child.poll() is None:
            with open(path, "rb") as file:
                if b'"ready"' in file.read():
                    time.sleep(SETTLE_S)
                    return child
            time.sleep(0.02)
        raise Wrong(f"the agent does not start (status {child.poll()}): {said_last(said)}")

    def end_agent(self, child):
        time.sleep(SETTLE_S)
        if self.end_watcher(child):
            raise Wrong(f"the agent ended with {child.returncode}")

    def end_watcher(self, child):
        child.send_signal(signal.SIGTERM)
        self.children.remove(child)
        return child.wait(PATIENCE_S)

    def start_peer(self, name):
        """A tool of libbpf-tools, in the place of the agent."""
        said = tempfile.TemporaryFile()
        child = self.spawn([name], self.agent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        time.sleep(PEER_SETTLE_S)
        if child.poll() is not None:
            self.children.remove(child)
            raise NotHere(f"{name}: {said_last(said).strip().splitlines()[-1]}")
        return child

    def start_collisions(self, first, path):
        return self.spawn([self.collide, str(first), path], self.load, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True)

    def end_collisions(self, child, before_judging):
        """Stops them. Once the file that is judged is complete: what was staged and what was named."""
        child.stdin.write("enough\n")
        child.stdin.flush()
        staged, failed = map(int, re.findall(r"[0-9]+", child.stdout.readline()))
        if before_judging:
            before_judging()
        numbers = re.findall(r"([0-9]+) ([a-z]+)", child.communicate()[0])
        self.children.remove(child)
        if child.returncode or failed:
            raise Wrong(f"collisions: {failed} could not be staged, status {child.returncode}")
        return {"staged": staged, **{word: int(value) for value, word in numbers}}

    def clocks(self):
        """Seconds; microseconds of servers and clients, of the agent, and of the whole machine."""
        with open("/proc/stat", encoding="ascii") as file:
            words = file.readline().split()
        busy = sum(int(words[i]) for i in BUSY) * 1e6 / CLOCK_TICKS
        return time.monotonic(), self.load.microseconds(), self.agent.microseconds(), busy

    def end(self, group):
        """Ends all that is in the group, and all that it has left behind."""
        for child in self.children:
            child.kill()
        for child in self.children:
            child.wait()
        self.children.clear()
        end_group(group.path)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def end_all(self):
        """Ends the servers, and what else still runs."""
        self.end(self.load)
        self.load = Group(self.load.path)

    def close(self):
        self.end(self.load)
        self.end(self.agent)
