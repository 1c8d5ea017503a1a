#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""without.py PORTCLASH: portclash on a kernel that shows it no BTF: an empty folder lies over /sys/kernel/btf in a mount
namespace of its own. Needs root."""
import json
import os
import socket
import subprocess
import sys
import tempfile

OWN = "/sys/kernel/btf/vmlinux"
HIDE = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"'
BIND = "import socket, sys; socket.socket().bind(('127.0.0.1', int(sys.argv[1])))"
passed = failed = 0


def report(ok, name, why):
    global passed, failed
    passed, failed = passed + ok, failed + (not ok)
    print(f"ok {name}" if ok else f"FAIL {name}: {why}", flush=True)


def hidden(*command):
    """Exit status, JSON lines and standard error of portclash"""
    run = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", HIDE, "sh", *command],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=False)
    lines = [json.loads(line) for line in run.stdout.decode().splitlines() if line.startswith("{")]
    return run.returncode, lines, run.stderr.decode()


def first(lines, kind):
    return next((line for line in lines if line["type"] == kind), {})


def owners(holders):
    return [owner.get("pid") for holder in holders for owner in holder.get("owners", [])]


def check_backend(portclash, backend, types, port):
    _, lines, said = hidden(portclash, "trace", "--json", "--btf", types, "--backend", backend, "--",
                            sys.executable, "-c", BIND, str(port))
    refusal = first(lines, "refusal")
    report(os.getpid() in owners(refusal.get("holders", [])) and refusal.get("cause") == "ephemeral-bind",
           f"{backend} names the holder", f"{refusal or lines or said}")


def check(portclash, types, port):
    status, _, said = hidden(portclash, "trace", "--for", "0.1")
    report(status == 1 and "--btf FILE" in said, "without a file", said)
    _, lines, said = hidden(portclash, "features", "--json", "--btf", types)
    features = first(lines, "features")
    works = [b["name"] for b in features.get("backends", []) if b["available"]]
    needs = {need["name"]: need["present"] for need in features.get("needs", [])}
    report("fentry" not in works and "tracepoint" in works and needs["kernel-btf"] is False and needs["btf"] is True
           and needs["iterators"] is False, "features", f"{works} {needs} {said}")
    for backend in works:
        check_backend(portclash, backend, types, port)
    _, lines, said = hidden(portclash, "who", "--json", "--btf", types, str(port))
    report(os.getpid() in owners(first(lines, "who").get("holders", [])), "who names the holder", f"{lines} {said}")


def main():
    if os.geteuid() or not os.access(OWN, os.R_OK):
        print("skip without: it needs root and a kernel with BTF\n0 passed, 0 failed, 1 skipped")
        return 0
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listener:
        types = os.path.join(folder, "own.btf")
        with open(OWN, "rb") as own, open(types, "wb") as copy:
            copy.write(own.read())
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        check(os.path.abspath(sys.argv[1]), types, listener.getsockname()[1])
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


sys.exit(main())
