# SPDX-License-Identifier: GPL-2.0-only
"""The lines of a log that is rotated, also those of files that rotation has removed since."""
import glob
import json
import os


class Followed:
    """`PATH`, `PATH.1`, and so on. look() must be called more often than rotation replaces all of them."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        self.bytes = {}  # file, by inode: how much of it was read

    def names(self):
        """The files by name: (inode, size)."""
        found = {}
        for path in glob.glob(self.path + "*"):
            try:
                status = os.stat(path)
            except FileNotFoundError:
                continue
            found[path] = status.st_ino, status.st_size
        return found

    def look(self):
        """Reads what is new. Returns the size of all files; 0 if they were renamed meanwhile."""
        before = self.names()
        for path in before:
            try:
                with open(path, "rb") as file:
                    self.read(file)
            except FileNotFoundError:
                continue
        after = self.names()
        same = {path: inode for path, (inode, _) in before.items()} == {path: inode for path, (inode, _) in after.items()}
        return sum(size for _, size in after.values()) if same else 0

    def read(self, file):
        inode = os.fstat(file.fileno()).st_ino
        file.seek(self.bytes.get(inode, 0))
        new = file.read()
        whole = new.rfind(b"\n") + 1
        self.lines += [json.loads(line) for line in new[:whole].splitlines()]
        self.bytes[inode] = self.bytes.get(inode, 0) + whole

    def of(self, kind):
        return [line for line in self.lines if line["type"] == kind]
