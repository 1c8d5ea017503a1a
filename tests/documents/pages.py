# SPDX-License-Identifier: GPL-2.0-only
"""The code blocks of README and docs/, and what a comment before each says about it.

    <!-- run: SCENE [; SCENE]... [; needs TOOL...] [; ends STATUS...] -->    run it; scenes are in scenes.sh
        A scene that begins with `boots` is in a pid namespace of its own, too: for `reserve --persist`.
    <!-- not run: REASON -->                                                commands that cannot run here
    <!-- shown: REASON -->                                                  no commands, or not comparable ones
    <!-- all shown: REASON -->                                              all blocks of the page, from here on
"""
import re

COMMENT = re.compile(r"<!-- (run|not run|shown|all shown):(.*?)-->", re.S)
# Any number stands for any other, and so does a duration with its unit.
DURATION = re.compile(r"\b\d+(\.\d+)? (ms|s|min|h|d)\b( \d+ (ms|s|min|h)\b)?")
NUMBER = re.compile(r"\d+([.:,]\d+)*")
ANY = "…"


class Block:
    def __init__(self, page, line, mark, lines):
        self.page, self.line, self.lines = page, line, lines
        self.kind, text = mark if mark else (None, "")
        parts = [part.strip() for part in text.split(";")] if self.kind == "run" else []
        self.reason = text.strip()
        self.needs = [tool for part in parts if part.startswith("needs ") for tool in part.split()[1:]]
        self.ends = [int(n) for part in parts if part.startswith("ends ") for n in part.split()[1:]]
        self.scene = [part for part in parts if part and not part.startswith(("needs ", "ends "))]
        self.boots = "boots" in self.scene
        self.commands = self.find_commands() if self.kind == "run" else []

    def where(self):
        return "%s:%d" % (self.page, self.line)

    def find_commands(self):
        """Pairs of a command and the output that the page has for it; without `$ ` all lines are commands."""
        commands, console, lines = [], self.lines[0].startswith("$ "), iter(self.lines)
        for line in lines:
            if not console or line.startswith("$ "):
                command = line[2:] if console else line
                while command.endswith("\\"):
                    command += "\n" + next(lines)
                if command.strip():
                    commands.append((command, []))
            else:
                commands[-1][1].append(line)
        return [(command, "\n".join(output)) for command, output in commands]


def blocks_of(page, text):
    """Indented and fenced blocks, each with the mark before it."""
    blocks, mark, all_mark, lines = [], None, None, text.split("\n")
    i = 0
    while i < len(lines):
        line = lines[i]
        if line.startswith("<!--"):
            comment = line
            while "-->" not in comment:
                i += 1
                comment += "\n" + lines[i]
            found = COMMENT.match(comment)
            if found and found.group(1) == "all shown":
                all_mark = ("shown", found.group(2))
            elif found:
                mark = (found.group(1), found.group(2))
        elif line.startswith("```"):
            start = i + 1
            i += 1
            while not lines[i].startswith("```"):
                i += 1
            blocks.append(Block(page, start, mark or all_mark, lines[start:i]))
            mark = None
        elif line.startswith("    ") and not lines[i - 1].strip() and not in_list(lines, i):
            start = i
            while i < len(lines) and (lines[i].startswith("    ") or not lines[i].strip()):
                i += 1
            body = "\n".join(one[4:] for one in lines[start:i]).rstrip("\n").split("\n")
            blocks.append(Block(page, start + 1, mark or all_mark, body))
            mark = None
            continue
        elif line.strip():
            mark = None
        i += 1
    return blocks


def in_list(lines, i):
    """Does an indented line go on with a list item?"""
    for line in reversed(lines[:i]):
        if line.strip() and not line.startswith(" "):
            return re.match(r"(\*|-|\d+\.) ", line) is not None
    return False


def plain(text):
    return NUMBER.sub("N", DURATION.sub("TIME", " ".join(text.split())))


def matches(expected, seen):
    """The parts between ellipses stand in the output, in this order; blanks and numbers may differ."""
    parts = [re.escape(part.strip()) for part in plain(expected).split(ANY)]
    return re.search(".*".join(parts), plain(seen)) is not None
