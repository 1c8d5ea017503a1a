# SPDX-License-Identifier: GPL-2.0-only
"""`portclash top` in a real terminal (tmux), on collisions that are staged: what it shows, its keys, sizes and kinds
of terminals, its end in every way, and that `free` and `reserve` act when the port was typed, and only then.

    unshare --net --mount python3 suite.py PORTCLASH
"""
import os
import re
import signal
import socket
import subprocess
import sys
import unicodedata

import stage
from harness import demand, in_folder, read, run_suite, wait_for
from terminal import Terminal

TITLE = r"portclash top  \d\d:\d\d:\d\d"


class Suite:
    def __init__(self, portclash):
        self.portclash = os.path.abspath(portclash)
        self.folder = in_folder("top")
        self.count = 0
        self.open = []

    def keep(self, thing):
        self.open.append(thing)
        return thing

    def terminal(self, *size, **environment):
        self.count += 1
        folder = os.path.join(self.folder.name, str(self.count))
        os.mkdir(folder)
        return self.keep(Terminal(folder, *size, **environment))

    def top(self, *size, options="--netns self", **environment):
        """A terminal in which top runs, and has looked at the machine."""
        t = self.terminal(*size, **environment)
        t.command(f"{self.portclash} top {options}")
        t.sees(TITLE)
        t.sees(r"own range \d+-\d+")
        return t

    def theft(self, *arguments, **how):
        return self.keep(stage.Theft(*arguments, **how))

    def drop(self):
        while self.open:
            self.open.pop().end()

    def said(self):
        return ""

    def end(self):
        self.drop()
        self.folder.cleanup()


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def top_pid(terminal):
    return children_of(terminal.shell_pid())[0]


def is_gone(pid):
    return not os.path.exists(f"/proc/{pid}") or "\nState:\tZ" in read(f"/proc/{pid}/status")


def ends_as_it_began(suite):
    t = suite.terminal()
    before = t.mode()
    t.command(f"clear; echo 'what was here'; {suite.portclash} top")
    t.sees(TITLE)
    demand("what was here" not in t.screen(), "the screen of before shows through")
    t.keys("q")
    t.sees("what was here")
    demand(t.status() == 0, "the status is not 0")
    demand(t.mode() == before, "the terminal is not as it was")
    t.command(f"{suite.portclash} top")
    t.sees(TITLE)
    t.keys("C-c")
    demand(t.status() == 0, "Ctrl-C: the status is not 0")
    demand(t.mode() == before, "Ctrl-C: the terminal is not as it was")


def tells_a_refusal(suite):
    t = suite.top()
    theft = suite.theft(42111)
    pid = theft.refuse()
    t.sees(rf"\d\d:\d\d:\d\d refused  tcp 42111 victim\[{pid}\] +thief\[{theft.client.pid}\] +ephemeral-client")
    t.sees(r"refused 1 ")
    t.keys("Enter")
    t.sees(r"tcp bind 0\.0\.0\.0:42111 refused: EADDRINUSE")
    t.sees(rf"held by +thief\[{theft.client.pid}\]")
    t.sees(r"cause +ephemeral-client")
    t.sees(r"lines 1 to \d+ of \d+")
    t.keys("End")
    t.sees(r"net\.ipv4\.ip_local_reserved_ports|portclash reserve")
    t.keys("Escape")
    t.sees("1 Events")


def fills_the_tables(suite):
    t = suite.top()
    listener = socket.create_server(("127.0.0.1", 43500))
    with listener:
        clients = [socket.create_connection(listener.getsockname()) for _ in range(30)]
        # The filter holds for all tables: other namespaces of the machine have rows, too.
        t.type("2/own")
        t.keys("Enter")
        t.sees(r"(?m)^own +32768-60999 +3\d of 28232")
        t.keys("3")
        t.sees(rf"(?m)^python3\[{os.getpid()}\] +own +[\d.]+ +\d+ +31 tcp \d+")
        t.keys("4")
        t.sees(r"(?m)^127\.0\.0\.1:43500 +own +30 +28232")
        t.keys("5")
        t.sees(rf"(?m)^tcp 43500 127\.0\.0\.1 +python3\[{os.getpid()}\] +own +0\.2 % +30 of 14116|^tcp 43500")
        t.keys("Enter")
        t.sees(rf"netns inode +{stage.netns()}")
        for client in clients:
            client.close()


def sorts_and_filters(suite):
    t = suite.top()
    for name, port in (("alpha", 42201), ("beta", 42202), ("gamma", 42203)):
        suite.theft(port, server=name).refuse()
    t.sees(r"(?s)gamma.*beta.*alpha")
    t.keys("S")
    t.sees(r"(?s)alpha.*beta.*gamma.*turned round")
    t.keys("s", "s", "s")
    t.sees(r"(?s)alpha.*beta.*gamma.*by PROCESS")
    t.type("/BET")
    t.sees(r'\d of \d rows have "BET"')
    demand("alpha" not in t.screen(), "the filter shows another row")
    t.keys("Enter", "Enter")
    t.sees(r"0\.0\.0\.0:42202 refused")
    t.keys("Escape", "Escape")
    t.sees(r"\d rows, by")


