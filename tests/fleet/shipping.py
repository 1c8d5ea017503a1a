# SPDX-License-Identifier: GPL-2.0-only
"""The sample configurations of packaging/fleet: Debian's rsyslog ships the lines of a real agent.

    shipping.py PORTCLASH FOLDER      FOLDER: where fetch.sh unpacked rsyslog
"""
import glob
import json
import os
import signal
import socket
import sys
import threading

import yaml

from harness import Process, demand, in_folder, read, read_lines, run, run_suite, wait_for
from world import refused

RSYSLOG = "packaging/fleet/rsyslog.conf"
VECTOR = "packaging/fleet/vector.yaml"
LOG = "/var/log/portclash/events.jsonl"
COLLECTOR = 'target="collector.example" port="5170"'

# Longer than any verdict that was seen, shorter than the samples' limit.
LONG = 500_000


class Collector:
    """Takes lines over TCP."""

    def __init__(self, port=0):
        self.server = socket.create_server(("127.0.0.1", port))
        self.port = self.server.getsockname()[1]
        self.lines = []
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                connection, _ = self.server.accept()
                self.connections.append(connection)
                threading.Thread(target=self.take, args=(connection,), daemon=True).start()
        except OSError:
            pass

    def take(self, connection):
        try:
            with connection.makefile("r", encoding="utf-8") as lines:
                self.lines += lines
        except OSError:
            pass

    def events(self):
        return [json.loads(line)["event"] for line in self.lines]

    def end(self):
        for thing in (self.server, *self.connections):
            try:
                thing.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            thing.close()


class Suite:
    def __init__(self, folder, portclash, root):
        self.folder = folder
        self.portclash = portclash
        self.root = root
        self.log = os.path.join(folder, "events.jsonl")
        self.collector = Collector()
        self.agent = self.rsyslog = None
        self.holder = socket.create_server(("127.0.0.1", 0))

    def end(self):
        for thing in (self.agent, self.rsyslog, self.collector):
            if thing:
                thing.end()
        self.holder.close()

    def said(self):
        return self.rsyslog.said() if self.rsyslog else ""

    def configuration(self):
        """The sample, with the paths and the collector of this test."""
        text = read(RSYSLOG)
        for old, new in ((LOG, self.log),
                         (COLLECTOR, f'target="127.0.0.1" port="{self.collector.port}"'),
                         ('resumeInterval="5"', 'resumeInterval="1"')):
            demand(text.count(old) == 1, f"{old}: not once in {RSYSLOG}")
            text = text.replace(old, new)
        path = os.path.join(self.folder, "rsyslog.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'global(workDirectory="{self.folder}")\n{text}')
        return path

    def command(self, *options):
        modules = glob.glob(os.path.join(self.root, "usr/lib/*/rsyslog"))[0]
        return ["env", "LD_LIBRARY_PATH=" + os.path.dirname(modules),
                os.path.join(self.root, "usr/sbin/rsyslogd"), "-M", modules,
                "-f", self.configuration(), "-i", os.path.join(self.folder, "pid"), *options]

    def refuse(self):
        refused("tcp", self.holder.getsockname()[1])

    def all_lines_arrive(self, *paths):
        """Those of the files, in their order; each whole."""
        def arrived():
            wanted = [line for path in paths for line in read_lines(path)]
            return len(wanted) > 0 and self.collector.events() == wanted
        wait_for("the lines", arrived)

    def rsyslog_takes_the_sample(self):
        worked, said = run(self.command("-N1"))
        demand(worked, said)

    def a_mistake_in_it_would_be_noticed(self):
        command = self.command("-N1")
        path = command[command.index("-f") + 1]
        with open(path, "a", encoding="utf-8") as file:
            file.write('input(type="imfile" Fil="x" Tag="y")\n')
        worked, said = run(command)
        demand(not worked, said)

    def lines_arrive_whole(self):
        self.agent = Process(os.path.join(self.folder, "agent.out"),
                             [self.portclash, "agent", "--log", self.log,
                              "--repeat-interval", "0"])
        wait_for("the log", lambda: read_lines(self.log))
        self.rsyslog = Process(os.path.join(self.folder, "rsyslog.out"), self.command("-n"))
        self.refuse()
        wait_for("the verdict", lambda: self.verdicts(self.log))
        self.all_lines_arrive(self.log)
        host = json.loads(self.collector.lines[0])["host"]
        demand(host == socket.gethostname().split(".")[0], f"host {host}")

    def verdicts(self, path):
        return [line for line in read_lines(path) if line["type"] == "refusal"
                and line["requester"]["pid"] == os.getpid()]

    def a_long_line_is_not_cut(self):
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(json.dumps({"type": "test", "text": 'ä"\\ x' * (LONG // 12)}) + "\n")
        self.all_lines_arrive(self.log)

    def none_is_lost_when_the_log_is_rotated(self):
        old = self.log + ".1"
        self.refuse()
        wait_for("the verdict", lambda: len(self.verdicts(self.log)) == 2)
        os.rename(self.log, old)
        self.refuse()
        wait_for("the verdict", lambda: len(self.verdicts(old)) == 3)
        self.agent.child.send_signal(signal.SIGHUP)
        wait_for("the new log", lambda: os.path.exists(self.log))
        self.refuse()
        wait_for("the verdict", lambda: self.verdicts(self.log))
        self.all_lines_arrive(old, self.log)

    def it_goes_on_when_the_collector_is_back(self):
        """What was under way when it went may be lost: docs/fleet.md."""
        before, port = len(self.verdicts(self.log)), self.collector.port
        self.collector.end()
        self.refuse()
        wait_for("the verdict", lambda: len(self.verdicts(self.log)) == before + 1)
        self.collector = Collector(port)
        self.refuse()
        wait_for("the verdict", lambda: len(self.verdicts(self.log)) == before + 2)
        last = self.verdicts(self.log)[-1]
        wait_for("the last line", lambda: last in self.collector.events())

    def the_sample_for_vector_fits_together(self):
        """Not by Vector: names, paths and what feeds what."""
        sample = yaml.safe_load(read(VECTOR))
        source, transform = sample["sources"], sample["transforms"]
        demand(set(sample) == {"sources", "transforms", "sinks"}, "sections")
        demand(source["portclash_file"]["include"] == [LOG], "the path of the log")
        fed = [name for part in (transform, sample["sinks"]) for thing in part.values()
               for name in thing["inputs"]]
        demand(sorted(fed) == sorted([*source, *transform]), f"inputs {fed}")
        demand("NOT tested" in read(VECTOR), "it does not say that it is not tested")


TESTS = (
    Suite.rsyslog_takes_the_sample,
    Suite.a_mistake_in_it_would_be_noticed,
    Suite.lines_arrive_whole,
    Suite.a_long_line_is_not_cut,
    Suite.none_is_lost_when_the_log_is_rotated,
    Suite.it_goes_on_when_the_collector_is_back,
    Suite.the_sample_for_vector_fits_together,
)


def main():
    portclash, root = sys.argv[1:]
    with in_folder("shipping") as folder:
        return run_suite(Suite(folder, portclash, root), TESTS)


if __name__ == "__main__":
    sys.exit(main())
