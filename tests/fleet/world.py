# SPDX-License-Identifier: GPL-2.0-only
"""portclash in a container, made from the manifest; and others on the machine, outside of it."""
import json
import os
import socket
import subprocess
import sys

import manifest
from harness import Process, demand, read, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
NOBODY = 65534


def cgroup2():
    """Where its root is mounted on this machine."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            _, path, kind, *_ = line.split()
            if kind == "cgroup2" and os.stat(path).st_ino == 1:
                return path
    raise AssertionError("cgroup2 is not mounted on this machine")


def remove(path):
    """An empty cgroup; False: it is not empty yet."""
    try:
        os.rmdir(path)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


class Container:
    """One run; `without` are capabilities of the manifest that it does not get."""

    def __init__(self, folder, binary, parts, name, without=()):
        self.folder = os.path.join(folder, name)
        self.textfile = os.path.join(self.folder, "textfile", "portclash.prom")
        self.cgroup = os.path.join(cgroup2(), f"portclash-test-{os.getpid()}")
        self.out = os.path.join(self.folder, "out")
        for path in ("", "root", "config", "textfile", "names"):
            os.mkdir(os.path.join(self.folder, path))
        # A link of the kubelet's, to a log that cannot be seen here.
        os.symlink("/var/log/pods/x/0.log",
                   os.path.join(self.folder, "names", f"shop-0_prod_web-{CONTAINER}.log"))
        os.makedirs(self.cgroup, exist_ok=True)
        plan = os.path.join(self.folder, "plan.json")
        with open(plan, "w", encoding="utf-8") as file:
            json.dump(self.plan(binary, parts, without), file)
        self.process = Process(self.out, [sys.executable, os.path.join(HERE, "enter.py"), plan])

    def plan(self, binary, parts, without):
        container = manifest.container_of(parts)
        volumes = {v["name"]: v for v in manifest.pod_of(parts)["volumes"]}
        for name, text in parts["ConfigMap"]["data"].items():
            with open(os.path.join(self.folder, "config", name), "w", encoding="utf-8") as file:
                file.write(text)
        return {
            "root": os.path.join(self.folder, "root"),
            "binary": binary,
            "args": container["args"],
            "cgroup": self.cgroup,
            "capabilities": [c for c in container["securityContext"]["capabilities"]["add"]
                             if c not in without],
            "mounts": [{"source": self.source_of(volumes[mount["name"]]),
                        "target": mount["mountPath"],
                        "read_only": mount.get("readOnly", False)}
                       for mount in container["volumeMounts"]],
        }

    def source_of(self, volume):
        if "configMap" in volume:
            return os.path.join(self.folder, "config")
        if volume["name"] == "names":
            return os.path.join(self.folder, "names")
        if volume["name"] == "textfile":
            return os.path.dirname(self.textfile)
        return volume["hostPath"]["path"]

    def lines(self, kind):
        """Of standard output, which is one file with what is said on standard error."""
        lines = [line for line in read(self.out).splitlines(True) if line.startswith("{")]
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if event["type"] == kind]

    def await_lines(self, what, kind, wanted):
        """Those of this type that are wanted, as soon as there are some; unless it ends before."""
        def found():
            lines = [line for line in self.lines(kind) if wanted(line)]
            demand(lines or self.process.child.poll() is None, "it ended: " + self.process.said())
            return lines
        return wait_for(what, found)

    def ready(self):
        return self.await_lines("the first line", "ready", lambda line: True)[0]

    def refusal(self, port, proto):
        """The verdict on this process' own bind() of the port."""
        def mine(line):
            return (line["requester"]["pid"] == os.getpid() and line["proto"] == proto and
                    line["requested"]["port"] == port)
        return self.await_lines(f"the verdict on {proto} {port}", "refusal", mine)[-1]

    def end(self):
        status = self.process.end()
        wait_for("an empty cgroup", lambda: remove(self.cgroup))
        return status


# The program of a process outside: it prints its port, then waits for the end of its standard input.
CLIENT = {
    "tcp": "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))",
    "udp": "s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(b'x', ('127.0.0.1', int(sys.argv[1])))",
}


# The cgroup of a container in a pod, as the kubelet and containerd make it.
POD = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
CONTAINER = 4 * "0123456789abcdef"
POD_PATH = f"kubepods-burstable-pod{POD.replace('-', '_')}.slice/cri-containerd-{CONTAINER}.scope"


class Outsider:
    """A client, another user's, in the cgroup that this process is in."""

    cgroup = None

    def __init__(self, proto, backend):
        self.child = subprocess.Popen(
            [sys.executable, "-c", f"import socket, sys; {CLIENT[proto]}; "
             "print(s.getsockname()[1], flush=True); sys.stdin.read()", str(backend)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=NOBODY, group=NOBODY,
            extra_groups=[])
        self.port = int(self.child.stdout.readline())

    def move_to_pod(self):
        self.cgroup = os.path.join(cgroup2(), f"portclash-test-pod-{os.getpid()}", POD_PATH)
        os.makedirs(self.cgroup, exist_ok=True)
        with open(self.cgroup + "/cgroup.procs", "w", encoding="utf-8") as file:
            file.write(str(self.child.pid))

    def end(self):
        self.child.stdin.close()
        self.child.wait()
        self.child.stdout.close()
        path = self.cgroup
        while path and path != cgroup2():
            wait_for("an empty cgroup", lambda folder=path: remove(folder))
            path = os.path.dirname(path)


def refused(proto, port):
    """A server asks for the port, and must not get it."""
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    with socket.socket(type=kind) as server:
        try:
            server.bind(("0.0.0.0", port))
        except OSError:
            return
    raise AssertionError(f"the kernel let a server have {proto} {port}")