def rows_fit(t):
    for line in t.lines():
        wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in line)
        demand(wide <= t.columns, f"wider than {t.columns}: {line}")


def fits_any_size(suite):
    t = suite.top(132, 40)
    suite.theft(42301).refuse()
    t.sees("victim")
    for columns, rows in ((132, 40), (80, 24), (47, 12), (200, 50), (30, 6), (80, 24)):
        t.resize(columns, rows)
        if columns < 40:
            t.sees("at least 40 x 8")
            continue
        wait_for(f"title and keys at {columns}x{rows}",
                 lambda r=rows: re.search(TITLE, t.lines()[0]) and "q quit" in t.lines()[r - 1])
        rows_fit(t)
    for key in "23456":
        t.keys(key)
        t.sees("Latest events")
        rows_fit(t)


COLOR = re.compile(r"\x1b\[(?:[\d;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|38;5;\d+)m")


def obeys_no_color(suite):
    suite.theft(42401).refuse()
    for environment, wanted in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True),
                                ({"TERM": "vt100"}, False)):
        t = suite.top(**environment)
        theft = suite.theft(42402)
        theft.refuse()
        t.sees("victim")
        colored = bool(COLOR.search(t.screen("-e")))
        demand(colored == wanted, f"{environment}: colours are {colored}")
        theft.end()
        t.end()


def shows_ascii_alone(suite):
    for environment in ({"LANG": "C"}, {"LANG": "C", "TERM": "vt100"}, {"LANG": "C.UTF-8", "LC_ALL": "POSIX"}):
        t = suite.top(**environment)
        theft = suite.theft(42501, thief="dieb\u00e9", server="\u65e5\u672c")
        pid = theft.refuse()
        t.sees(rf"\?\?\[{pid}\] +dieb\?\[")
        t.keys("Enter")
        t.sees(r"-> 127\.0\.0\.1:")
        demand(t.screen().isascii(), "other characters than ASCII")
        theft.end()
        t.end()


def names_cannot_break_it(suite):
    t = suite.top()
    names = ["\x1b[2J\x1b[31m", "\u65e5\u672c\u8a9e\u65e5\u672c", "e\u0301\u0302\u0303\u0304\u0305",
             "\udcff\udcfe\udc9b", "\u202eexe.\n\r\t"]
    for i, name in enumerate(names):
        suite.theft(42601 + i, thief=name, server=name).refuse()
    for i in range(len(names)):
        t.sees(rf"refused +tcp {42601 + i} ")
    t.sees(r"\\x1b\[2J")
    for key in ["2", "3", "1"] + ["Enter", "Escape", "Down"] * len(names):
        t.keys(key)
        wait_for("the title", lambda: re.search(TITLE, t.lines()[0]))
        rows_fit(t)


def refuses_what_is_no_screen(suite):
    t = suite.terminal()
    for environment, sentence in (("TERM=dumb", "cannot show a screen"), ("TERM=nosuchterm", "has no entry for TERM=nosuchterm"),
                                  ("TERM=", "TERM is not set")):
        t.command(f"clear; {environment} {suite.portclash} top")
        t.sees(sentence)
        demand(t.status() == 1, f"{environment}: the status is not 1")
    t.command(f"clear; {suite.portclash} top | cat")
    t.sees("top needs a terminal")
    t.command(f"clear; {suite.portclash} top </dev/null")
    t.sees("top needs a terminal")


def restores_after_a_crash(suite):
    t = suite.terminal()
    before = t.mode()
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGTERM, signal.SIGHUP,
                   signal.SIGQUIT):
        t.command(f"clear; echo 'what was here'; {suite.portclash} top")
        t.sees(TITLE)
        pid = top_pid(t)
        looker = children_of(pid)
        os.kill(pid, number)
        wait_for(f"the end by {number.name}", lambda p=pid: is_gone(p))
        t.sees("what was here")
        demand(t.status() in (0, 128 + number), f"{number.name}: another status")
        demand(t.mode() == before, f"{number.name}: the terminal is not as it was")
        wait_for("the end of its helper", lambda ps=looker: all(is_gone(p) for p in ps))


def ends_with_its_terminal(suite):
    for before in ("", "trap '' HUP; "):
        t = suite.terminal()
        t.command(f"{before}{suite.portclash} top")
        t.sees(TITLE)
        pid = top_pid(t)
        everything = [pid] + children_of(pid)
        t.end()
        wait_for(f"the end of top ({before or 'SIGHUP'})", lambda ps=everything: all(is_gone(p) for p in ps))


