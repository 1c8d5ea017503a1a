# SPDX-License-Identifier: GPL-2.0-only
"""Runs the suite of the engines in a world of its own, and ends all that it leaves, however it ends: engines and
containers leave sessions and process groups, so the keeper takes in their orphans. Mounts, files, network devices
and firewall rules go with the namespaces. There are two of it, one above the other: when one is killed, the other
does the work of both.

    keeper.py ROOT COMMAND...
"""
import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
HERE = os.path.dirname(os.path.abspath(__file__))

# The control groups below which the engines make those of containers, by default and for one test.
GROUPS = ("docker", "libpod_parent", "portclash-shop")


def descendants():
    """The processes below this one."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                pass  # it has ended
    found, more = set(), {os.getpid()}
    while more:
        more = {pid for pid, parent in parents.items() if parent in more}
        found |= more
    return found


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def end_all():
    until = time.monotonic() + 10
    while (left := descendants()) and time.monotonic() < until:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)
        reap()


def groups():
    """The control groups of containers, in each hierarchy, the innermost first."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        roots = [line.split()[1] for line in mounts if line.split()[2] in ("cgroup", "cgroup2")]
    return [path for root in roots for name in GROUPS
            for path, _, _ in os.walk(os.path.join(root, name), topdown=False)]


def remove_groups(but):
    for path in groups():
        if path not in but:
            try:
                os.rmdir(path)
            except OSError:
                pass  # a process is in it


def prctl(option, value):
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def status_of(pid):
    """The exit status of a child, when it has ended; no other child is waited for."""
    found = os.waitid(os.P_PID, pid, os.WEXITED)
    return found.si_status if found.si_code == os.CLD_EXITED else 128 + found.si_status


def keep(pid, before):
    """Waits for the child; its exit status. Then nothing is left of it and of what it started."""
    # The child is ended as a terminal would do it, and prints what it has; then this goes on below.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(pid, number))
    try:
        return status_of(pid)
    finally:
        end_all()
        remove_groups(before)


def inner(upper, before):
    """The lower keeper, in a session of its own, which no signal to the upper one's group reaches."""
    os.setsid()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    root, *command = sys.argv[1:]
    suite = subprocess.Popen(["unshare", "--mount", "--net", "sh", f"{HERE}/world.sh", root, *command])
    # The upper one was killed: there is nobody to tell a result to.
    signal.signal(signal.SIGUSR1, lambda *_: suite.kill())
    prctl(PR_SET_PDEATHSIG, signal.SIGUSR1)
    if os.getppid() != upper:
        suite.kill()
    return keep(suite.pid, before)


def main():
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    before, upper = set(groups()), os.getpid()
    pid = os.fork()
    return keep(pid, before) if pid else inner(upper, before)


if __name__ == "__main__":
    sys.exit(main())
