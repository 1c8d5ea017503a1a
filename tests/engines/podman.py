# SPDX-License-Identifier: GPL-2.0-only
"""Collisions with podman, as root and rootless, and with the programs that hold ports for it."""
import os

from harness import Process, demand, read, wait_for
from stage import (HTTPD, ROOTLESS, WITHIN_LIMITS, Engine, Server, as_rootless, expect, holder_of, netns_of,
                   owners_of, truth_of, try_to_listen, wait_for_listener)

# Without a manager of his own a user may make no control group.
ROOTLESS_LIMITS = [*WITHIN_LIMITS, "--runtime=crun", "--cgroups=disabled"]


class Podman:
    """Tests of the suite, which has an agent that watches, and an archive for images."""

    def podman_on_the_hosts_network(self):
        port = 18090
        self.podman.run("pbystander", [], "sleep", "600")
        ident = self.podman.run("pweb", ["--network", "host"], *HTTPD, str(port))
        wait_for_listener(port)
        event = self.refused(port)
        expect(event["requester"], truth_of(os.getpid()))
        expect(holder_of(event), truth_of(self.podman.pid_of("pweb"), ident, "pweb"))
        demand(self.take(event) == [f"podman stop {ident[:12]}"], str(event["fixes"]))
        demand(try_to_listen(port), "still refused")

    def podman_publishes(self):
        """conmon holds the port for the container, and has its id among its arguments."""
        port = 18091
        ident = self.podman.run("published", ["-p", f"{port}:80"], *HTTPD, "80")
        (holder,) = owners_of(port)
        truth = truth_of(holder)
        event = self.refused(port)
        demand(truth["comm"] == "conmon" and event["cause"] == "listener", str(event))
        expect(event["requester"], truth_of(os.getpid()))
        # podman made it, and has ended.
        demand(holder_of(event)["comm"] == "podman" and not holder_of(event)["running"], str(holder_of(event)))
        (owner,) = event["holders"][0]["owners"]
        expect(owner, truth)
        demand(f"for a container, {ident[:12]}" in event["explanation"], event["explanation"])
        demand(f"conmon[{holder}] already listens" in event["explanation"], event["explanation"])
        demand(self.take(event) == [f"podman stop {ident[:12]}"], str(event["fixes"]))
        demand(try_to_listen(port), "still refused")
        demand(self.podman("ps", "--format", "{{.Names}}") == "pbystander", "another container was stopped")

    def podman_is_refused(self):
        port = 18092
        server = Server(port)
        try:
            truth = truth_of(server.child.pid)
            worked, said = self.podman.try_to(*self.podman.command("late", ["-p", f"{port}:80"], *HTTPD, "80"))
            demand(not worked and "in use" in said, said)
            event = self.agent.refusal(port)
            who = event["requester"]
            demand((who["comm"], who["uid"], who["container"]) == ("podman", 0, None), str(who))
            expect(holder_of(event), truth)
            demand(self.take(event) == [f"kill {server.child.pid}"], str(event["fixes"]))
            server.child.wait(10)
        finally:
            server.end()
        self.podman("start", "late")
        demand(owners_of(port), "nobody listens")

    def two_containers_in_a_pod(self):
        # podman 4.3's own container of a pod does not start with the cgroupfs driver: its group has no device.
        self.podman("pod", "create", "--infra=false", "--name", "shop")
        first = self.podman.run("front", ["--pod", "shop"], *HTTPD, "18093")
        holder = truth_of(self.podman.pid_of("front"), first, "front")
        second = self.podman.run("back", ["--pod", "shop", "--network", "container:front"], *HTTPD, "18093")
        event = self.agent.refusal(18093)
        expect(holder_of(event), holder)
        who = event["requester"]
        demand((who["container"], who["container_name"], who["netns"]) == (second, "back", holder["netns"]), str(who))
        demand(self.take(event) == [f"podman stop {first[:12]}"], str(event["fixes"]))
        # The namespace went with the container that had it; there, its server comes back to a free port.
        self.podman("start", "front")
        demand(self.podman.pid_of("front") > 0, "it did not start")
        self.podman("pod", "rm", "-f", "shop")

    # Rootless

    def of_a_users_helper(self, port, comm, name):
        """A helper of the user's holds the port for a container. The advice has no command, as only the user
        can see that container; what it says is done."""
        (holder,) = owners_of(port)
        # A thread of rootlessport's made the socket, whose main thread is in the container's network by now.
        truth = {**truth_of(holder), "netns": netns_of(os.getpid())}
        demand((truth["comm"], truth["uid"]) == (comm, ROOTLESS), str(truth))
        event = self.refused(port)
        expect(event["requester"], truth_of(os.getpid()))
        expect(holder_of(event), truth)
        now = [fix for fix in event["fixes"] if not fix["lasting"]]
        demand(all(fix["command"] is None for fix in now) and
               f"as user {ROOTLESS}, find the container that publishes the port" in now[0]["what"], str(now))
        demand(f"for a container of user {ROOTLESS}" in event["explanation"], event["explanation"])
        found = self.rootless("ps", "--format", "{{.Names}} {{.Ports}}").splitlines()
        demand([line.split()[0] for line in found if f":{port}->" in line] == [name], str(found))
        self.rootless("stop", name)
        demand(try_to_listen(port), "still refused after the user stopped it")
        demand(len(self.rootless("ps", "-q").splitlines()) == len(found) - 1, "more than that has ended")

    def rootless_podman_publishes(self):
        self.rootless = Engine("podman", ROOTLESS_LIMITS, self.archive, **as_rootless())
        slirp = ["--network", "slirp4netns"]
        self.rootless.run("mine", [*slirp, "-p", "18094:80"], *HTTPD, "80")
        self.rootless.run("rbystander", slirp, *HTTPD, "80")
        self.of_a_users_helper(18094, "rootlessport", "mine")

    def slirp4netns_publishes(self):
        self.rootless.run("sent", ["--network", "slirp4netns:port_handler=slirp4netns", "-p", "18095:80"], *HTTPD, "80")
        self.of_a_users_helper(18095, "slirp4netns", "sent")

    def rootless_podman_is_refused(self):
        port = 18096
        server = Server(port)
        try:
            truth = truth_of(server.child.pid)
            for handler, comm in (("rootlesskit", "rootlessport"), ("slirp4netns", "slirp4netns")):
                worked, said = self.rootless.try_to(*self.rootless.command(
                    handler, ["--network", f"slirp4netns:port_handler={handler}", "-p", f"{port}:80"], *HTTPD, "80"))
                demand(not worked, said)
                event = self.agent.refusal(port, 1 if handler == "rootlesskit" else 2)
                who = event["requester"]
                demand((who["comm"], who["uid"]) == (comm, ROOTLESS), str(who))
                demand(f"asked for a container of user {ROOTLESS}" in event["explanation"], event["explanation"])
                expect(holder_of(event), truth)
            demand(self.take(event) == [f"kill {server.child.pid}"], str(event["fixes"]))
            server.child.wait(10)
        finally:
            server.end()
        self.rootless("start", "rootlesskit")
        demand(owners_of(port), "nobody listens")
        self.rootless.end_containers()

    # pasta, as podman 5 starts it: for a network namespace that is there

    def start_pasta(self, port):
        inside = Process(os.path.join(self.folder, f"inside-{port}"), ["unshare", "-Urn", "sleep", "600"], **as_rootless())
        wait_for("the namespace", lambda: netns_of(inside.child.pid) != netns_of(os.getpid()) and
                 read(f"/proc/{inside.child.pid}/comm").strip() == "sleep")
        pasta = Process(os.path.join(self.folder, f"pasta-{port}"), [
            "pasta", "-f", "--config-net", "-t", str(port), str(inside.child.pid)], **as_rootless())
        return pasta, inside

    def pasta_holds(self):
        port = 18097
        pasta, inside = self.start_pasta(port)
        # While it starts, a child of pasta has the socket, too.
        wait_for("pasta alone has the port",
                 lambda: owners_of(port) == [pasta.child.pid] or pasta.child.poll() is not None)
        truth = truth_of(pasta.child.pid)
        demand(owners_of(port) == [pasta.child.pid], pasta.said())
        event = self.refused(port)
        expect(holder_of(event), truth)
        demand(f"for a container of user {ROOTLESS}" in event["explanation"], event["explanation"])
        now = [fix for fix in event["fixes"] if not fix["lasting"]]
        demand([fix["command"] for fix in now] == [None], str(now))
        demand(f"pid {pasta.child.pid} only works for it, and is to be stopped if there is none" in now[0]["what"], str(now))
        pasta.end()
        demand(try_to_listen(port), "still refused")
        inside.end()

    def pasta_is_refused(self):
        port = 18098
        server = Server(port)
        try:
            truth = truth_of(server.child.pid)
            pasta, inside = self.start_pasta(port)
            event = self.agent.refusal(port)
            who = event["requester"]
            demand((who["pid"], who["uid"]) == (pasta.child.pid, ROOTLESS), str(who))
            demand(f"asked for a container of user {ROOTLESS}" in event["explanation"], event["explanation"])
            expect(holder_of(event), truth)
            demand(self.take(event) == [f"kill {server.child.pid}"], str(event["fixes"]))
            server.child.wait(10)
            pasta.end()
            inside.end()
        finally:
            server.end()
        pasta, inside = self.start_pasta(port)
        wait_for("pasta", lambda: owners_of(port) == [pasta.child.pid])
        pasta.end()
        inside.end()