def stops_and_goes_on(suite):
    t = suite.top()
    t.keys("C-z")
    t.sees("Stopped")
    t.command("echo in' 'between")
    t.sees("in between")
    t.command("fg")
    t.sees(TITLE)
    t.keys("?")
    t.sees("show a table")
    t.keys("q", "q")
    demand(t.status() == 0, "the status is not 0")


def frees_when_the_port_was_typed(suite):
    t = suite.top()
    theft = suite.theft(42701)
    theft.refuse()
    t.sees("victim")
    t.keys("f")
    t.sees(rf"thief\[{theft.client.pid}\]")
    t.sees("Type 42701 and Enter to free port 42701")
    demand("[y/N]" not in t.screen(), "there are two questions at once")
    t.type("y")
    t.keys("Enter")
    t.type("42702")
    t.keys("Enter")
    t.sees('"42702" is not 42701: nothing was done')
    t.keys("Escape")
    t.sees("nothing was done")
    demand(theft.is_connected() and not stage.can_bind(42701), "something was done without the number")
    t.keys("f")
    t.sees("Type 42701 and Enter to free port 42701")
    t.type("42701")
    t.keys("Enter")
    t.sees("has ended")
    t.sees(r"freed +tcp port 42701")
    demand(theft.wait_for_end() == "ended", "the thief's connection lives")
    demand(stage.can_bind(42701), "the port is not free")
    t.keys("Escape", "q")
    demand(t.status() == 0, "the status is not 0")


def leaves_nothing_when_killed(suite):
    """By a signal that it cannot see, while `free` asks: no answer is a no."""
    t = suite.top()
    theft = suite.theft(42801)
    theft.refuse()
    t.sees("victim")
    t.keys("f")
    t.sees("Type 42801 and Enter to free port 42801")
    pid = top_pid(t)
    others = children_of(pid)
    demand(len(others) == 2, f"top has {len(others)} children, not a helper and free")
    os.kill(pid, signal.SIGKILL)
    wait_for("the end of its children", lambda: all(is_gone(other) for other in others))
    demand(theft.is_connected() and not stage.can_bind(42801), "free went on without top")


def choose_exposed(t, port):
    """Other network namespaces of the machine have servers, too."""
    t.keys("5")
    t.type(f"/{port}")
    t.keys("Enter")
    t.sees(r"1 of \d+ rows? have")
    t.sees(f"tcp {port}")


def frees_no_listener(suite):
    t = suite.top()
    with socket.create_server(("127.0.0.1", 43501)) as listener:
        choose_exposed(t, 43501)
        t.keys("f")
        t.sees("`portclash free` has ended")
        t.sees(r"not freed +tcp port 43501")
        t.type("43501")
        t.keys("Enter")
        socket.create_connection(listener.getsockname()).close()


def reserves_when_the_port_was_typed(suite):
    t = suite.top()
    with socket.create_server(("127.0.0.1", 43502)):
        choose_exposed(t, 43502)
        t.keys("r")
        t.sees("Type 43502 and Enter to reserve port 43502")
        demand("43502" not in stage.content(stage.RESERVED), "it was reserved without being asked")
        t.keys("Enter")
        t.sees('"" is not 43502')
        t.type("43502")
        t.keys("Enter")
        t.sees("has ended")
        demand("43502" in stage.content(stage.RESERVED).split(","), "it was not reserved")
        t.keys("Escape", "6")
        t.sees(r"(?m)^43502 +reserve")
        t.keys("5")
        t.sees(r"0 of \d+ rows? have")


def does_what_its_page_says(suite):
    page = read("docs/top.md")
    commands = re.findall(r"(?m)^ {4}portclash (top[^#\n]*?) *(?:#.*)?$", page)
    demand(len(commands) >= 3, "docs/top.md has no commands")
    for command in commands:
        t = suite.terminal()
        t.command(f"{suite.portclash} {command}")
        t.sees(TITLE)
        t.keys("q")
        demand(t.status() == 0, f"{command}: the status is not 0")
        t.end()


def clean(test):
    """Each test has a terminal of its own, and leaves nothing."""
    def run(suite):
        try:
            test(suite)
        finally:
            suite.drop()
    run.__name__ = test.__name__
    return run


TESTS = [ends_as_it_began, tells_a_refusal, fills_the_tables, sorts_and_filters, fits_any_size, obeys_no_color,
         shows_ascii_alone, names_cannot_break_it, refuses_what_is_no_screen, restores_after_a_crash,
         ends_with_its_terminal, stops_and_goes_on, frees_when_the_port_was_typed, frees_no_listener,
         leaves_nothing_when_killed,
         reserves_when_the_port_was_typed, does_what_its_page_says]


def main():
    stage.prepare()
    chosen = [test for test in TESTS if len(sys.argv) < 3 or test.__name__ in sys.argv[2:]]
    return run_suite(Suite(sys.argv[1]), [clean(test) for test in chosen])


if __name__ == "__main__":
    sys.exit(main())
