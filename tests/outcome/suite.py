# SPDX-License-Identifier: GPL-2.0-only
"""Outcomes of real programs, as a real agent tells them: Debian's unbound under dnsperf, which hunts for
ports, and Debian's http.server in a crash loop. All traffic is on the loopback interface.

    suite.py PORTCLASH
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from harness import Process, Skip, demand, in_folder, read, read_lines, run, run_suite, wait_for

RESOLVER, UPSTREAM, WEB = 15353, 15399, 18080

# The ports that unbound may send queries from; each second one is taken.
FIRST, PORTS = 21000, 200
QUERIES = 600
REFUSED_AT_LEAST = 30

CONFIGURATION = """
server:
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: "{folder}/unbound.pid"
    use-syslog: no
    do-daemonize: no
    num-threads: 1
    interface: 127.0.0.1@{resolver}
    do-ip6: no
    do-not-query-localhost: no
    module-config: "iterator"
    outgoing-port-avoid: "0-65535"
    outgoing-port-permit: "{first}-{last}"
    outgoing-range: 60
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{upstream}
remote-control:
    control-enable: no
"""

# The supervisor starts the server again as systemd does, with a shorter pause.
SUPERVISOR = "until /usr/bin/python3 -m http.server {port} --bind 127.0.0.1; do sleep 0.4; done"


def starts_of(process):
    return read(process.path).count("Address already in use")


class Upstream(threading.Thread):
    """Answers each query with "no such data"."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", UPSTREAM))

    def run(self):
        while True:
            query, sender = self.socket.recvfrom(512)
            self.socket.sendto(query[:2] + b"\x81\x80" + query[4:], sender)


