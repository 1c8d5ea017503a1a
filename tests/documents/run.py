# SPDX-License-Identifier: GPL-2.0-only
"""run.py BUILD: each command that README and docs/ print is run as it is printed, and its output compared.

As root, each block in a network and mount namespace of its own (scenes.sh). pages.py says how a page marks its
blocks; one without a mark fails. Prints "N passed, N failed, N skipped" last.
"""
import concurrent.futures
import glob
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pages

HERE = os.path.dirname(os.path.abspath(__file__))
COMMAND_SECONDS = 90
SLOW_SECONDS = 20
# Commands that watch until somebody ends them; the test does, when they have said that they watch.
ENDLESS = re.compile(r"portclash (trace|agent|guard)\b(?!.*( -- |--for|--check-config|--status|--off|--dry-run|--help))",
                     re.S)
# A cure has to work where a page shows it: 3 would say that nothing was cured.
CURES = re.compile(r"portclash (free|reserve)\b")
# The server that these start takes the place of portclash; the test ends it, when it listens.
SERVERS = re.compile(r"portclash free\b.* -- ")
ENDED_BY_TEST = 130
# One run of these is enough for all pages that print them without output.
LOOKING = re.compile(r"(sudo )?portclash (who|trace|audit|features|explain|agent)\b[^&]*$|.*--dry-run", re.S)
RUN = """
run() { # NUMBER COMMAND
	printf '%%s' "$2" >"command.$1"
	timeout -s KILL %d sh "command.$1" >"out.$1" 2>"err.$1"
	echo $? >"status.$1"
}
run_until_listening() { # NUMBER COMMAND: the server that it starts says so
	printf '%%s' "$2" >"command.$1"
	timeout -s KILL %d sh "command.$1" >"out.$1" 2>"err.$1" &
	tries=0
	until grep -qs listening "out.$1" || [ ! -e "/proc/$!" ] || [ "$tries" -ge 600 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	shell=$(cat "/proc/$!/task/$!/children")
	kill -INT $(cat "/proc/${shell%% }/task/${shell%% }/children")
	wait "$!"
	echo $? >"status.$1"
}
run_until_said() { # NUMBER COMMAND: the first line of output, or of the log, says that it watches
	printf '%%s' "$2" >"command.$1"
	timeout -s KILL %d sh "command.$1" >"out.$1" 2>"err.$1" &
	tries=0
	until [ -s "out.$1" ] || grep -qs ready /var/log/portclash/events.jsonl || [ ! -e "/proc/$!" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || break
		sleep 0.1
	done
	shell=$(cat "/proc/$!/task/$!/children")
	kill -INT $(cat "/proc/${shell%% }/task/${shell%% }/children")
	wait "$!"
	echo $? >"status.$1"
	rm -f /var/log/portclash/events.jsonl
}
""" % (COMMAND_SECONDS, COMMAND_SECONDS, COMMAND_SECONDS)


class Results:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def told(self, name, problem):
        if problem is None:
            self.passed += 1
            print("ok " + name)
        else:
            self.failed += 1
            print("FAIL %s:\n%s" % (name, "\n".join("    " + line for line in problem.split("\n")[:60])))

    def skip(self, name, reason):
        self.skipped += 1
        print("skip %s: %s" % (name, reason))


def documents():
    return ["README.md"] + sorted(glob.glob("docs/*.md"))


def parts_of(page):
    """What a translation shares with its original: levels of headings, links, commands without comments."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    commands = [re.sub(r" +#.*", "", "\n".join(block.lines)) for block in pages.blocks_of(page, text)]
    return {"headings": re.findall(r"^#+", text, re.M), "commands": commands,
            "links": sorted(set(re.findall(r"\]\(([^)]*)\)", text)) - {"README.md", "README.zh-CN.md"})}


def translation_problem(original, translation):
    one, other = parts_of(original), parts_of(translation)
    different = [name for name in one if one[name] != other[name]]
    return "other %s than in %s" % (", ".join(different), original) if different else None


def script_of(block, tree, numbers):
    lines = ["set -u", "tree=" + shlex.quote(tree), ". %s/scenes.sh" % HERE, RUN, "prepare"]
    lines += block.scene + ["echo >scene.ready"]
    for number in numbers:
        command = block.commands[number][0]
        how = "run_until_said" if ENDLESS.search(command) else \
            "run_until_listening" if SERVERS.search(command) else "run"
        lines.append("%s %d %s" % (how, number, shlex.quote(command)))
    return "\n".join(lines) + "\n"


def end_all_in(folder):
    """Whatever a block started: its working directory is the block's folder."""
    for process in glob.glob("/proc/[0-9]*"):
        try:
            if os.readlink(process + "/cwd").startswith(folder):
                os.kill(int(os.path.basename(process)), signal.SIGKILL)
        except OSError:
            pass


