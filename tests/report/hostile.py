# SPDX-License-Identifier: GPL-2.0-only
"""Logs with names that are mark-up, for the tests of reports."""
import json

# Each is a process's name or command line; none may be more than text in a page.
NAMES = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=document.title='owned'>",
    "</td></table><h2 id=owned>owned</h2>",
    "</title></svg><script>document.title='owned'</script>",
    "</summary></details><details open>",
    "</style><style>body{display:none}</style>",
    "javascript:alert(1) &lt;b&gt; &#60;i&#62; ]]> <!-- -->",
    "' onmouseover='document.title=1' x='",
    "[owned](https://example.org) ![x](http://www.example.org/x) `a` | b | *c* www.example.org @all",
    "\x1b[31mred\x07\u202egnp.exe\u200b\x00end",
    "```\n# owned\n```",
    "<svg onload=document.title=1>",
]

RANGE = {"low": 32768, "high": 60999, "reserved": False, "unprivileged_start": 1024}


def process(name, pid, uid):
    return {"pid": pid, "tid": pid, "comm": name, "exe": name, "cmdline": name, "uid": uid,
            "cgroup": "/", "unit": name + ".service", "inner_unit": None, "container": None,
            "container_name": name, "pod": None, "netns": 4026531840, "running": True}


def time_of(second):
    return "2026-11-%02dT%02d:%02d:%02d.000000Z" % (
        1 + second // 86400 % 28, second // 3600 % 24, second // 60 % 60, second % 60)


def refusal(number, port, server, thief, second):
    return {
        "schema": 1, "type": "refusal", "time": time_of(second),
        "id": "%d-%d" % (1796014945000000000 + number, 7), "proto": "tcp", "family": "ipv4",
        "op": "bind", "errno": "EADDRINUSE", "errno_number": 98, "late": False,
        "requested": {"address": "0.0.0.0", "port": port},
        "requester": process(server, 100 + number, 1000 + number % 5), "cause": "ephemeral-client",
        "explanation": "held by " + thief,
        "fixes": [{"lasting": False, "what": "stop " + thief, "command": "kill 4120 # " + thief,
                   "command_plain": None},
                  {"lasting": True, "what": "reserve it", "command": None, "command_plain": None}],
        "range": RANGE, "cause_holder": 0, "holders_total": 1, "holders": [{
            "blocking": True, "found_by": "conflict-check", "state": "ESTABLISHED",
            "local": {"address": "10.0.0.5", "port": port},
            "remote": {"address": "192.0.2.7", "port": 443}, "how": "connect",
            "how_inferred": False, "since": time_of(max(0, second - 600)), "cookie": 1,
            "process": process(thief, 4120, 1000), "process_note": None, "owners": []}],
        "incomplete": False, "incomplete_reason": None}


def write_hostile(path):
    """Every name as a server and as a holder; two starts, an outcome, and lines that are none."""
    lines = [{"schema": 1, "type": "ready", "time": time_of(0), "version": NAMES[0],
              "kernel": NAMES[1], "backend": "fentry", "cannot_see": NAMES[2]}]
    for number, name in enumerate(NAMES):
        lines.append(refusal(number, 8000 + number, name, NAMES[number - 1], 3600 * (1 + number)))
    lines.append({"schema": 1, "type": "ready", "time": time_of(20000), "version": "0.1.0",
                  "kernel": "6.1", "backend": "fentry", "cannot_see": ""})
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
        file.write("{\"broken\n<b>not json</b>\n")
    return len(NAMES)


def write_many(path, count):
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps(refusal(number, 8000 + number % 300, "server%d" % (number % 40),
                                          "client%d" % (number % 7), number * 60)) + "\n")
