# SPDX-License-Identifier: GPL-2.0-only
"""Nothing is left of the engines, whoever is killed: a daemon and its control group stand for them. Needs root.

    keeper_test.py
"""
import os
import signal
import sys
import tempfile

from harness import Process, Skip, demand, in_folder, read, run_suite, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))

# A daemon of its own session in a group as docker makes it, in the world that world.sh makes.
ENGINE = """
mkdir -p /sys/fs/cgroup/docker/$1
setsid sh -c 'echo $$ >"$2.new"; echo $$ >/sys/fs/cgroup/docker/$1/cgroup.procs; mv "$2.new" "$2"
    exec sleep 3600' sh "$1" "$2" &
exec sleep 3600
"""


def children_of(pid):
    return [int(word) for word in read(f"/proc/{pid}/task/{pid}/children").split()]


class Suite:
    def __init__(self, folder):
        self.folder = folder
        self.group = f"portclash-keeper-{os.getpid()}"
        self.pid_file = None

    def end(self):
        pass

    def said(self):
        return ""

    def start(self):
        if os.geteuid():
            raise Skip("needs root")
        # The daemon's world has this folder, too.
        self.pid_file = tempfile.mktemp(dir=self.folder)
        log = os.path.join(self.folder, "said")
        keeper = Process(log, [sys.executable, f"{HERE}/keeper.py", self.folder, "sh", "-c", ENGINE, "sh",
                               self.group, self.pid_file])
        wait_for("the daemon", lambda: os.path.exists(self.pid_file) or keeper.child.poll() is not None)
        demand(keeper.child.poll() is None, keeper.said())
        return keeper

    def nothing_is_left(self):
        daemon = read(self.pid_file).strip()
        wait_for("the end of the daemon", lambda: not os.path.exists(f"/proc/{daemon}"), 15)
        wait_for("the end of its group", lambda: self.group not in " ".join(self.groups()), 15)

    def groups(self):
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            roots = [line.split()[1] for line in mounts if line.split()[2] == "cgroup2"]
        return [name for root in roots for name in
                (os.listdir(f"{root}/docker") if os.path.isdir(f"{root}/docker") else ())]

    def told_to_end(self):
        keeper = self.start()
        demand(self.group in self.groups(), "the daemon has no group")
        keeper.child.terminate()
        demand(keeper.child.wait(20) == 128 + signal.SIGTERM, str(keeper.child.returncode))
        self.nothing_is_left()

    def the_upper_keeper_killed(self):
        keeper = self.start()
        keeper.child.kill()
        keeper.child.wait()
        self.nothing_is_left()

    def the_lower_keeper_killed(self):
        keeper = self.start()
        for pid in children_of(keeper.child.pid):
            os.kill(pid, signal.SIGKILL)
        keeper.child.wait(20)
        self.nothing_is_left()


TESTS = (
    Suite.told_to_end,
    Suite.the_upper_keeper_killed,
    Suite.the_lower_keeper_killed,
)


def main():
    with in_folder("keeper") as folder:
        return run_suite(Suite(folder), TESTS)


if __name__ == "__main__":
    sys.exit(main())
