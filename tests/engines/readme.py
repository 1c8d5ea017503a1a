# SPDX-License-Identifier: GPL-2.0-only
"""The commands of docs/install.md for a container of Docker or podman, run as they stand there. Docker can also build the image
of packaging's files."""
import os
import re
import shutil

from harness import demand, read, read_lines, wait_for
from stage import POSSIBLE_LIMITS, THIEF, Server, call, do, may_raise_limits, try_to_listen, wait_for_listener

EVENTS = "/var/log/portclash/events.jsonl"
PORT = 18099
STAGED = 18102


class Readme:
    def __init__(self, suite, engine, image="portclash"):
        self.suite, self.engine, self.image = suite, engine, image
        text = read("docs/install.md")
        # The lines of the block before the command belong to it.
        block = re.search(rf"^((?:    .*\n)*    {engine.name} run -d --name portclash (?:.*\\\n)*.*)\n", text, re.M)
        older = re.search(r"Debian 12's Docker.*?put\s+`(--cap-add=[^`]*)` in the place of\s+`([^`]*)`", text, re.S)
        demand(block and older, f"docs/install.md has no such command of {engine.name}")
        self.command = block.group(1)
        self.instead, self.known = older.groups()

    def as_for_older_engines(self):
        """What the page says of a Docker that does not know CAP_BPF"""
        demand(self.known in self.command, self.command)
        self.command = self.command.replace(self.known, self.instead)

    def within_limits(self, command):
        """The same without what this machine's root or control groups refuse to any container."""
        if not may_raise_limits():
            demand(" --ulimit memlock=-1" in command, command)
            command = command.replace(" --ulimit memlock=-1", "")
        if self.engine.name == "podman":
            command = command.replace(" --read-only", " --read-only " + " ".join(POSSIBLE_LIMITS))
        return command

    def build(self):
        folder = os.path.join(self.suite.folder, "build")
        os.mkdir(folder)
        shutil.copy(self.suite.static, os.path.join(folder, "portclash"))
        do(["docker", "build", "-q", "-f", "packaging/container/Dockerfile", "-t", "portclash", folder],
           env={**os.environ, "DOCKER_BUILDKIT": "0"})

    def start(self):
        """As it stands; if this Docker is too old for that, as the page says then."""
        command = self.command.replace(" IMAGE", " " + self.image)
        demand(command != self.command, self.command)
        self.engine.try_to("rm", "-f", "portclash")
        if os.path.exists(EVENTS):
            os.unlink(EVENTS)
        worked, said = call(["sh", "-ec", self.within_limits(command)])
        if not worked:
            demand("CAP_BPF" in said, said)
            self.as_for_older_engines()
            self.start()

    def events(self, kind):
        return [e for e in read_lines(EVENTS) if e["type"] == kind]

    def stays_up(self):
        running = self.engine("inspect", "-f", "{{.State.Running}}", "portclash") == "true"
        demand(running, self.engine.try_to("logs", "portclash")[1])

    def ready(self):
        self.stays_up()
        return self.events("ready")

    def try_it(self):
        self.start()
        self.watches()
        self.names_a_theft()
        self.knows_containers()
        self.ends()

    def verdict(self, port, wanted):
        demand(not try_to_listen(port), "the port is free")
        return wait_for("the verdict", lambda: [e for e in self.events("refusal")
                                                if e["requested"]["port"] == port and wanted(e)])[-1]

    def is_named(self, event, child):
        who = event["holders"][0]["process"]
        demand(who["pid"] == child.pid and event["requester"]["pid"] == os.getpid(), str(event))
        demand(who["exe"] and os.path.basename(who["exe"]).startswith("python"), str(who))

    def watches(self):
        wait_for("the agent in its container", self.ready)
        server = Server(PORT)
        try:
            self.is_named(self.verdict(PORT, lambda e: True), server.child)
        finally:
            server.end()

    def names_a_theft(self):
        thief = Server(STAGED, THIEF)
        try:
            event = self.verdict(STAGED, lambda e: True)
            demand(event["cause"] == "ephemeral-client" and event["holders"][0]["how"] == "connect", str(event))
            self.is_named(event, thief.child)
        finally:
            thief.end()
        self.stays_up()

    def knows_containers(self):
        # The names of other containers, as the page has their files mounted.
        ident = self.engine.run("neighbour", ["--network", "host"], "httpd", "-f", "-p", str(PORT))
        wait_for_listener(PORT)
        event = self.verdict(PORT, lambda e: e["holders"] and
                             (e["holders"][0]["process"] or {}).get("container") == ident)
        demand(event["holders"][0]["process"]["container_name"] == "neighbour", str(event))
        self.engine("rm", "-f", "neighbour")

    def ends(self):
        """It says a summary, which a killed one does not."""
        self.stays_up()
        self.engine("stop", "portclash")
        demand(self.engine("inspect", "-f", "{{.State.ExitCode}}", "portclash") == "0" and self.events("summary"),
               self.engine.try_to("logs", "portclash")[1])
        self.engine("rm", "portclash")
