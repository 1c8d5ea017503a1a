# SPDX-License-Identifier: GPL-2.0-only
"""What the suites in Python share: a line for each test, and "N passed, N failed, N skipped" last."""
import json
import subprocess
import tempfile
import time
import traceback

# Seconds: the slowest step is a server's start on a machine that does other things as well.
DEADLINE = 30
POLL = 0.1


class Skip(Exception):
    """Says why."""


def demand(condition, sentence):
    if not condition:
        raise AssertionError(sentence)


def wait_for(what, probe, seconds=DEADLINE):
    """What `probe` returns, as soon as that is true; an error when it never is."""
    until = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        demand(time.monotonic() < until, f"{what}: not within {seconds} s")
        time.sleep(POLL)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def run(command, text=None):
    """(worked, all that it said)"""
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.returncode == 0, done.stdout


def read_lines(path):
    """The whole lines of a file of JSON lines; it need not be there yet."""
    try:
        return [json.loads(line) for line in read(path).splitlines(True) if line.endswith("\n")]
    except FileNotFoundError:
        return []


class Process:
    """One that runs beside the tests; what it says is in a file."""

    def __init__(self, path, command, **how):
        self.path = path
        with open(path, "w", encoding="utf-8") as out:
            self.child = subprocess.Popen(command, stdout=out, stderr=out,
                                          stdin=subprocess.DEVNULL, **how)

    def end(self, number=15):
        if self.child.poll() is None:
            self.child.send_signal(number)
        try:
            return self.child.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            return self.child.wait()

    def said(self):
        return read(self.path)[-2000:]


def result(test, suite):
    """The word for one test, and a sentence."""
    try:
        test(suite)
    except Skip as why:
        return "skip", str(why)
    except Exception as why:  # whatever it is, the next test is run
        place = traceback.extract_tb(why.__traceback__)[-1]
        return "FAIL", f"{why or type(why).__name__} ({place.filename}:{place.lineno})"
    return "ok", ""


def run_suite(suite, tests):
    """Runs the functions in order, ends the suite, prints; the exit status. `suite.said()` is what
    helps to understand a failure."""
    count = {"ok": 0, "FAIL": 0, "skip": 0}
    try:
        for test in tests:
            start = time.monotonic()
            word, why = result(test, suite)
            count[word] += 1
            took = f" ({time.monotonic() - start:.1f} s)" if word == "ok" else ""
            print(f"{word} {test.__name__}{': ' + why if why else took}", flush=True)
        if count["FAIL"]:
            print(suite.said())
    finally:
        suite.end()
    print(f"{count['ok']} passed, {count['FAIL']} failed, {count['skip']} skipped")
    return 1 if count["FAIL"] or not count["ok"] else 0


def in_folder(prefix):
    return tempfile.TemporaryDirectory(prefix=f"portclash-{prefix}-")