class Suite:
    def __init__(self, folder, portclash):
        self.folder = folder
        self.log = os.path.join(folder, "events.jsonl")
        self.textfile = os.path.join(folder, "portclash.prom")
        self.sockets = []
        self.processes = []
        self.agent = self.start("agent", [portclash, "agent", "--config", "none", "--log", self.log,
                                          "--textfile", self.textfile, "--interval", "0.5"])
        self.resolver = None

    def start(self, name, command):
        process = Process(os.path.join(self.folder, name + ".log"), command)
        self.processes.append(process)
        return process

    def end(self):
        for process in reversed(self.processes):
            process.end(signal.SIGTERM)
        for kept in self.sockets:
            kept.close()

    def said(self):
        return "\n".join(process.said() for process in self.processes)

    def lines(self, kind, pid):
        return [line for line in read_lines(self.log)
                if line["type"] == kind and line["requester"]["pid"] == pid]

    def metric(self, name):
        values = [line.split()[1] for line in read(self.textfile).splitlines()
                  if line.startswith(name + " ")]
        return float(values[0]) if values else -1

    # The resolver

    def the_agent_watches(self):
        wait_for("the ready line", lambda: any(e["type"] == "ready" for e in read_lines(self.log)))
        wait_for("the textfile", lambda: os.path.exists(self.textfile))

    def unbound_resolves_while_ports_are_taken(self):
        unbound = shutil.which("unbound") or "/usr/sbin/unbound"
        if not os.path.exists(unbound) or not shutil.which("dnsperf"):
            raise Skip("unbound or dnsperf is not installed")
        for port in range(FIRST, FIRST + PORTS, 2):
            taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            taken.bind(("0.0.0.0", port))
            self.sockets.append(taken)
        Upstream().start()
        path = os.path.join(self.folder, "unbound.conf")
        with open(path, "w", encoding="utf-8") as out:
            out.write(CONFIGURATION.format(folder=self.folder, resolver=RESOLVER, upstream=UPSTREAM,
                                           first=FIRST, last=FIRST + PORTS - 1))
        self.resolver = self.start("unbound", [unbound, "-d", "-c", path])
        names = os.path.join(self.folder, "names")
        with open(names, "w", encoding="utf-8") as out:
            out.writelines(f"n{i}.example.org A\n" for i in range(QUERIES))
        wait_for("unbound", self.resolver_answers)
        worked, said = run(["dnsperf", "-s", "127.0.0.1", "-p", str(RESOLVER), "-d", names, "-n", "1",
                            "-Q", "60", "-t", "5"])
        demand(worked and f"Queries completed:    {QUERIES}" in said, said)

    def resolver_answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
            ask.settimeout(0.5)
            ask.sendto(b"\x01\x02\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01z\x00\x00\x01\x00\x01",
                       ("127.0.0.1", RESOLVER))
            try:
                return ask.recv(512)
            except OSError:
                return b""

    def need_resolver(self):
        if not self.resolver:
            raise Skip("there is no resolver")
        return self.resolver.child.pid

    def a_few_of_its_refusals_are_told_and_the_others_counted(self):
        pid = self.need_resolver()
        wait_for("refusals counted with a hunt",
                 lambda: self.metric("portclash_hunt_refusals_total") >= REFUSED_AT_LEAST)
        told = self.lines("refusal", pid)
        demand(1 <= len(told) <= 8, f"{len(told)} verdicts of unbound")
        for line in told:
            demand((line["proto"], line["op"], line["errno"], line["cause"]) ==
                   ("udp", "bind", "EADDRINUSE", "listener") and
                   line["requester"]["comm"] == "unbound", str(line))

    def its_outcome_is_another_port(self):
        pid = self.need_resolver()
        outcomes = wait_for("an outcome of a hunt", lambda: [
            line for line in self.lines("outcome", pid) if line["hunt"]])
        ids = {line["id"] for line in self.lines("refusal", pid)}
        for line in self.lines("outcome", pid):
            demand(line["outcome"] == "took-another-port" and line["of"] in ids and
                   line["proto"] == "udp" and line["cause"] == "listener" and
                   line["exit_status"] is None and line["exit_signal"] is None, str(line))
            demand(FIRST <= line["gained"]["port"] < FIRST + PORTS and line["gained"]["port"] % 2 and
                   line["gained"]["how"] == "bind" and line["gained"]["process"]["pid"] == pid,
                   str(line))
        demand(outcomes[-1]["total"] >= outcomes[-1]["refusals"] > 0, str(outcomes[-1]))

    def no_alert_comes_of_it(self):
        """PortclashCollision fires while this is above 0."""
        self.need_resolver()
        self.demand_unserved("the hunting resolver", 0)

    def demand_unserved(self, whose, count):
        """Servers that have not got their port, as the alerts see them. Refusals of strangers are counted, too."""
        strangers = {line["requester"]["cmdline"] for line in read_lines(self.log) if line["type"] == "refusal" and
                     line["requester"]["comm"] != "unbound" and line["requested"]["port"] != WEB}
        if strangers:
            raise Skip(f"others were refused ports meanwhile: {strangers}")
        wait_for(f"portclash_unserved of {whose} to be {count}", lambda: self.unserved() == count)

    def unserved(self):
        return sum(float(line.split()[1]) for line in read(self.textfile).splitlines()
                   if line.startswith("portclash_unserved{"))

    def the_end_of_it_tells_of_the_rest(self):
        pid = self.need_resolver()
        counted = self.metric("portclash_hunt_refusals_total")
        self.resolver.end(signal.SIGTERM)
        time.sleep(1)
        outcomes = self.lines("outcome", pid)
        total = sum(line["refusals"] for line in outcomes)
        demand({line["outcome"] for line in outcomes} == {"took-another-port"}, str(outcomes[-1]))
        demand(total >= counted, f"{total} refusals in outcomes, {counted} counted")

    # The web server

    def a_web_server_in_a_crash_loop_gave_up(self):
        holder = socket.create_server(("127.0.0.1", WEB))
        self.sockets.append(holder)
        loop = self.start("web", ["sh", "-c", SUPERVISOR.format(port=WEB)])
        first = wait_for("the first outcome", lambda: self.of_web("outcome"))[0]
        verdict = self.of_web("refusal")[0]
        demand((first["outcome"], first["of"], first["exit_status"], first["exit_signal"]) ==
               ("gave-up", verdict["id"], 1, None) and first["gained"] is None and
               first["requester"]["pid"] == verdict["requester"]["pid"] and not first["hunt"] and
               first["total"] == first["processes"], str(first))
        wait_for("more starts", lambda: starts_of(loop) >= 4)
        demand(len(self.of_web("outcome")) == 1, "each end is told")

    def an_alert_comes_of_that(self):
        self.demand_unserved("the web server", 1)

    def of_web(self, kind):
        return [line for line in read_lines(self.log) if line["type"] == kind and
                "http.server" in (line["requester"]["cmdline"] or "") and
                line["requested"]["port"] == WEB]

    def the_start_that_works_is_its_outcome(self):
        self.sockets.pop().close()
        last = wait_for("the last outcome", lambda: [
            line for line in self.of_web("outcome") if line["outcome"] == "got-it-later"])[0]
        starts = starts_of(self.processes[-1])
        who = last["gained"]["process"]
        demand(last["gained"]["port"] == WEB and last["gained"]["how"] == "bind" and
               last["cause"] == "listener" and last["processes"] == last["total"] == starts,
               f"{starts} starts: {last}")
        demand(read(f"/proc/{who['pid']}/cmdline").split("\0")[1:4] == ["-m", "http.server", str(WEB)],
               str(who))
        subprocess.run(["kill", str(self.processes[-1].child.pid), str(who["pid"])], check=True)

    def the_alert_ends_with_that(self):
        self.demand_unserved("the web server", 0)


TESTS = (
    Suite.the_agent_watches,
    Suite.unbound_resolves_while_ports_are_taken,
    Suite.a_few_of_its_refusals_are_told_and_the_others_counted,
    Suite.its_outcome_is_another_port,
    Suite.no_alert_comes_of_it,
    Suite.the_end_of_it_tells_of_the_rest,
    Suite.a_web_server_in_a_crash_loop_gave_up,
    Suite.an_alert_comes_of_that,
    Suite.the_start_that_works_is_its_outcome,
    Suite.the_alert_ends_with_that,
)


def main():
    with in_folder("outcome") as folder:
        return run_suite(Suite(folder, sys.argv[1]), TESTS)


if __name__ == "__main__":
    sys.exit(main())
