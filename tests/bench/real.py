# SPDX-License-Identifier: GPL-2.0-only
r"""What the agent costs beside servers as Debian has them: rounds with the agent and without it in alternation.

    unshare --net --mount python3 real.py [--load LIST] [--seconds N] [--pairs N] [--peer LIST] [--write FILE] \
        PORTCLASH COLLIDE FOLDER

Servers, clients and the agent are in control groups of their own, of which the kernel counts the processor time. FOLDER is
made, and removed at the end.
"""
import argparse
import datetime
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import sys

from real_loads import LOADS, Wrong, versions
from real_run import NotHere, Runner, bring_up, end_leftovers, sysctl

HERE = os.path.dirname(os.path.abspath(__file__))
AIM_PERCENT = 1
# An interval of CERTAIN needs six values, of the peers, too.
PAIRS_MIN = 12
CERTAIN = 0.95
# The folder is mounted here for PostgreSQL, which runs as another user: FOLDER may be in a folder of root.
MOUNT = "/mnt"
PEERS = "tcpconnect,tcplife,bindsnoop"
# A peer takes part in each second pair.
PEER_EACH = 2
SECTION = "Real loads"
STATS = "kernel/bpf_stats_enabled"


def interval(values):
    """Of the median, with the certainty CERTAIN or what so few values allow (as spread.c)."""
    values = sorted(values)
    chance = at_most = math.ldexp(1, -len(values))
    trim = 0
    while True:
        chance *= (len(values) - trim) / (trim + 1)
        if 1 - 2 * (at_most + chance) < CERTAIN:
            break
        at_most += chance
        trim += 1
    return statistics.median(values), values[trim], values[-1 - trim]


class Round:
    """One run of a client: what it did, what it took, and, with the agent, what the agent said."""
    def __init__(self, requests, p99, seconds, load_us, agent_us, machine_us):
        self.rate, self.p99 = requests / seconds, p99
        self.cost = (load_us + agent_us) / requests
        self.machine = machine_us / requests
        self.agent = agent_us / requests
        self.requests = requests


class Measurement:
    def __init__(self, name, runner, arguments, peers):
        self.peers = {peer: [] for peer in peers}
        self.name, self.runner, self.seconds, self.pairs = name, runner, arguments.seconds, arguments.pairs
        self.command = [arguments.portclash, "agent", "--config", "none"]
        self.folder = os.path.join(MOUNT, name)
        self.without, self.with_agent = [], []
        self.sums = {"staged": 0, "right": 0, "incomplete": 0, "missing": 0, "wrong": 0}
        self.lost = {}
        self.claims = 0
        self.backend = self.kernel = None
        self.accounted = None

    def measure(self):
        os.mkdir(self.folder)
        load = LOADS[self.name](self.folder, self.runner)
        try:
            load.start()
            self.round(load, None)
            for i in range(self.pairs):
                for watched in ((False, True) if i % 2 else (True, False)):
                    path = os.path.join(self.folder, "events") if watched else None
                    (self.with_agent if watched else self.without).append(self.round(load, path))
                for peer in self.peers if i % PEER_EACH else ():
                    self.peers[peer].append((self.without[-1], self.round(load, None, peer)))
            self.account(load)
        finally:
            self.runner.end_all()
            shutil.rmtree(self.folder, ignore_errors=True)

    def round(self, load, path, peer=None):
        agent = self.runner.start_agent(self.command, path) if path else None
        other = self.runner.start_peer(peer) if peer else None
        collide = self.runner.start_collisions(self.sums["staged"], path or "/dev/null")
        before = self.runner.clocks()
        requests, p99 = load.run(self.seconds)
        seconds, load_us, agent_us, machine_us = (b - a for a, b in zip(before, self.runner.clocks()))
        judged = self.runner.end_collisions(collide, (lambda: self.runner.end_agent(agent)) if agent else None)
        if other:
            self.runner.end_watcher(other)
        if agent:
            self.judge(path, judged)
        return Round(requests, p99, seconds, load_us, agent_us, machine_us)

    def judge(self, path, judged):
        for key, value in judged.items():
            self.sums[key] = self.sums.get(key, 0) + value
        summary = None
        with open(path, encoding="utf-8") as file:
            for line in file:
                event = json.loads(line)
                if event["type"] == "ready":
                    self.backend, self.kernel = event["backend"], event["kernel"]
                elif event["type"] == "summary":
                    summary = event
        if not summary:
            raise Wrong("the agent wrote no summary")
        self.claims += sum(summary["claims"].values())
        counted = {"records": summary["lost_total"], "states": summary["states_missed"], "calls": summary["calls_missed"],
                   "claims not kept": summary["ledger"]["refused"]}
        for key, value in counted.items():
            self.lost[key] = self.lost.get(key, 0) + (value or 0)
        self.summary = summary

    def account(self, load):
        """One more round, in which the kernel counts the time of each program: a share without the noise of two rounds."""
        before = sysctl(STATS)
        sysctl(STATS, "1")
        try:
            last = self.round(load, os.path.join(self.folder, "events"))
        finally:
            sysctl(STATS, before)
        programs = self.summary["cost"]["programs"].values()
        runs, spent = sum(p["runs"] or 0 for p in programs), sum(p["seconds"] or 0 for p in programs)
        self.accounted = (runs / last.requests, 1e6 * spent / last.requests, last.agent)

    def change(self, key):
        """Of the pairs, in percent."""
        return interval([100 * (getattr(b, key) / getattr(a, key) - 1) for a, b in zip(self.without, self.with_agent)])

    def peer_line(self, peer):
        median, low, high = interval([100 * (b.cost / a.cost - 1) for a, b in self.peers[peer]])
        return f"* {self.name}: {peer} {median:+.2f} % of a request's processor time ({low:+.2f} to {high:+.2f})"

    def of(self, rounds, key):
        return statistics.median(getattr(one, key) for one in rounds)

    def good(self):
        return self.sums["staged"] > 0 and self.sums["right"] == self.sums["staged"] and not any(self.lost.values())

    def row(self):
        def percent(key):
            return "{:+.2f} % ({:+.2f} to {:+.2f})".format(*self.change(key))
        runs, programs, agent = self.accounted
        before = self.of(self.without, "cost")
        return [self.name, f"{self.of(self.without, 'rate'):.0f}", percent("rate"), f"{before:.2f}", percent("cost"),
                percent("machine"), f"{self.of(self.without, 'p99'):.2f}", percent("p99"), f"{runs:.1f}",
                f"{programs:.2f} + {agent:.2f} ({100 * (programs + agent) / before:.2f} %)"]

    def verdict(self):
        median, low, high = self.change("cost")
        if high <= AIM_PERCENT:
            return f"kept: at most {high:.2f} % of a request's processor time"
        if low > AIM_PERCENT:
            return f"MISSED: at least {low:.2f} % of a request's processor time, the aim is {AIM_PERCENT} %"
        return (f"not decided: {median:+.2f} % of a request's processor time, but from {low:+.2f} to {high:+.2f} %; "
                f"the aim is {AIM_PERCENT} %")

    def lines(self):
        losses = ", ".join(f"{value} {key}" for key, value in self.lost.items())
        return [f"* {self.name}: {self.verdict()}",
                f"* {self.name}: {self.sums['right']} of {self.sums['staged']} collisions named right, "
                f"{self.sums['incomplete']} incomplete, {self.sums['missing']} missing, {self.sums['wrong']} wrong; "
                f"lost: {losses}; {self.claims} claims"] + [self.peer_line(peer) for peer in self.peers]


