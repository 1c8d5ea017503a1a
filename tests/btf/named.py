# SPDX-License-Identifier: GPL-2.0-only
"""portclash with a file of types that the user names, on a kernel that has BTF of its own: a copy of the kernel's own
types serves, and any other file is refused with a sentence. Needs root.

    named.py PORTCLASH KERNELS       KERNELS: the folder of fetch.sh, with the types of other kernels
"""
import glob
import json
import os
import resource
import socket
import struct
import subprocess
import sys

from harness import Process, Skip, demand, in_folder, read_lines, run_suite, wait_for

OWN = "/sys/kernel/btf/vmlinux"
BIND = "import socket, sys; socket.socket().bind(('127.0.0.1', int(sys.argv[1])))"
BACKENDS = ("fentry", "kprobe", "tracepoint")
# Far more than portclash takes with a file that is as it should be.
MEMORY = 1 << 30


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def call(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                          preexec_fn=limited)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done.stderr


class Suite:
    def __init__(self, folder, portclash, kernels):
        if os.geteuid() or not os.access(OWN, os.R_OK):
            raise Skip("it needs root and a kernel with BTF")
        self.folder, self.portclash = folder, portclash
        self.others = sorted(glob.glob(os.path.join(kernels, "*.btf")))
        with open(OWN, "rb") as own:
            self.types = own.read()
        self.copy = self.file("own.btf", self.types)
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]

    def end(self):
        self.listener.close()

    def said(self):
        return ""

    def file(self, name, content, size=None):
        """Written anew; with `size`, the rest is a hole."""
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
            file.truncate(size if size is not None else len(content))
        return path

    def config(self, types):
        log = os.path.join(self.folder, "log")
        if os.path.exists(log):
            os.unlink(log)
        text = f"log: {log}\nbtf: {types}\n"
        return self.file("portclash.yaml", text.encode()), log

    def names_the_holder(self, lines, where):
        found = [line for line in lines if line["type"] == "refusal" and line["requested"]["port"] == self.port]
        demand(len(found) == 1, f"{where}: {lines}")
        (holder,) = found[0]["holders"]
        demand(found[0]["cause"] == "ephemeral-bind" and holder["process"]["pid"] == os.getpid() and
               [owner["pid"] for owner in holder["owners"]] == [os.getpid()], f"{where}: {found}")

    def a_copy_of_the_kernels_own(self):
        _, (features,), said = call(self.portclash, "features", "--json", "--btf", self.copy)
        demand(features["btf_file"] == self.copy, str(features["btf_file"]))
        works = [b["name"] for b in features["backends"] if b["available"]]
        demand(works and set(works) <= set(BACKENDS), f"{features['backends']} {said}")
        for backend in works:
            _, lines, said = call(self.portclash, "trace", "--json", "--btf", self.copy, "--backend", backend, "--",
                                  sys.executable, "-c", BIND, str(self.port))
            self.names_the_holder(lines, f"{backend} {said}")

    def a_copy_in_the_configuration(self):
        config, log = self.config(self.copy)
        agent = Process(os.path.join(self.folder, "agent"), [self.portclash, "agent", "--config", config])
        try:
            wait_for("the agent", lambda: any(line["type"] == "ready" for line in read_lines(log)) or
                     agent.child.poll() is not None)
            demand(agent.child.poll() is None, agent.said())
            subprocess.run([sys.executable, "-c", BIND, str(self.port)], stderr=subprocess.DEVNULL, check=False)
            wait_for("the verdict", lambda: any(line["type"] == "refusal" for line in read_lines(log)))
            self.names_the_holder([line for line in read_lines(log) if line["type"] == "refusal"], agent.said())
        finally:
            status = agent.end()
        demand(status == 0, agent.said())

    def refused(self, types, sentence):
        """By a watch, and by an agent that has it from its configuration. A look at one port goes on without."""
        config, log = self.config(types)
        for command in (("trace", "--for", "0.1", "--btf", types), ("agent", "--config", config)):
            status, lines, said = call(self.portclash, *command)
            demand(status == 1 and sentence in said and types in said and not lines, f"{command}: {status} {said} {lines}")
        demand(not any(line["type"] == "ready" for line in read_lines(log)), "the agent watched")
        _, lines, said = call(self.portclash, "who", "--json", "--btf", types, str(self.port))
        demand(sentence in json.dumps(lines[-1]["unseen"]), f"who: {lines[-1]} {said}")

    def the_types_of_other_kernels(self):
        demand(len(self.others) >= 3, f"only {self.others}: run make deps-btf")
        for path in self.others:
            with open(path, "rb") as file:
                types = file.read()
            if types != self.types:
                self.refused(self.file(os.path.basename(path), types), "of the running kernel")

    def garbage(self):
        for name, content in (("empty", b""), ("text", b"portclash\n" * 1000), ("random", os.urandom(1 << 16)),
                              ("cut", self.types[:len(self.types) // 2]), ("header", self.types[:24] + os.urandom(1 << 16))):
            self.refused(self.file(name, content), "is not BTF, or is cut off")
        self.refused(self.file("elf", b"\x7fELF" + os.urandom(1 << 16)), "no section .BTF")

    def huge(self):
        """A hole takes no place on the disk, but would take that much memory."""
        for size in (1 << 30, (4 << 30) - 1):
            self.refused(self.file("huge", self.types, size), "more than 256 MiB of types")
        self.refused(self.file("huge", self.types, 5 << 30), "is no file of BTF")
        self.refused(self.elf_of_huge_types(), "more than 256 MiB of types")

    def elf_of_huge_types(self):
        """An ELF file whose section .BTF is 1 GiB of a hole: objcopy would write it."""
        path, mark = os.path.join(self.folder, "huge.elf"), 12345
        subprocess.run(["objcopy", "--add-section", ".BTF=" + self.file("mark", bytes(mark)), "/bin/true", path], check=True)
        with open(path, "r+b") as file:
            elf = file.read()
            (table,) = struct.unpack_from("<Q", elf, 0x28)
            entry, count = struct.unpack_from("<HH", elf, 0x3a)
            sizes = [table + entry * i + 0x20 for i in range(count)]
            (at,) = [at for at in sizes if struct.unpack_from("<Q", elf, at)[0] == mark]
            file.seek(at)
            file.write(struct.pack("<Q", 1 << 30))
            file.truncate(2 << 30)
        return path


TESTS = (
    Suite.a_copy_of_the_kernels_own,
    Suite.a_copy_in_the_configuration,
    Suite.the_types_of_other_kernels,
    Suite.garbage,
    Suite.huge,
)


def main():
    with in_folder("btf") as folder:
        return run_suite(Suite(folder, os.path.abspath(sys.argv[1]), sys.argv[2]), TESTS)


if __name__ == "__main__":
    sys.exit(main())
