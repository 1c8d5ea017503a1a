# SPDX-License-Identifier: GPL-2.0-only
"""Collisions that real engines and containers make, and what portclash says of them: each verdict is compared
with what was staged, and its advice is taken as printed. Runs in the world that world.sh makes.

    suite.py PORTCLASH STATIC CLIENT OTHER_STATIC ARCH OTHER_ARCH QEMU

The last four are for the image archives: the program of the other architecture, and what runs it.
"""
import os
import sys

from archive import Archive, Archives
from harness import demand, in_folder, read_lines, run_suite, wait_for
from podman import Podman
from readme import Readme
from stage import (AT_ONCE, HTTPD, WITHIN_LIMITS, Agent, Dockerd, Engine, Server, call, do, expect, holder_of, image_of, netns_of,
                   on_signals, owners_of, take_advice, truth_of, try_to_listen,
                   wait_for_listener)

def expect_names(who, container, name, word="system"):
    got = {f: who[f] for f in ("container", "container_name", "container_word")}
    demand(got == {"container": container, "container_name": name, "container_word": word}, str(who))


class Suite(Podman, Archives):
    def __init__(self, folder, portclash, static, client, others):
        self.folder, self.portclash, self.static = folder, portclash, static
        other_static, self.native, self.other, self.qemu = others
        programs = {self.native: static, self.other: os.path.abspath(other_static)}
        self.archives = {arch: Archive(folder, {arch: program}) for arch, program in programs.items()}
        self.archives["both"] = Archive(folder, programs)
        self.archive = image_of(folder, client)
        self.dockerd = Dockerd(folder)
        self.docker = Engine("docker", [AT_ONCE], self.archive)
        self.podman = self.rootless = None
        self.docker.run("bystander", [], "sleep", "600")
        self.bystander = self.docker.pid_of("bystander")
        self.agent = Agent(folder, portclash)

    def end(self):
        pass  # keeper.py ends all of it

    def said(self):
        """With the containers, also those that have ended, and what portclash told last."""
        engines = [engine for engine in (self.docker, self.podman, self.rootless) if engine]
        containers = [engine.try_to("ps", "-a")[1] for engine in engines]
        told = [event["explanation"] for event in read_lines(self.agent.log) if event["type"] == "refusal"]
        return "\n".join([*containers, *told[-3:], self.agent.process.said(), self.dockerd.process.said()])

    def take(self, event):
        """Takes the advice; a container beside must outlive it."""
        commands = take_advice(event)
        demand(os.path.exists(f"/proc/{self.bystander}"), f"{commands} ended another container")
        return commands

    def refused(self, port, count=1):
        demand(not try_to_listen(port), f"port {port} is free")
        return self.agent.refusal(port, count)

    # Docker

    def docker_proxy_holds(self):
        port = 18080
        self.docker.run("web", ["-p", f"{port}:80"], *HTTPD, "80")
        address = self.docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web")
        event = self.refused(port)
        # One proxy listens on any IPv4 address, another on IPv6.
        proxies = [truth_of(pid) for pid in owners_of(port)]
        demand({p["comm"] for p in proxies} == {"docker-proxy"}, str(proxies))
        for holder in event["holders"]:
            expect(holder["process"], next(p for p in proxies if p["pid"] == holder["process"]["pid"]))
        expect(event["requester"], truth_of(os.getpid()))
        demand(event["cause"] == "listener", event["cause"])
        demand(f"for a container, {address} port 80" in event["explanation"], event["explanation"])
        commands = self.take(event)
        demand(any("docker stop" in c for c in commands), str(commands))
        demand(try_to_listen(port), f"still refused after {commands}")

    def docker_proxy_is_refused(self):
        port = 18081
        server = Server(port)
        try:
            truth = truth_of(server.child.pid)
            worked, said = self.docker.try_to(*self.docker.command("web2", ["-p", f"{port}:80"], *HTTPD, "80"))
            demand(not worked and "in use" in said, said)
            event = self.agent.refusal(port)
            who = event["requester"]
            demand(who["comm"] in ("docker-proxy", "dockerd") and not who["uid"] and
                   who["netns"] == truth["netns"], str(who))
            demand("asked for a container" in event["explanation"], event["explanation"])
            expect(holder_of(event), truth)
            demand(self.take(event) == [f"kill {server.child.pid}"], str(event["fixes"]))
            server.child.wait(10)
        finally:
            server.end()
        self.docker("start", "web2")
        demand(owners_of(port), "nobody listens")

    def two_containers_for_one_port(self):
        """Docker refuses the second itself and asks no kernel: there is nothing to see."""
        port = 18082
        self.docker.run("one", ["-p", f"{port}:80"], *HTTPD, "80")
        worked, said = self.docker.try_to(*self.docker.command("two", ["-p", f"{port}:80"], *HTTPD, "80"))
        demand(not worked and "already allocated" in said, said)
        demand(not self.agent.refusals(port), str(self.agent.refusals(port)))

    def a_theft_inside_a_container(self):
        port = 18083
        one_port = f"net.ipv4.ip_local_port_range={port} {port}"
        ident = self.docker.run("shop", ["--sysctl", one_port], "sh", "-c", "httpd -p 80; exec client 80")
        inside = ("exec", "shop", "timeout", "9", "httpd", "-f", "-p", str(port))
        self.connected_from(port)
        worked, said = self.docker.try_to(*inside)
        demand(not worked and "in use" in said, said)
        event = self.agent.refusal(port)
        demand(event["cause"] == "ephemeral-client", event["cause"])
        for who in (holder_of(event), event["requester"]):
            expect_names(who, ident, "shop")
            demand(who["netns"] == netns_of(self.docker.pid_of("shop")), str(who))
        demand(holder_of(event)["comm"] == "client", str(event["holders"]))
        demand(event["holders"][0]["how"] == "connect", str(event["holders"]))
        # The first process of the container that was refused: to stop it would take the asker along.
        now = [fix for fix in event["fixes"] if not fix["lasting"]]
        demand(all(fix["command"] is None for fix in now) and "leave client[" in now[0]["what"], str(now))
        self.keeps_the_port(port, [fix["command"] for fix in event["fixes"] if fix["lasting"] and fix["command"]])

    def keeps_the_port(self, port, commands):
        """The lasting fixes of a theft, as they are printed: for this namespace, and for the container made anew."""
        reserve, sysctl = commands
        do(["sh", "-c", reserve], env={**os.environ, "PATH": f"{os.path.dirname(self.portclash)}:{os.environ['PATH']}"})
        self.docker("exec", "shop", "grep", "-qx", str(port), "/proc/sys/net/ipv4/ip_local_reserved_ports")
        self.docker("rm", "-f", "shop")
        self.docker.run("shop", ["--sysctl", f"net.ipv4.ip_local_port_range={port} {port + 1}", "--sysctl", sysctl],
                        "sh", "-c", "httpd -p 80; exec client 80")
        self.connected_from(port + 1)
        self.docker("exec", "-d", "shop", "httpd", "-f", "-p", str(port))
        wait_for("the server", lambda: self.docker.try_to("exec", "shop", "grep", "-q", f":{port:04X} .* 0A ",
                                                          "/proc/net/tcp6")[0])

    def connected_from(self, port):
        wait_for("the client", lambda: self.docker.try_to("exec", "shop", "grep", "-q", f":{port:04X} 0100007F:0050 01 ",
                                                          "/proc/net/tcp")[0])

    def two_containers_in_one_namespace(self):
        port = 18087
        first = self.docker.run("first", [], *HTTPD, str(port))
        self.docker.run("second", ["--network", "container:first"], *HTTPD, str(port))
        event = self.agent.refusal(port)
        demand(event["requester"]["container_name"] == "second", str(event["requester"]))
        sentence = event["explanation"]
        demand("container second (" in sentence and f"container first ({first[:12]})" in sentence, sentence)
        expect(holder_of(event), truth_of(self.docker.pid_of("first"), first, "first"))
        demand(event["requester"]["netns"] == netns_of(self.docker.pid_of("first")), str(event["requester"]["netns"]))
        demand(self.take(event) == [f"docker stop {first[:12]}"], str(event["fixes"]))
        # The namespace went with the container that had it; there, its server comes back to a free port.
        self.docker("start", "first")
        demand(self.docker.pid_of("first"), "it did not start")

    def the_hosts_network(self):
        port = 18084
        ident = self.docker.run("hostweb", ["--network", "host"], *HTTPD, str(port))
        wait_for_listener(port)
        event = self.refused(port)
        expect(holder_of(event), truth_of(self.docker.pid_of("hostweb"), ident, "hostweb"))
        expect(event["requester"], truth_of(os.getpid()))
        commands = self.take(event)
        demand(commands == [f"docker stop {ident[:12]}"], str(commands))
        demand(try_to_listen(port), f"still refused after {commands}")

    def a_control_group_of_ones_own(self):
        """Its path does not say that Docker made it; Docker's own file does. podman's name is in the path."""
        self.podman = Engine("podman", WITHIN_LIMITS, self.archive)
        for port, engine, command in ((18088, self.docker, "docker"), (18089, self.podman, "podman")):
            ident = engine.run("grouped", ["--cgroup-parent", "/portclash-shop", "--network", "host"], *HTTPD, str(port))
            wait_for_listener(port)
            event = self.refused(port)
            expect(holder_of(event), truth_of(engine.pid_of("grouped"), ident, "grouped"))
            demand(self.take(event) == [f"{command} stop {ident[:12]}"], str(event["fixes"]))
            demand(try_to_listen(port), "still refused")

    def who_names_it_too(self):
        port = 18085
        ident = self.docker.run("asked", ["--network", "host"], *HTTPD, str(port))
        wait_for_listener(port)
        _, said = call([self.portclash, "who", str(port)])
        demand(f"container asked ({ident[:12]})" in said, said)

    def without_names(self):
        """container_names: no."""
        port = 18086
        agent = Agent(self.folder, self.portclash, "--container-names=no")
        try:
            ident = self.docker.run("nameless", ["--network", "host"], *HTTPD, str(port))
            wait_for_listener(port)
            demand(not try_to_listen(port), f"port {port} is free")
            expect_names(holder_of(agent.refusal(port)), ident, None)
        finally:
            agent.end()

    def readmes_own_command(self):
        page = Readme(self, self.docker)
        page.build()
        page.try_it()


TESTS = (
    Suite.docker_proxy_holds,
    Suite.docker_proxy_is_refused,
    Suite.two_containers_for_one_port,
    Suite.a_theft_inside_a_container,
    Suite.two_containers_in_one_namespace,
    Suite.the_hosts_network,
    Suite.a_control_group_of_ones_own,
    Suite.who_names_it_too,
    Suite.without_names,
    Suite.podman_on_the_hosts_network,
    Suite.podman_publishes,
    Suite.podman_is_refused,
    Suite.two_containers_in_a_pod,
    Suite.rootless_podman_publishes,
    Suite.slirp4netns_publishes,
    Suite.rootless_podman_is_refused,
    Suite.pasta_holds,
    Suite.pasta_is_refused,
    Suite.readmes_own_command,
    Suite.the_archive_of_a_release_in_docker,
    Suite.the_archive_of_a_release_in_podman,
    Suite.the_other_architecture,
    Suite.the_archive_of_both_in_podman,
)


def main():
    on_signals()
    with in_folder("engines") as folder:
        return run_suite(Suite(folder, *map(os.path.abspath, sys.argv[1:4]), sys.argv[4:]), TESTS)


if __name__ == "__main__":
    sys.exit(main())
