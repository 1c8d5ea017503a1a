# SPDX-License-Identifier: GPL-2.0-only
"""The command of docs/install.md for a container of Docker: the image is built of packaging's files, and the command runs as it
stands there."""
import os
import re
import shutil

from harness import demand, read, read_lines, wait_for
from stage import Server, call, do, may_raise_limits, try_to_listen

EVENTS = "/var/log/portclash/events.jsonl"
PORT = 18099


class Readme:
    def __init__(self, suite, image="portclash"):
        self.suite, self.image = suite, image
        text = read("docs/install.md")
        block = re.search(r"^    (docker run -d --name portclash (?:.*\\\n)*.*)\n", text, re.M)
        older = re.search(r"Debian 12's Docker.*?put\s+`(--cap-add=[^`]*)` in the place of\s+`([^`]*)`", text, re.S)
        demand(block and older, "docs/install.md has no such command")
        self.command = block.group(1)
        self.instead, self.known = older.groups()

    def as_for_older_engines(self):
        """What the page says of engines that do not know CAP_BPF"""
        demand(self.known in self.command, self.command)
        self.command = self.command.replace(self.known, self.instead)

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
        if not may_raise_limits():
            command = command.replace(" --ulimit memlock=-1", "")
        worked, said = call(["sh", "-c", command])
        if not worked:
            demand("CAP_BPF" in said, said)
            call(["docker", "rm", "-f", "portclash"])
            self.as_for_older_engines()
            self.start()

    def events(self, kind):
        return [e for e in read_lines(EVENTS) if e["type"] == kind]

    def ready(self):
        running = do(["docker", "inspect", "-f", "{{.State.Running}}", "portclash"]) == "true"
        demand(running, call(["docker", "logs", "portclash"])[1])
        return self.events("ready")

    def try_it(self):
        self.build()
        self.start()
        self.watches()
        self.knows_containers()
        self.ends()

    def watches(self):
        wait_for("the agent in its container", self.ready)
        server = Server(PORT)
        try:
            demand(not try_to_listen(PORT), "the port is free")
            event = wait_for("the verdict", lambda: [e for e in self.events("refusal")
                                                     if e["requested"]["port"] == PORT])[-1]
            who = event["holders"][0]["process"]
            demand(who["pid"] == server.child.pid and event["requester"]["pid"] == os.getpid(), str(event))
            demand(who["exe"] and os.path.basename(who["exe"]).startswith("python"), str(who))
        finally:
            server.end()

    def knows_containers(self):
        # The names of other containers, as the page has their files mounted.
        ident = self.suite.docker.run("neighbour", ["--network", "host"], "httpd", "-f", "-p", str(PORT))
        wait_for("the server", lambda: not try_to_listen(PORT))
        event = wait_for("the verdict", lambda: [e for e in self.events("refusal") if e["holders"] and
                         (e["holders"][0]["process"] or {}).get("container") == ident])[-1]
        demand(event["holders"][0]["process"]["container_name"] == "neighbour", str(event))
        do(["docker", "rm", "-f", "neighbour"])

    def ends(self):
        do(["docker", "stop", "portclash"])
        demand(do(["docker", "inspect", "-f", "{{.State.ExitCode}}", "portclash"]) == "0",
               call(["docker", "logs", "portclash"])[1])
