#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`portclash history` over a million lines, beside jq that counts the same: time, speed and memory.

    history.py PORTCLASH FOLDER [LINES]
"""
import json
import os
import shutil
import subprocess
import sys
import time

SESSION = os.path.join(os.path.dirname(__file__), "../fuzz/corpus/history/session")

# The sum that docs/fleet.md names, and the same by port, cause and holder, which is what history does.
JQ_SUM = 'reduce inputs as $l (0; . + if $l.type == "refusal" then 1 else $l.count // 0 end)'
JQ_GROUPS = """reduce inputs as $l ({};
	if $l.type == "refusal" or $l.type == "repeat" then
		.["\\($l.requested.port) \\($l.cause) \\($l.requester.exe) " +
			(($l.holder // $l.holders[0] // {}).process.exe // "")] +=
			(if $l.type == "refusal" then 1 else $l.count end)
	else . end)"""


def lines_of(kind):
    with open(SESSION, encoding="utf-8") as file:
        for line in file:
            if json.loads(line)["type"] == kind:
                return line
    raise SystemExit(f"no {kind} in {SESSION}")


def write_log(path, lines):
    """Of ten lines one is a refusal, six are repeats and three are outcomes; 500 ports."""
    refusal, repeat, outcome = (lines_of(kind) for kind in ("refusal", "repeat", "outcome"))
    ident = json.loads(refusal)["id"]
    with open(path, "w", encoding="utf-8") as out:
        for i in range(lines // 10):
            def own(line):
                return line.replace(ident, f"{1796014945151348157 + i}-1").replace(
                    '"port":8000', f'"port":{8000 + i % 500}')
            out.write(own(refusal))
            base = own(repeat)
            for k in range(6):
                out.write(base.replace('"count":2,"total":3', f'"count":2,"total":{3 + 2 * k}'))
            out.write(own(outcome) * 3)


def measure(name, command, size):
    before = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read().decode()
    _, _, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - before
    spent = usage.ru_utime + usage.ru_stime
    print(f"{name:34} {seconds:7.1f} s, {spent:6.1f} s of CPU, {size / spent / 1e6:5.0f} MB/s, "
          f"{usage.ru_maxrss / 1024:6.1f} MiB at most")
    return text


def main():
    portclash, folder = sys.argv[1:3]
    lines = int(sys.argv[3]) if len(sys.argv) > 3 else 1000000
    path = os.path.join(folder, "history.jsonl")
    write_log(path, lines)
    size = os.path.getsize(path)
    print(f"{lines} lines, {size / 1e6:.0f} MB")
    text = measure("portclash history --json", [portclash, "history", "--json", path], size)
    found = json.loads(text.splitlines()[-1])["refusals"]
    if shutil.which("jq"):
        counted = int(measure("jq, the sum alone", ["jq", "-n", JQ_SUM, path], size))
        groups = json.loads(measure("jq, the sum of each group", ["jq", "-n", JQ_GROUPS, path], size))
        if not found == counted == sum(groups.values()):
            raise SystemExit(f"history counts {found}, jq {counted} and {sum(groups.values())}")
    else:
        print("jq is not here: nothing to compare with")
    os.unlink(path)


main()
