# SPDX-License-Identifier: GPL-2.0-only
"""The DaemonSet: what its manifest says, and whether portclash can work with just that: the static
binary runs in a container that is made from the manifest, without a container runtime.

    container.py PORTCLASH STATIC      built, and built by `make static`
"""
import contextlib
import copy
import os
import socket
import sys

import manifest
from harness import demand, in_folder, read, run, run_suite, wait_for
from world import CONTAINER, NOBODY, POD, Container, Outsider, refused

DOCKERFILE = "packaging/container/Dockerfile"


class Suite:
    def __init__(self, folder, portclash, static):
        self.folder = folder
        self.portclash = portclash
        self.static = static
        self.parts = manifest.load()
        self.container = None
        self.backend = socket.create_server(("127.0.0.1", 0))
        self.sink = socket.socket(type=socket.SOCK_DGRAM)
        self.sink.bind(("127.0.0.1", 0))
        self.older = None

    def end(self):
        with contextlib.ExitStack() as all_of_them:  # also when one cannot be ended
            for close in (self.backend.close, self.sink.close):
                all_of_them.callback(close)
            for thing in (self.older, self.container):
                if thing:
                    all_of_them.callback(thing.end)

    def said(self):
        return self.container.process.said() if self.container else ""

    # The files

    def the_manifest_keeps_its_promises(self):
        wrong = manifest.broken(self.parts)
        demand(not wrong, "not so: " + "; ".join(wrong))

    def a_slip_in_the_manifest_is_noticed(self):
        for change in SLIPS:
            parts = copy.deepcopy(self.parts)
            change(manifest.pod_of(parts), manifest.container_of(parts))
            demand(manifest.broken(parts), f"slip {SLIPS.index(change)} is not noticed")

    def the_configuration_is_valid(self):
        path = os.path.join(self.folder, "portclash.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.parts["ConfigMap"]["data"]["portclash.yaml"])
        worked, said = run([self.portclash, "agent", "--check-config", "--config", path])
        demand(worked, said)

    def the_image_is_the_static_binary(self):
        lines = read(DOCKERFILE).splitlines()
        demand("FROM scratch" in lines and "COPY portclash /usr/bin/portclash" in lines,
               "another image than the one that is tried here")
        worked, said = run(["ldd", self.static])
        demand(not worked or "not a dynamic" in said, said)

    # In the container

    def it_starts_with_what_the_manifest_gives(self):
        self.older = Outsider("tcp", self.backend.getsockname()[1])
        self.older.move_to_pod()
        self.start(self.parts, "all")
        ready = self.container.ready()
        demand("UDP" not in ready["cannot_see"], ready["cannot_see"])

    def it_has_the_capabilities_of_the_manifest_at_most(self):
        status = dict(line.split(":\t", 1) for line in
                      read(f"/proc/{self.container.process.child.pid}/status").splitlines())
        wanted = sum(1 << number for number in (12, 19, 38, 39))
        for name in ("CapBnd", "CapPrm", "CapEff"):
            demand(int(status[name], 16) & ~wanted == 0, f"{name} {status[name]}")
        demand(status["NoNewPrivs"] == "1", "NoNewPrivs")

    def a_theft_is_explained(self):
        thief = Outsider("tcp", self.backend.getsockname()[1])
        try:
            refused("tcp", thief.port)
            event = self.container.refusal(thief.port, "tcp")
        finally:
            thief.end()
        holder = event["holders"][0]
        demand(event["cause"] == "ephemeral-client", event["cause"])
        demand(holder["process"]["pid"] == thief.child.pid, str(holder))
        demand(holder["how"] == "connect" and not holder["how_inferred"], str(holder))

    def a_udp_client_of_another_cgroup_is_seen(self):
        thief = Outsider("udp", self.sink.getsockname()[1])
        try:
            refused("udp", thief.port)
            holder = self.container.refusal(thief.port, "udp")["holders"][0]
        finally:
            thief.end()
        demand(holder["how"] == "autobind" and not holder["how_inferred"], str(holder))
        demand(holder["process"]["pid"] == thief.child.pid, str(holder))

    def an_older_process_of_another_user_is_named(self):
        refused("tcp", self.older.port)
        holder = self.container.refusal(self.older.port, "tcp")["holders"][0]
        demand(holder["process"]["pid"] == self.older.child.pid, str(holder))
        demand(holder["process"]["exe"] == os.path.realpath(sys.executable), str(holder))
        demand(holder["process"]["uid"] == NOBODY, str(holder))
        # The kernel names the process's cgroup relative to the container's own: "/../../kubepods-…".
        demand(holder["process"]["pod"] == POD, str(holder))
        demand(holder["process"]["container"] == CONTAINER, str(holder))
        names = [holder["process"][f] for f in ("container_name", "pod_name", "pod_namespace")]
        demand(names == ["web", "shop-0", "prod"], str(holder))

    def the_textfile_is_on_the_node(self):
        wait_for("the textfile", lambda: os.path.exists(self.container.textfile))
        demand("portclash_up 1\n" in read(self.container.textfile), "portclash_up is not 1")

    def it_ends_in_order(self):
        container, self.container = self.container, None
        status = container.end()
        demand(status == 0, f"status {status}: {container.process.said()}")
        demand("portclash_up 0\n" in read(container.textfile), "portclash_up is not 0")

    def each_capability_is_needed(self):
        for name in sorted(manifest.NEEDED):
            self.start(self.parts, "no-" + name, (name,))
            demand(NEEDED_FOR[name](self), f"nothing is missing without {name}")

    def start(self, *how):
        """Another one in the place of the one before."""
        if self.container:
            self.container.end()
        self.container = Container(self.folder, self.static, *how)

    def without_the_cgroups_of_the_node_it_says_so(self):
        parts = copy.deepcopy(self.parts)
        mounts = manifest.container_of(parts)["volumeMounts"]
        mounts[:] = [mount for mount in mounts if mount["name"] != "cgroup"]
        self.start(parts, "no-cgroup")
        demand(self.sees_no_udp(), "cannot_see says nothing of UDP")

    def does_not_start(self):
        wait_for("its end", lambda: self.container.process.child.poll() is not None)
        return "portclash: " in self.container.process.said()

    def sees_no_udp(self):
        return "UDP" in self.container.ready()["cannot_see"]

    def names_no_program(self):
        self.container.ready()
        refused("tcp", self.older.port)
        holder = self.container.refusal(self.older.port, "tcp")["holders"][0]
        return not (holder["process"] or {}).get("exe")


NEEDED_FOR = {"BPF": Suite.does_not_start, "PERFMON": Suite.does_not_start,
              "NET_ADMIN": Suite.sees_no_udp, "SYS_PTRACE": Suite.names_no_program}

SLIPS = [
    lambda pod, container: pod.pop("hostPID"),
    lambda pod, container: pod.update(hostNetwork=False),
    lambda pod, container: pod["volumes"].pop(),
    lambda pod, container: container["volumeMounts"][0].pop("readOnly"),
    lambda pod, container: container["securityContext"].update(privileged=True),
    lambda pod, container: container["securityContext"]["capabilities"]["add"].append("SYS_ADMIN"),
    lambda pod, container: container["securityContext"]["capabilities"]["add"].remove("BPF"),
]

TESTS = (
    Suite.the_manifest_keeps_its_promises,
    Suite.a_slip_in_the_manifest_is_noticed,
    Suite.the_configuration_is_valid,
    Suite.the_image_is_the_static_binary,
    Suite.it_starts_with_what_the_manifest_gives,
    Suite.it_has_the_capabilities_of_the_manifest_at_most,
    Suite.a_theft_is_explained,
    Suite.a_udp_client_of_another_cgroup_is_seen,
    Suite.an_older_process_of_another_user_is_named,
    Suite.the_textfile_is_on_the_node,
    Suite.it_ends_in_order,
    Suite.each_capability_is_needed,
    Suite.without_the_cgroups_of_the_node_it_says_so,
)


def main():
    portclash, static = sys.argv[1:]
    with in_folder("container") as folder:
        return run_suite(Suite(folder, portclash, static), TESTS)


if __name__ == "__main__":
    sys.exit(main())