def saved(folder, name):
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def stage(block, build, numbers):
    """Runs these commands of a block. Returns for each its status and output, or what went wrong at first."""
    folder = tempfile.mkdtemp(prefix="documents-")
    began = time.monotonic()
    terminal, answers = os.openpty()
    try:
        # Overlays need a file system of their own.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "documents", folder], check=True)
        players = os.path.join(build, "tests/demo/players")
        for name in ("players", "server", "client", "backend"):
            shutil.copy(players, os.path.join(folder, name))
        os.mkdir(os.path.join(folder, "bin"))
        shutil.copy(os.path.join(build, "portclash"), os.path.join(folder, "bin/portclash"))
        os.write(terminal, b"y\n")
        command = ["unshare", "--mount", "--propagation", "private", "./players", "enter"]
        command += ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"] if block.boots else []
        command += ["sh", "-c", script_of(block, os.getcwd(), numbers)]
        # A file, not a pipe: the players of the scene keep it open.
        with open(os.path.join(folder, "said"), "wb") as said:
            subprocess.run(command, cwd=folder, stdin=answers, stdout=said, stderr=said, start_new_session=True)
        if time.monotonic() - began > SLOW_SECONDS:
            print("     %s took %.0f s" % (block.where(), time.monotonic() - began))
        if saved(folder, "scene.ready") is None:
            return None, saved(folder, "said")
        return {n: (saved(folder, "status.%d" % n), saved(folder, "out.%d" % n), saved(folder, "err.%d" % n))
                for n in numbers}, None
    finally:
        end_all_in(folder)
        os.close(terminal)
        os.close(answers)
        subprocess.run(["umount", "--lazy", folder])
        os.rmdir(folder)


def ends_of(block, command):
    """The statuses with which the command may end."""
    if block.ends:
        return block.ends
    if SERVERS.search(command):
        return [ENDED_BY_TEST]
    return [0] if CURES.search(command) else [0, 3]


def problem_of(block, number, result):
    status, out, err = result
    said = "$ %s\n%s%s" % (block.commands[number][0], out, err)
    if status is None:
        return "did not end\n" + said
    ends = ends_of(block, block.commands[number][0])
    if int(status) not in ends:
        return "status %s, not %s\n%s" % (status.strip(), ends, said)
    expected = block.commands[number][1]
    if expected and not pages.matches(expected, out + "\n" + err):
        return "printed in %s:\n%s\nseen:\n%s" % (block.where(), expected, said)
    return None


def run_block(block, build, numbers):
    results, said = stage(block, build, numbers)
    if results and os.environ.get("PORTCLASH_LINES"):
        with open(os.environ["PORTCLASH_LINES"], "a", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(line + "\n" for n, (_, out, _) in results.items() for line in (out or "").split("\n")
                            if "portclash " in block.commands[n][0] and line.startswith('{"schema"'))
    if results is None:
        return [(block.where(), "the scene is not set: " + said)]
    return [("%s: %s" % (block.where(), block.commands[n][0].split("\n")[0]), problem_of(block, n, results[n]))
            for n in numbers]


def to_run(blocks):
    """Blocks with the numbers of their commands that no earlier block has run in the same scene."""
    seen, chosen = set(), []
    for block in blocks:
        numbers = []
        for number, (command, output) in enumerate(block.commands):
            key = (tuple(block.scene), re.sub(r"^sudo | +#.*$", "", command, flags=re.M).strip())
            if output or key not in seen or not LOOKING.match(command):
                numbers.append(number)
                seen.add(key)
        if numbers:
            chosen.append((block, numbers))
    return chosen


def main(arguments):
    build = os.path.abspath(arguments[0])
    only = arguments[1:]
    if not os.path.exists(os.path.join(build, "tests/demo/players")):
        sys.exit("run.py: `make %s/tests/demo/players` first" % arguments[0])
    results, blocks = Results(), []
    for page in documents():
        with open(page, encoding="utf-8") as file:
            blocks += pages.blocks_of(page, file.read())
    for block in blocks:
        if block.kind is None and (not only or block.page in only):
            results.told(block.where(), "this block has no mark (tests/documents/pages.py):\n" + block.lines[0])
    if only:
        blocks = [block for block in blocks if block.page in only]
    blocks = [block for block in blocks if block.kind]
    for block in blocks:
        if block.kind == "not run":
            results.skip(block.where(), block.reason)
    if os.geteuid():
        results.skip("commands of the documents", "need root")
        runs = []
    else:
        runs = to_run([block for block in blocks if block.kind == "run"])
    for block, numbers in list(runs):
        lacking = [tool for tool in block.needs if not shutil.which(tool)]
        if lacking:
            results.skip(block.where(), "needs " + " ".join(lacking))
            runs.remove((block, numbers))
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for told in pool.map(lambda run: run_block(run[0], build, run[1]), runs):
            for name, problem in told:
                results.told(name, problem)
    results.told("README.zh-CN.md is a translation", translation_problem("README.md", "README.zh-CN.md"))
    count = {kind: sum(block.kind == kind for block in blocks) for kind in ("run", "not run", "shown")}
    print("blocks: %(run)d run, %(not run)d not run, %(shown)d only shown" % count)
    print("%d passed, %d failed, %d skipped" % (results.passed, results.failed, results.skipped))
    return results.failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
