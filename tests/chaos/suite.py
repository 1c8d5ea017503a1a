# SPDX-License-Identifier: GPL-2.0-only
"""Two minutes of everything at once: uid 65534 floods the agent with refused binds, claims, network namespaces
and long command lines; it is stopped, killed and started again; its disk fills up. Beside that a server is
robbed once a second: each theft has to be named right. A theft may lack its line only while the
agent is down, or while its disk is full: then the textfile counts it. Clocks do not jump: the wall clock is the whole
machine's, and no namespace has one of its own (live scenario clock-jumps-under-load, in guests).

    suite.py PORTCLASH FLOOD [SECONDS]
"""
import datetime
import os
import signal
import subprocess
import sys
import threading
import time

from follow import Followed
from harness import Process, demand, in_folder, read, read_lines, run_suite, wait_for

FIRST_THEFT, BYSTANDER, BINDS, ARGUMENTS, SPACE = 25000, 19500, 20000, 21000, 22000

# The log's cap is (KEPT + 1) * LOG_KIB; the disk has room for it, for the textfile, and for no more.
LOG_KIB, KEPT, DISK_MIB = 1024, 7, 10

RSS_MIB = 48

# systemd gives a service a share of the processors of its own, however many processes a user runs. Here agent,
# server and attackers are in one control group: the first two get a share by their priority.
SHARE = -10

# The agent is stopped, killed and robbed of its disk at these parts of the whole time.
STOPS = (0.12, 0.4, 0.85)
KILLS = (0.27, 0.7)
FULL_DISK = 0.52
FULL_SECONDS = 5

# A theft need not be told while the agent is down: from its kill until its next ready line. While the disk is full its
# line may be lost; the textfile, which is elsewhere, has to count it. What happened so shortly before a kill or a full
# disk may be on its way still. What is told must be right in any case.
ON_ITS_WAY = 1.0
COUNTED = 'portclash_refusals_total{cause="ephemeral-client",'


def seconds_of(line):
    """The time of a line, as time.time() has it."""
    return datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()


class Life:
    """The agent between a ready line and its end."""

    def __init__(self, ready):
        self.ready, self.end = ready, None
        self.counted, self.counted_at = 0, ready  # thefts in the textfile, as of then