HEADER = ["", "requests/s", "with the agent", "µs of CPU a request", "with the agent", "the machine's CPU", "p99, ms",
          "with the agent", "runs of programs a request", "counted, µs: programs + process"]


def table(measured):
    rows = [HEADER, ["---"] * len(HEADER)] + [one.row() for one in measured]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def heading(arguments, first):
    commit = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"], check=False, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip() or "of no commit"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    return (f"Made by `make bench-real` on {datetime.date.today()}: {arguments.pairs} pairs of rounds of "
            f"{arguments.seconds} s for each load.\nportclash {commit}, {first.backend}, Linux {first.kernel}, "
            f"{os.cpu_count()} × {model}.\n{versions()}.\ntests/bench/README.md says what the columns are.\n\n")


def parse():
    parser = argparse.ArgumentParser(description="What the agent costs beside real servers")
    parser.add_argument("--load", default=",".join(LOADS), help="some of %(default)s")
    parser.add_argument("--seconds", type=int, default=2, help="of a round (%(default)s)")
    parser.add_argument("--pairs", type=int, default=14, help="rounds with and without the agent (%(default)s)")
    parser.add_argument("--peer", default=PEERS, help="tools of libbpf-tools, as far as they run here (%(default)s)")
    parser.add_argument("--write", metavar="FILE", help="put the tables into this file's section")
    parser.add_argument("portclash")
    parser.add_argument("collide")
    parser.add_argument("folder")
    arguments = parser.parse_args()
    arguments.load = arguments.load.replace(",", " ").split()
    arguments.peer = arguments.peer.replace(",", " ").split()
    unknown = set(arguments.load) - set(LOADS)
    if unknown or arguments.seconds < 1 or arguments.pairs < PAIRS_MIN:
        parser.error(f"no such load: {', '.join(unknown)}" if unknown else f"at least 1 second and {PAIRS_MIN} pairs")
    arguments.portclash = os.path.abspath(arguments.portclash)
    return arguments


def usable_peers(arguments, runner):
    """Those that run here, and a line about each other one."""
    usable, lines = [], []
    for peer in arguments.peer:
        try:
            runner.end_watcher(runner.start_peer(peer))
            usable.append(peer)
        except (NotHere, FileNotFoundError) as why:
            lines.append(f"* not here: {why}")
    return usable, lines


def measure_all(arguments, runner):
    measured = []
    peers, notes = usable_peers(arguments, runner)
    for name in arguments.load:
        one = Measurement(name, runner, arguments, peers)
        one.measure()
        measured.append(one)
        print("\n".join(one.lines()), flush=True)
    text = heading(arguments, measured[0]) + "".join(f"* {name}: {LOADS[name].what}\n" for name in arguments.load)
    text += "\n" + table(measured) + "\n" + "".join(line + "\n" for one in measured for line in one.lines())
    text += "".join(line + "\n" for line in notes)
    print("\n" + text)
    if arguments.write:
        subprocess.run(["sh", f"{HERE}/section.sh", arguments.write, SECTION], input=text, text=True, check=True)
    return all(one.good() for one in measured)


def main():
    arguments = parse()
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.default_int_handler)
    end_leftovers()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    os.makedirs(arguments.folder)
    runner = Runner(arguments.collide)
    try:
        bring_up(arguments.folder, MOUNT)
        good = measure_all(arguments, runner)
    except Wrong as wrong:
        print(f"bench-real: {wrong}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench-real: interrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        runner.close()
        subprocess.run(["umount", MOUNT], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(arguments.folder, ignore_errors=True)
    if not good:
        print("bench-real: FAILED: a collision was not named right, or something was lost", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
