# SPDX-License-Identifier: GPL-2.0-only
"""Becomes a program in a container, as a runtime starts it: namespaces of its own for mounts, cgroups,
names and IPC, those of the host for processes and network; the kernel's file systems as Kubernetes
gives them; given mounts; capabilities as given and no more. Not done: seccomp, AppArmor.

    enter.py PLAN.json     {"root", "binary", "args", "cgroup", "capabilities", "mounts"}
"""
import ctypes
import json
import os
import shutil
import sys

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38

# linux/capability.h
CAPABILITIES = {"DAC_READ_SEARCH": 2, "NET_ADMIN": 12, "SYS_PTRACE": 19, "SYS_ADMIN": 21,
                "SYS_RESOURCE": 24, "PERFMON": 38, "BPF": 39}

# Paths that runtimes hide, and paths that they make read-only: runtime-spec's defaults for Kubernetes.
MASKED = ("kcore", "keys", "timer_list", "sched_debug")
READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source, target, kind, flags):
    check(libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None),
          f"mount {source} {target}")


def bind(source, target, read_only):
    mount(source, target, "", MS_BIND | MS_REC)
    if read_only:
        mount("", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY)


def kernel_file_systems(root):
    safe = MS_NOSUID | MS_NODEV | MS_NOEXEC
    for folder in ("proc", "sys", "dev"):
        os.mkdir(f"{root}/{folder}")
    mount("proc", f"{root}/proc", "proc", safe)
    mount("sysfs", f"{root}/sys", "sysfs", safe | MS_RDONLY)
    mount("cgroup", f"{root}/sys/fs/cgroup", "cgroup2", safe | MS_RDONLY)
    mount("tmpfs", f"{root}/dev", "tmpfs", MS_NOSUID)
    open(f"{root}/dev/null", "w", encoding="utf-8").close()
    bind("/dev/null", f"{root}/dev/null", False)
    # A kernel has those that it was built with.
    for path in (f"{root}/proc/{name}" for name in READ_ONLY):
        if os.path.exists(path):
            bind(path, path, True)
    for path in (f"{root}/proc/{name}" for name in MASKED):
        if os.path.exists(path):
            bind("/dev/null", path, False)


def build_root(plan):
    root = plan["root"]
    mount("", "/", "", MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV)
    os.makedirs(f"{root}/usr/bin")
    shutil.copy(plan["binary"], f"{root}/usr/bin/portclash")
    kernel_file_systems(root)
    for volume in plan["mounts"]:
        target = root + volume["target"]
        os.makedirs(target, exist_ok=True)
        # On a host with systemd it is mounted there; on one that is a container itself it is not.
        if volume["source"] == "/sys/kernel/tracing" and not os.listdir(volume["source"]):
            mount("tracefs", volume["source"], "tracefs", 0)
        bind(volume["source"], target, volume["read_only"])
    mount("", root, "", MS_REMOUNT | MS_RDONLY)


def limit(names):
    keep = {CAPABILITIES[name] for name in names}
    with open("/proc/sys/kernel/cap_last_cap", encoding="utf-8") as file:
        last = int(file.read())
    for number in range(last + 1):
        if number not in keep:
            check(libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), f"drop capability {number}")
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    with open(plan["cgroup"] + "/cgroup.procs", "w", encoding="utf-8") as file:
        file.write("0")
    check(libc.unshare(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC), "unshare")
    build_root(plan)
    os.chroot(plan["root"])
    os.chdir("/")
    limit(plan["capabilities"])
    os.execve("/usr/bin/portclash", ["portclash", *plan["args"]], {"PATH": "/usr/bin"})


main()
