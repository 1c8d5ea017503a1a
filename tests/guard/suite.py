# SPDX-License-Identifier: GPL-2.0-only
"""The guard under trouble: without it so many collisions, with it none; and what bad input gets.
Prints "N passed, N failed, N skipped" last."""
import argparse
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time

from stage import CLONE_NEWNET, LIBC, NOBODY, UNIT, Failure, Group, Guard, Space, check, wait_for


def numbers(line):
    return {k: float(v) for k, v in re.findall(r"(\w+)=([0-9.]+)", line)}


class Suite:
    def __init__(self, arguments):
        self.arguments = arguments
        self.binary = arguments.portclash

    def chaos(self, *options):
        return subprocess.Popen([self.arguments.chaos, "-s", str(self.arguments.seconds), *options],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def result(process):
        out, err = process.communicate(timeout=600)
        check(process.returncode == 0, f"chaos: {err.strip()}")
        return numbers(out)

    def total(self, runs):
        sums = {}
        for run in runs:
            for key, value in run.items():
                sums[key] = max(sums.get(key, 0), value) if key in ("reserved_ms", "seconds") else \
                    sums.get(key, 0) + value
        return sums

    def show(self, name, sums):
        print(f"    {name}: {sums['restarts']:.0f} restarts, {sums['connects']:.0f} connections, "
              f"{sums['rewrites']:.0f} rewrites, {sums['collisions']:.0f} collisions")

    def test_without_and_with_a_guard(self):
        count = self.arguments.namespaces
        without = self.total([self.result(p) for p in [self.chaos() for _ in range(count)]])
        self.show("without a guard", without)
        check(without["collisions"] >= 10, f"only {without['collisions']:.0f} collisions without a guard")
        guard = Guard(self.binary)
        guard.start()
        pause = f"{guard.folder}/pause"
        runs = [self.chaos("-w", "-m", "7", "-p", pause) for _ in range(count)]
        ended = time.monotonic() + self.arguments.seconds
        kills = 0
        done = []
        while time.monotonic() < ended:
            time.sleep(self.arguments.seconds / 4)
            # Nobody can keep what is wiped while no guard lives.
            with open(pause, "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                guard.end(signal.SIGKILL)
                guard.start()
            kills += 1
            done.append(self.chaos("-w", "-s", "1", "-n", "8"))  # a namespace that comes and goes
        with_guard = self.total([self.result(p) for p in runs + done])
        self.show(f"with a guard, killed {kills} times", with_guard)
        print(f"    reserved at most {with_guard['reserved_ms']:.1f} ms after the servers began to listen")
        guard.end()
        wiped = [e for e in guard.told("restored") if not e["process"]]
        check(not wiped, f"{len(wiped)} times a port was missing: {wiped[:1]}")
        check(with_guard["collisions"] == 0, f"{with_guard['collisions']:.0f} collisions with a guard")
        check(with_guard["restarts"] >= 500, "too few restarts to say anything")
        check(with_guard["rewrites"] >= 20, "too few rewrites to say anything")
        check(guard.told("restored"), "no rewrite was told of")

    def test_others_ports_are_theirs(self):
        guard, space = Guard(self.binary), Space()
        space.write("5000-5001,40001\n")
        guard.start()
        space.listen(40000, 40001)
        check(wait_for(lambda: 40000 in space.reserved()), "40000 is not reserved")
        space.write("6000,40001\n")
        check(wait_for(lambda: space.reserved() == {6000, 40000, 40001}), f"after a rewrite: {space.reserved()}")
        space.write("\n")
        check(wait_for(lambda: space.reserved() == {40000, 40001}), f"after a wipe: {space.reserved()}")
        space.write("7000,40000\n")
        check(wait_for(lambda: space.reserved() == {7000, 40000, 40001}), f"after the last: {space.reserved()}")
        guard.end()
        check(space.reserved() == {7000, 40000, 40001}, "ending the guard changed the list")
        done = guard.run("--off")
        check(done.returncode == 0, done.stderr)
        check(7000 in space.reserved() and 40001 not in space.reserved(), f"after --off: {space.reserved()}")
        space.end()

    def test_a_grace_ends(self):
        guard, space = Guard(self.binary, "--grace", "2s"), Space()
        guard.start()
        space.listen(40000, 40002)
        check(wait_for(lambda: {40000, 40002} <= space.reserved()), "not reserved")
        space.ask("listeners.pop(0).close()")
        check(wait_for(lambda: space.reserved() == {40002}), f"the port stays reserved: {space.reserved()}")
        check(wait_for(lambda: [e["ports"] for e in guard.told("released")] == [[40000]]), "it was not told")
        guard.end()
        space.end()

    def test_an_inode_number_again(self):
        """A namespace ends, and another one with its number has other servers."""
        guard = Guard(self.binary)
        guard.start()
        seen = set()
        for i in range(12):
            space = Space()
            seen.add(space.netns)
            space.listen(40000 + 2 * i)
            check(wait_for(lambda s=space, p=40000 + 2 * i: s.reserved() == {p}),
                  f"in namespace {i}: {space.reserved()}")
            space.end()
        check(len(seen) < 12, "stage: no number was used again")
        guard.end()

    def test_users_cannot_use_it_up(self):
        """The widest policy: a user with thousands of listeners gets an eighth of the share."""
        guard, space = Guard(self.binary), Space()
        space.ask("open('/proc/sys/net/ipv4/ip_local_port_range', 'w').write('32768 42767')")
        guard.start()
        space.ask("__import__('resource').setrlimit(7, (4096, 4096))")
        space.ask(f"os.setresuid({NOBODY}, {NOBODY}, 0)")
        space.ask("[listen(p) for p in range(33000, 34500)]")
        space.ask("os.setresuid(0, 0, 0)")
        check(wait_for(lambda: len(space.reserved()) >= 125), f"only {len(space.reserved())} reserved")
        time.sleep(0.5)
        check(len(space.reserved()) == 125, f"{len(space.reserved())} of 1000 reserved for a user")
        space.listen(41000)
        check(wait_for(lambda: 41000 in space.reserved()), "root's server is not guarded any more")
        limits = {e["limit"] for e in guard.told("refused")}
        check(limits == {"over-user-share"}, f"told of {limits}")
        guard.end()
        space.end()

    def test_the_default_guards_no_user(self):
        """By default a user moves nothing: neither here nor in a namespace that he made."""
        guard = Guard(self.binary, policy="system-units")
        guard.start()
        space = Space(uid=NOBODY, own_user=True)
        with Group("user.slice/user-65534.slice/session-guard.scope", space.pid):
            space.listen(40000, 40001)
            time.sleep(1)
            check(not space.reserved(), f"reserved for a user: {space.reserved()}")
            check(not guard.status()["ports"], "a user's port is in the table")
            check(not guard.told("reserved"), "a user's port was told of")
        guard.end()
        space.end()

    def test_two_guards(self):
        guard = Guard(self.binary)
        guard.start()
        for options in ([], ["--off"]):
            done = guard.run(*options)
            check(done.returncode == 1 and "another guard already runs as process "
                  f"{guard.process.pid}" in done.stderr, f"{options}: {done.returncode} {done.stderr}")
        check(guard.status()["pid"] == guard.process.pid, "--status does not know the guard")
        guard.end()
        check(guard.run("--status").returncode == 3, "--status of no guard")

    def test_damaged_notes(self):
        guard, space = Guard(self.binary), Space()
        guard.start()
        space.listen(40000)
        check(wait_for(lambda: 40000 in space.reserved()), "not reserved")
        guard.end(signal.SIGKILL)
        for text in ("", "portclash-guard 1\nboot x\nend 0\n", "\x00\xff" * 100):
            with open(f"{guard.folder}/state/guard", "w", encoding="latin-1") as notes:
                notes.write(text)
            guard.start()
            ports = [p["port"] for p in guard.status()["ports"] if p["netns"] == space.netns]
            check(wait_for(lambda: [p["port"] for p in guard.status()["ports"]
                                    if p["netns"] == space.netns] == [40000]), f"after {text!r}: {ports}")
            guard.end(signal.SIGKILL)
        check(guard.run("--off").stdout.startswith("1 port released"), "--off does not know its port")
        check(not space.reserved(), f"after --off: {space.reserved()}")
        space.end()

    def test_the_next_boot(self):
        """What it learns here is in the sysctl.d file; after a boot it is taken up from there."""
        guard = Guard(self.binary, "--own-netns", "--protect", "40100")
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        space = Space()
        fd = os.open(f"/proc/{space.pid}/ns/net", os.O_RDONLY)
        try:
            check(LIBC.setns(fd, CLONE_NEWNET) == 0, "stage: setns")
            guard.start()
            space.listen(40000)
            file = f"{guard.folder}/root/etc/sysctl.d/60-portclash.conf"
            check(wait_for(lambda: "40000,40100" in open(file).read() if os.path.exists(file) else False),
                  "the sysctl.d file has not got the ports")
            guard.end()
            space.ask("listeners.pop().close()")
            # The boot: nothing is left but the file, and systemd-sysctl has applied it.
            for name in ("guard", "reserved"):
                os.unlink(f"{guard.folder}/state/{name}")
            guard.start()
            check(wait_for(lambda: {(p["port"], p["reason"]) for p in guard.status()["ports"]} ==
                           {(40000, "learnt"), (40100, "protect")}), f"taken up: {guard.status()['ports']}")
            guard.end()
            check(guard.run("--off").returncode == 0, "--off")
            check(not space.reserved(), f"after --off: {space.reserved()}")
            check(open(file).read() == "", "the file is not empty after --off")
        finally:
            LIBC.setns(home, CLONE_NEWNET)
        space.end()

    def test_who_may_not(self):
        guard = Guard(self.binary)
        os.chmod(guard.folder, 0o755)
        done = subprocess.run(["setpriv", f"--reuid={NOBODY}", "--clear-groups", self.binary, "guard",
                               *guard.options], capture_output=True, text=True, timeout=30)
        check(done.returncode == 1 and "root" in done.stderr, f"{done.returncode} {done.stderr}")
        done = guard.run("--policy", "unit:")
        check(done.returncode == 2 and "--policy: expected" in done.stderr, done.stderr)
        done = guard.run("--share", "90%")
        check(done.returncode == 2 and "50%" in done.stderr, done.stderr)

    def test_dry_run(self):
        guard, space = Guard(self.binary), Space()
        space.listen(40000, 40001)
        done = guard.run("--policy", "all", "--dry-run", "--json")
        check(done.returncode == 0, done.stderr)
        ports = [p for line in done.stdout.splitlines() for e in [json.loads(line)]
                 if e["netns"] == space.netns for p in e["ports"]]
        check(sorted(ports) == [40000, 40001], f"would reserve {ports}")
        check(not space.reserved(), "a dry run reserved")
        check(not os.path.exists(f"{guard.folder}/state"), "a dry run made a folder")
        space.end()

    def run(self):
        failed = passed = 0
        for name in [n for n in dir(self) if n.startswith("test_")]:
            words = name[5:].replace("_", " ")
            if self.arguments.tests and name[5:] not in self.arguments.tests:
                continue
            try:
                getattr(self, name)()
                passed += 1
                print(f"ok {words}", flush=True)
            except Failure as failure:
                failed += 1
                print(f"FAIL {words}: {failure}", flush=True)
            for guard in Guard.all:
                guard.forget()
            Guard.all.clear()
            for space in Space.all:
                space.end()
            Space.all.clear()
        print(f"{passed} passed, {failed} failed, 0 skipped")
        return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--namespaces", type=int, default=3)
    parser.add_argument("--chaos", required=True)
    parser.add_argument("portclash")
    parser.add_argument("tests", nargs="*")
    with Group(f"system.slice/{UNIT}", os.getpid()):
        status = Suite(parser.parse_args()).run()
    sys.exit(status)


main()