class Agent:
    """The agent, which a supervisor starts again as systemd would."""

    def __init__(self, folder, portclash):
        self.folder, self.portclash = folder, portclash
        self.disk = os.path.join(folder, "disk")
        self.log = os.path.join(self.disk, "events.jsonl")
        self.told = Followed(self.log)
        self.telling = threading.Lock()
        self.textfile = os.path.join(folder, "portclash.prom")
        self.starts = 0
        self.peak_kib = self.log_peak = 0
        self.excused = []  # (from, to, why), wall clock
        self.lives = []
        os.mkdir(self.disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "chaos", self.disk], check=True)
        self.process = None
        self.start()

    def start(self):
        self.starts += 1
        self.process = Process(
            os.path.join(self.folder, f"agent{self.starts}.log"),
            [self.portclash, "agent", "--config", "none", "--log", self.log, "--log-max-size", f"{LOG_KIB}K",
             "--log-keep", str(KEPT), "--textfile", self.textfile, "--interval", "0.5"],
            preexec_fn=lambda: os.nice(SHARE))
        wait_for("the agent watches", self.ready, 60)
        self.lives.append(Life(max(seconds_of(line) for line in self.lines("ready"))))

    def lines(self, kind):
        """All lines of this kind until now. The floods fill the log up to its cap: then rotation removes the
        lines of the first thefts, as it should; they count as told all the same."""
        with self.telling:
            self.log_peak = max(self.log_peak, self.told.look())
            return self.told.of(kind)

    def ready(self):
        demand(self.process.child.poll() is None, "the agent has ended: " + self.process.said())
        return len(self.lines("ready")) >= self.starts

    def look(self):
        """Memory and log as they are now."""
        try:
            for line in read(f"/proc/{self.process.child.pid}/status").splitlines():
                if line.startswith("VmRSS:"):
                    self.peak_kib = max(self.peak_kib, int(line.split()[1]))
        except OSError:
            pass
        self.count()
        self.lines("ready")

    def count(self):
        """The thefts that the textfile counts. It is of now: the agent writes it twice a second, and replaces it."""
        if not self.lives or self.lives[-1].end:
            return
        life = self.lives[-1]
        try:
            written = os.stat(self.textfile).st_mtime
            lines = read(self.textfile).splitlines()
        except OSError:
            return
        if written > life.ready:
            life.counted = sum(int(line.split()[-1]) for line in lines if line.startswith(COUNTED))
            life.counted_at = written

    def stop_for_a_second(self):
        self.process.child.send_signal(signal.SIGSTOP)
        time.sleep(1)
        self.process.child.send_signal(signal.SIGCONT)

    def kill_and_start(self):
        begin = time.time()
        self.lives[-1].end = begin
        self.process.end(signal.SIGKILL)
        self.start()
        self.excused.append((begin - ON_ITS_WAY, begin, "on their way at a kill"))
        self.excused.append((begin, self.lives[-1].ready, "while the agent was down"))

    def fill_disk(self):
        begin = time.time()
        ballast = os.path.join(self.disk, "ballast")
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                pass
        time.sleep(FULL_SECONDS)
        os.unlink(ballast)
        self.excused.append((begin - ON_ITS_WAY, time.time(), "while the disk was full"))

    def end(self):
        self.process.end(signal.SIGTERM)
        subprocess.run(["umount", "-l", self.disk], check=False)


