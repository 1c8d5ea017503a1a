# SPDX-License-Identifier: GPL-2.0-only
"""A terminal that a test types into and looks at: tmux with a server of its own."""
import os
import re
import shlex
import shutil
import subprocess

from harness import demand, wait_for

# The environment of the tests is not the terminal's: each says what it needs.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TZ": "UTC", "PS1": "ready$ "}


class Terminal:
    def __init__(self, folder, columns=80, rows=24, **environment):
        demand(shutil.which("tmux"), "tmux is missing: make deps-top")
        self.socket = os.path.join(folder, "tmux")
        self.columns, self.rows = columns, rows
        words = " ".join(f"{name}={shlex.quote(value)}"
                         for name, value in {**ENVIRONMENT, "LANG": "C.UTF-8", **environment}.items())
        shell = f"exec env -i TERM=\"$TERM\" {words} bash --norc --noprofile -i"
        if "TERM" in environment:
            shell = f"exec env -i {words} bash --norc --noprofile -i"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), shell)
        self.tmux("set", "-g", "default-terminal", "tmux-256color")
        self.tmux("set", "-g", "remain-on-exit", "off")
        wait_for("a shell", lambda: "ready$" in self.screen())

    def tmux(self, *words, check=True):
        done = subprocess.run(("tmux", "-S", self.socket) + words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=30, check=False)
        demand(not check or done.returncode == 0, f"tmux {words[0]}: {done.stderr.decode()}")
        return done.stdout.decode("utf-8", "replace")

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options, check=False)

    def lines(self):
        return self.screen().split("\n")[:self.rows]

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def command(self, line):
        """Types a command line into the shell."""
        self.type(line)
        self.keys("Enter")

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def sees(self, pattern, seconds=30):
        """Waits until the screen has it, and returns the match."""
        seen = ""

        def look():
            nonlocal seen
            seen = self.screen()
            return re.search(pattern, seen)

        try:
            return wait_for(f"/{pattern}/ on the screen", look, seconds)
        except AssertionError as why:
            raise AssertionError(f"{why}; it shows:\n{seen}") from None

    def mode(self):
        """All settings of the terminal, as stty sees them from the shell in it."""
        self.command("clear; stty -g; echo done'ne'")
        return self.sees(r"(?m)^([0-9a-f:]{20,}[0-9a-f:\n]*)\ndonene").group(1)

    def status(self):
        """The status of the last command in the shell, and that the shell reads lines again."""
        self.command("echo status=$?")
        return int(self.sees(r"(?m)^status=(\d+)").group(1))

    def shell_pid(self):
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def end(self):
        self.tmux("kill-server", check=False)
