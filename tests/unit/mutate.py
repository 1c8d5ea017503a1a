#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Shows that tests can fail: changes single lines of sources, one at a time, and runs the tests of the
join, of recordings and the replay on each such mutant. A mutant that no test notices has survived:

    mutate.py [--jobs N] [--only TEXT] [--list] BUILD SOURCE...

BUILD has the objects of `make check-unit-build check-asan-build`. --only takes mutants whose line holds
TEXT; --list prints the mutants. What the plain tests do not notice is tried with the sanitizers, too:
they notice a leak. Mutants of which tests/unit/mutate.equivalent says that they change nothing are left
out. Last line: "N passed, N failed, N skipped": killed, survived, not compiled."""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MUTATED = ["user/core/join", "user/core/recording"]
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Iinclude", "-Iuser", "-fPIC", "-w"]
# Seconds for one test program; the slowest takes some under the sanitizers.
LIMIT = {"plain": 60, "asan": 120}
# These take too long under the sanitizers to be run for each mutant, and leak where the others do.
SLOW = re.compile(r"/(replay|test_recording|test_playback)$")
KINDS = {
    "plain": {"flags": ["-O1"], "objects": ""},
    "asan": {
        "flags": ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
        "objects": "asan/",
    },
}
LIBS = ["-lcmocka", "-ljansson", "-lyaml", "-lcap", "-lseccomp", "-lz", "-lelf", "-lbpf", "-pthread"]

# Pairs that stand for each other.
NAMES = [
    ["PC_PROTO_TCP", "PC_PROTO_UDP"],
    ["PC_FAMILY_V4", "PC_FAMILY_V6"],
    ["PC_HOW_CONNECT", "PC_HOW_BIND", "PC_HOW_AUTOBIND", "PC_HOW_ACCEPT"],
    ["PC_RING_CLAIMS", "PC_RING_REFUSALS"],
    ["PC_ENTRY_OLDER", "PC_ENTRY_LATE", "PC_ENTRY_WARNED"],
    ["PC_CLAIM_MAYBE_OLD", "PC_CLAIM_IF_NEW", "PC_CLAIM_PORT_LATER"],
    ["PC_STAT_CLAIMS_LOST", "PC_STAT_PROCESSES_LOST"],
    ["PC_STAT_COOKIES_MISSING", "PC_STAT_ENDPOINTS_LOST"],
    ["PC_STAT_NOT_RUN", "PC_STAT_ARGUMENTS_MISSING"],
    ["PC_STAT_REFUSALS_LOST", "PC_STAT_CLAIMS_LOST"],
    ["PC_WALK_NO_TABLE", "PC_WALK_TRUNCATED", "PC_WALK_NETNS"],
    ["PC_STEP_READ", "PC_STEP_FINISH", "PC_STEP_TIDY", "PC_STEP_STOP"],
    ["PC_STEP_PROTECT_START", "PC_STEP_PROTECT"],
    ["PC_STEP_INVENTORY_LATE", "PC_STEP_INVENTORY"],
    ["PC_RECORDED_RUNNING", "PC_RECORDED_SAME", "PC_RECORDED_DAEMON", "PC_RECORDED_KIN"],
    ["PC_RECORDED_SWEEP_FILES", "PC_RECORDED_SWEEP"],
    ["note_unseen", "note_accepting", "note_older", "note_lost", "note_has_it", "note_passed",
     "note_exited"],
    ["true", "false"],
]
OPERATORS = [
    (r" && ", " || "), (r" \|\| ", " && "), (r" == ", " != "), (r" != ", " == "),
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" \+ ", " - "), (r" - ", " + "), (r" \+= ", " = "), (r" -= ", " = "), (r"\|= ", "= "),
    (r" / ", " * "), (r" % ", " + "), (r"(?<=[(\s])!(?=[a-zA-Z(])", ""), (r"\+\+", "--"),
]
STATEMENT = re.compile(r"^\t+(?!return|static|const|struct|break|continue|goto|case|default|else)"
                       r"[^=/]*(\(.*\)|[-+|]?= .*|\+\+|--);$")


def declares(line):
    return re.match(r"^\t+(unsigned|size_t|bool|int|char|u?int\d+_t|long|uint\d+_t|FILE|void) ", line)


def of_names(line):
    for names in NAMES:
        for name in names:
            for match in re.finditer(rf"\b{name}\b", line):
                for other in names:
                    if other != name:
                        yield line[:match.start()] + other + line[match.end():]


def of_operators(line):
    for pattern, other in OPERATORS:
        for match in re.finditer(pattern, line):
            yield line[:match.start()] + other + line[match.end():]


def of_conditions(line):
    match = re.match(r"^(\t+(?:\} else )?(?:if|while) \()(.*)(\)( \{)?)$", line)
    if match and match[2].count("(") == match[2].count(")"):
        yield f"{match[1]}!({match[2]}){match[3]}"
    match = re.match(r"^(\t+return )(.*);$", line)
    if match and match[2] not in ("true", "false", "0"):
        yield f"{match[1]}!({match[2]});"
        yield f"{match[1]}0;"
    match = re.match(r"^(\t+)(break|continue);$", line)
    if match:
        yield f"{match[1]};"


def of_deletion(line):
    if STATEMENT.match(line) and not declares(line):
        yield re.match(r"^\t+", line)[0] + ";"
    if re.match(r"^\t+\.[a-z_]+ = .*,$", line):
        yield ""


def of_numbers(line):
    match = re.match(r"^(#define [A-Z_]+ )(.+)$", line)
    if match and not match[2].startswith("off"):
        yield f"{match[1]}(2 * ({match[2]}))"
        yield f"{match[1]}(({match[2]}) / 2)"


def mutants_of_line(line):
    if re.match(r"^\s*(/\*|\*|//|#include|$)", line) or "_Static_assert" in line:
        return []
    found = []
    for rule in (of_conditions, of_operators, of_names, of_deletion, of_numbers):
        for mutant in rule(line):
            if mutant != line and mutant not in found:
                found.append(mutant)
    return found


def load_equivalent():
    """{(file, line, mutant)}: three lines of text each, and a reason before them."""
    path = os.path.join(HERE, "mutate.equivalent")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    blocks = [b.split("\n") for b in "\n".join(l for l in lines if not l.startswith("#")).split("\n\n")]
    return {tuple(s.strip() for s in b[:3]) for b in blocks if len(b) >= 3}


def mutants_of(path, equivalent):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        lines = file.read().split("\n")
    in_comment = False
    for number, line in enumerate(lines):
        in_comment |= line.lstrip().startswith("/*")
        if not in_comment:
            for mutant in mutants_of_line(line):
                if (path, line.strip(), mutant.strip()) not in equivalent:
                    yield path, number, line, mutant
        if "*/" in line:
            in_comment = False


class Bench:
    """The test programs, linked with a library that has all that is mutated."""

    def __init__(self, build, folder, kind):
        self.build, self.folder, self.kind = build, os.path.join(folder, kind), kind
        self.objects, self.last = {}, {}
        os.makedirs(self.folder)
        for room in MUTATED:
            for name in sorted(os.listdir(os.path.join(ROOT, room))):
                if name.endswith(".c"):
                    path = f"{room}/{name}"
                    self.objects[path] = self.compile(os.path.join(ROOT, path), self.folder, name)
        self.link_library(self.folder, self.objects)
        self.programs = self.link_programs()

    def compile(self, source, folder, name):
        out = os.path.join(folder, name + ".o")
        command = ["gcc", *FLAGS, *KINDS[self.kind]["flags"], f"-I{self.build}", "-c", source, "-o", out]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        return out if done.returncode == 0 else None

    def link_library(self, folder, objects):
        subprocess.run(["gcc", "-shared", *KINDS[self.kind]["flags"], *objects.values(), "-o",
                        os.path.join(folder, "libmutated.so")], check=True, cwd=ROOT)

    def link_programs(self):
        top = os.path.join(self.build, KINDS[self.kind]["objects"])
        rest, helpers, tests = [], [], []
        for folder, _, names in os.walk(os.path.join(ROOT, top, "user")):
            if os.path.relpath(folder, os.path.join(ROOT, top)) in MUTATED:
                continue
            if not re.search(r"/user/(core|host|out)", folder):
                continue
            sources = os.path.join(ROOT, os.path.relpath(folder, os.path.join(ROOT, top)))
            rest += [os.path.join(folder, n) for n in names
                     if n.endswith(".o") and os.path.exists(os.path.join(sources, n[:-1] + "c"))]
        rest.append(os.path.join(top, "user/bpf/backend.o"))
        unit = os.path.join(ROOT, top, "tests/unit")
        for name in sorted(os.listdir(unit)):
            if name.endswith(".o") and os.path.exists(os.path.join(HERE, name[:-1] + "c")):
                (tests if name.startswith("test_") else helpers).append(os.path.join(unit, name))
        tests = [t for t in tests if re.search(r"/test_(join|record|playback|holders|identity)", t)]
        tests = [[t] + helpers for t in tests] + [[os.path.join(ROOT, top, "tests/replay/replay.o")]]
        programs = [self.link_program(t, rest) for t in tests]
        return sorted((p for p in programs if self.kind == "plain" or not SLOW.search(p)),
                      key=self.cost)

    def link_program(self, objects, rest):
        out = os.path.join(self.folder, os.path.basename(objects[0])[:-2])
        subprocess.run(["gcc", "-rdynamic", *KINDS[self.kind]["flags"], *objects, *rest, f"-L{self.folder}",
                        "-lmutated", *LIBS, "-o", out], check=True, cwd=ROOT)
        return out

    @staticmethod
    def cost(program):
        """The slow ones last."""
        return ("replay" in program, "recording" in program, "playback" in program, program)

    def killer(self, folder, path, source, name):
        """The program that notices; None: none; "": it does not compile."""
        objects = dict(self.objects)
        objects[path] = self.compile(source, folder, name)
        if not objects[path]:
            return ""
        self.link_library(folder, objects)
        for program in self.in_order(path):
            if not self.passes(program, folder):
                self.last[path] = program
                return os.path.basename(program)
        return None

    def in_order(self, path):
        """What has noticed the last mutant of this file is likely to notice the next one."""
        first = self.last.get(path)
        return sorted(self.programs, key=lambda p: p != first)

    def passes(self, program, folder):
        command = [program, "tests/replay"] if program.endswith("replay") else [program]
        environment = dict(os.environ, LD_LIBRARY_PATH=folder, CMOCKA_MESSAGE_OUTPUT="stdout")
        try:
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True,
                                  timeout=LIMIT[self.kind], check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def judge(benches, mutant):
    """("killed", by what), ("survived", None) or ("broken", None)"""
    path, number, _, changed = mutant
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        lines = file.read().split("\n")
    lines[number] = changed
    for bench in benches:
        with tempfile.TemporaryDirectory() as folder:
            # Beside the original, so that its includes are found.
            source = os.path.join(folder, os.path.basename(path))
            with open(source, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
            killer = bench.killer(folder, path, source, os.path.basename(path))
        if killer == "":
            return "broken", None
        if killer:
            return "killed", f"{killer} ({bench.kind})"
    return "survived", None


def take_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("build")
    parser.add_argument("sources", nargs="+")
    return parser.parse_args()


def show(mutant, verdict, by):
    path, number, line, changed = mutant
    if verdict == "survived":
        print(f"SURVIVED {path}:{number + 1}\n    {line.strip()}\n    {changed.strip()}")
    elif verdict == "killed":
        print(f"killed {path}:{number + 1} by {by}: {changed.strip()}")
    sys.stdout.flush()


def main():
    a = take_arguments()
    equivalent = load_equivalent()
    mutants = [m for path in a.sources for m in mutants_of(path, equivalent) if a.only in m[2]]
    if a.list:
        for path, number, line, changed in mutants:
            print(f"{path}:{number + 1}\n    {line.strip()}\n    {changed.strip()}")
        print(len(mutants))
        return 0
    folder = tempfile.mkdtemp(prefix="mutate-")
    counts = {"killed": 0, "survived": 0, "broken": 0}
    try:
        benches = [Bench(a.build, folder, kind) for kind in KINDS]
        for bench in benches:
            for program in bench.programs:
                if not bench.passes(program, bench.folder):
                    sys.exit(f"{program} fails without a mutant")
        with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
            verdicts = pool.map(lambda m: judge(benches, m), mutants)
            for mutant, (verdict, by) in zip(mutants, verdicts):
                counts[verdict] += 1
                show(mutant, verdict, by)
    finally:
        shutil.rmtree(folder)
    print(f"{counts['killed']} passed, {counts['survived']} failed, {counts['broken']} skipped")
    return counts["survived"] > 0


if __name__ == "__main__":
    sys.exit(main())