class Suite:
    def __init__(self, folder, portclash, flood, seconds):
        self.folder, self.flood, self.seconds = folder, flood, seconds
        self.agent = Agent(folder, portclash)
        self.attackers = []
        self.bystander = self.robbery = None
        self.truth = []

    def start(self, name, command, **how):
        return Process(os.path.join(self.folder, name + ".log"), command, **how)

    def end(self):
        for process in self.attackers + [self.bystander, self.robbery]:
            if process:
                process.end()
        self.agent.end()

    def said(self):
        return "\n".join(process.said() for process in self.attackers + [self.agent.process])

    def begin_all(self):
        for mode, port in ("binds", BINDS), ("claims", 0), ("arguments", ARGUMENTS), ("spaces", SPACE):
            self.attackers.append(self.start(mode, [self.flood, mode, str(port)]))
        self.bystander = self.start("bystander", [self.flood, "bystander", str(BYSTANDER)])
        self.robbery = self.start("robbery", [
            "unshare", "--net", sys.executable, os.path.join(os.path.dirname(__file__), "robbery.py"),
            str(self.seconds), str(FIRST_THEFT)], preexec_fn=lambda: os.nice(SHARE))

    def do_all(self):
        begin = time.monotonic()
        deeds = sorted([(at, self.agent.stop_for_a_second) for at in STOPS] +
                       [(at, self.agent.kill_and_start) for at in KILLS] + [(FULL_DISK, self.agent.fill_disk)],
                       key=lambda deed: deed[0])
        for at, deed in deeds:
            time.sleep(max(0, begin + at * self.seconds - time.monotonic()))
            deed()
        wait_for("the robberies end", lambda: self.robbery.child.poll() is not None, self.seconds + 60)

    # The tests, in this order

    def two_minutes_of_chaos(self):
        over = threading.Event()

        def watch():
            while not over.wait(0.2):
                self.agent.look()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            self.begin_all()
            self.do_all()
        finally:
            over.set()
            watcher.join()
        for process in self.attackers:
            demand(process.child.poll() is None, "an attacker has ended: " + process.said())
            process.end()
        self.truth = [theft for theft in read_lines(self.robbery.path) if theft["staged"]]
        demand(len(self.truth) >= self.seconds * 0.8, f"only {len(self.truth)} thefts were staged")
        time.sleep(3)

    def excuse(self, theft):
        return next((why for begin, end, why in self.agent.excused if begin <= theft["time"] <= end), None)

    def each_theft_is_named_right(self):
        told = {(line["requested"]["port"], line["requester"]["pid"]): line
                for line in self.agent.lines("refusal")}
        missing, wrong, incomplete, excused = [], [], 0, {}
        for theft in self.truth:
            line = told.get((theft["port"], theft["victim"]))
            if not line:
                why = self.excuse(theft)
                if why:
                    excused[why] = excused.get(why, 0) + 1
                else:
                    missing.append(theft)
                continue
            holder = (line["holders"] or [{}])[0]
            right = line["cause"] == "ephemeral-client" and \
                (holder.get("process") or {}).get("pid") == theft["thief"]
            careful = line["incomplete"] or holder.get("older")
            incomplete += bool(line["incomplete"])
            if not right and not (self.excuse(theft) and careful):
                wrong.append((theft, line["cause"], holder.get("process")))
        told_of = len(self.truth) - sum(excused.values()) - len(missing)
        lost = ", ".join(f"{count} {why}" for why, count in excused.items())
        print(f"| {len(self.truth)} thefts: {told_of} told, {incomplete} of them incomplete; "
              f"not told: {lost or 'none'}")
        demand(not wrong, f"{len(wrong)} named wrong, first {wrong[:1]}")
        demand(not missing, f"{len(missing)} not told, first {missing[:1]}; excused times {self.agent.excused}")

    def each_theft_is_counted(self):
        """Also those whose lines were lost to a full disk."""
        for life in self.agent.lives:
            demand(life.counted_at > life.ready, "no textfile of a life was read")
            until = min(life.counted_at, life.end or life.counted_at)
            sure = sum(life.ready < theft["time"] < until - ON_ITS_WAY for theft in self.truth)
            most = sum(life.ready - ON_ITS_WAY < theft["time"] < until for theft in self.truth)
            print(f"| of {sure} to {most} thefts of a life, the textfile counts {life.counted}")
            demand(sure <= life.counted <= most, f"{life.counted} counted of {sure} to {most}")

    def the_flood_was_counted(self):
        scopes = {line["scope"] for line in self.agent.lines("merged")}
        demand(scopes, "nothing of the floods was too much")

    def memory_stays_small(self):
        print(f"| at most {self.agent.peak_kib / 1024:.1f} MiB resident, of {RSS_MIB}")
        demand(0 < self.agent.peak_kib < RSS_MIB * 1024, f"{self.agent.peak_kib} KiB")

    def the_log_stays_under_its_cap(self):
        cap = (KEPT + 1) * LOG_KIB * 1024
        print(f"| at most {self.agent.log_peak / 1e6:.1f} MB of logs, of {cap / 1e6:.1f}")
        demand(0 < self.agent.log_peak <= cap, f"{self.agent.log_peak} bytes")

    def the_bystander_is_refused_nothing(self):
        self.bystander.end()
        rounds, refused = map(int, self.bystander.said().split())
        print(f"| the bystander bound its port {rounds} times beside {self.agent.starts} starts")
        demand(rounds > 1000 and not refused, f"refused {refused} of {rounds} times")


def main(portclash, flood, seconds="120"):
    with in_folder("chaos") as folder:
        os.chmod(folder, 0o755)
        return run_suite(Suite(folder, portclash, flood, int(seconds)), [
            Suite.two_minutes_of_chaos, Suite.each_theft_is_named_right, Suite.each_theft_is_counted,
            Suite.the_flood_was_counted, Suite.memory_stays_small, Suite.the_log_stays_under_its_cap,
            Suite.the_bystander_is_refused_nothing])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
