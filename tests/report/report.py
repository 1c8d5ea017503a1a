#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`portclash report` in a real browser and before a validator: names of strangers stay text.

    report.py PORTCLASH FOLDER
"""
import calendar
import html.parser
import os
import re
import shutil
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import hostile

PORTCLASH, FOLDER = sys.argv[1:3]
passed = failed = 0

# Limits for a page of 10,000 verdicts: its size, and the time of a browser on a slow machine.
PAGE_BYTES_MAX = 6 << 20
PAGE_SECONDS_MAX = 120


def check(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"ok {name}" if good else f"FAIL {name}: {str(why)[:600]}")


def path(name):
    return os.path.join(FOLDER, name)


def report(*arguments):
    return subprocess.run([PORTCLASH, "report", *arguments], capture_output=True,
                          env={**os.environ, "TZ": "CET-1"})


def chromium(*arguments):
    return subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--user-data-dir=" + path("profile"), *arguments],
        capture_output=True, timeout=PAGE_SECONDS_MAX)


class Page(html.parser.HTMLParser):
    """Elements, attributes and text of a DOM as the browser wrote it down."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = {}, set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def shown(name):
    """The name as a terminal gets it, on one line."""
    name = name.replace("\x00", "")
    return re.sub("[\x00-\x1f\x7f\u200b\u202e]",
                  lambda m: "".join("\\x%02x" % b for b in m.group().encode()), name)


def check_valid(name, file):
    done = subprocess.run(["tidy", "-e", "-q", "--gnu-emacs", "yes", "--drop-empty-elements", "no",
                           file], capture_output=True, text=True)
    check(f"{name}: tidy finds nothing wrong", done.returncode == 0, done.stderr)


def check_hostile():
    log, page = path("hostile.jsonl"), path("hostile.html")
    names = hostile.write_hostile(log)
    done = report("-o", page, log)
    check("a hostile log makes a page", done.returncode == 0, done.stderr)
    check("only its owner may read it", stat.S_IMODE(os.stat(page).st_mode) == 0o600)
    check_valid("hostile names", page)
    with open(page, encoding="utf-8") as file:
        source = file.read()
    check("it names nothing to load", not re.search(r"(src|href|url)\s*[=(]\s*[\"']?[a-z/]", re.sub(
        r"&[a-z#0-9]+;", "", re.sub(r">[^<]*<", "><", source))), "an address in a tag")
    dom = chromium("--dump-dom", "file://" + os.path.abspath(page)).stdout.decode()
    seen = Page(dom)
    check("the browser runs and loads nothing of theirs",
          not {"script", "img", "iframe", "object", "embed", "link", "form", "a"} & set(seen.tags),
          seen.tags)
    check("no attribute of theirs is there",
          not [a for a in seen.attributes if a.startswith("on")] and "id" not in seen.attributes,
          seen.attributes)
    check("the title is ours", "<title>portclash: ports that were refused</title>" in dom)
    check("one style, one body", seen.tags["style"] == 1 and seen.tags["body"] == 1, seen.tags)
    check("each verdict is folded", seen.tags["details"] == names, seen.tags)
    check("each port has its picture", seen.tags["svg"] == names, seen.tags)
    for number, name in enumerate(hostile.NAMES):
        check(f"name {number} stands there as text", shown(name) in seen.text, shown(name))
    check("damaged lines are said", "2 damaged lines" in seen.text)
    picture = path("hostile.png")
    chromium("--screenshot=" + picture, "--window-size=1100,2400", "file://" + os.path.abspath(page))
    check("a screenshot is taken (" + picture + ")",
          os.path.exists(picture) and os.path.getsize(picture) > 20000)
    chromium("--print-to-pdf=" + path("hostile.pdf"), "file://" + os.path.abspath(page))
    check("it prints", os.path.exists(path("hostile.pdf")))


def check_markdown():
    text = report("--format", "md", path("hostile.jsonl")).stdout.decode()
    outside = re.sub(r"(`{3,})\n.*?\n\1\n", "", text, flags=re.S)
    outside = re.sub(r"<summary>[^<]*</summary>", "", outside)
    bare = re.sub(r"\\[!-/:-@[-`{-~]", "", outside)
    tags = set(re.findall(r"<[^>]*>", bare))
    check("Markdown has no element of theirs", tags <= {"<details>", "</details>"}, tags)
    check("no link, no mention", not re.search(r"[\[\]!@`]|://|www\.", bare),
          re.findall(r".{20}(?:[\[\]!@`]|://|www\.).{20}", bare))
    check("no heading of theirs", not re.search(r"^#+ *owned", bare, flags=re.M))


def check_origin():
    """Host and time of the page, in both formats; the host's dots and dashes are escaped in Markdown."""
    now, host = time.time(), os.uname().nodename
    for form in "html", "md":
        text = report("--format", form, "docs/sample-lines.jsonl").stdout.decode()
        said = re.search(r"Made on (\S+), (.{19}) CET, by portclash", text.replace("\\", ""))
        made = said and calendar.timegm(time.strptime(said[2], "%Y-%m-%d %H:%M:%S")) - 3600
        check(f"{form}: the page says where and when it was made",
              said and said[1] == host and -2 < made - now < 60, text[:300])


def check_words():
    """Fixes begin with their label, and the sentences say what they leave out."""
    text = report("--format", "md", "docs/sample-lines.jsonl").stdout.decode()
    check("a conjunction stands before the label", "Or to keep it from coming back: " in text and
          not re.search(r"(Now|coming back): (and|or) ", text), text[:300])
    hostile.write_many(path("some.jsonl"), 400)
    text = report("--format", "md", path("some.jsonl")).stdout.decode()
    check("the refusals without a sentence are counted",
          re.search(r"The tables below also have \d+ more refusals, of other", text), text[:300])


def check_many():
    log, page = path("many.jsonl"), path("many.html")
    hostile.write_many(log, 10000)
    done = report("-o", page, log)
    size = os.path.getsize(page)
    check(f"10,000 verdicts make a page of {size >> 10} KiB", done.returncode == 0 and
          size < PAGE_BYTES_MAX, done.stderr)
    check_valid("10,000 verdicts", page)
    before = time.monotonic()
    seen = Page(chromium("--dump-dom", "file://" + os.path.abspath(page)).stdout.decode())
    check(f"a browser opens it in {time.monotonic() - before:.1f} s", seen.tags["body"] == 1)
    check("1,000 are shown, and the rest is said", seen.tags["details"] == 1000 and
          "9000 more verdicts are not shown" in seen.text, seen.tags)
    check("all are counted", "10000 refusals of 300 ports" in seen.text)


def check_failures():
    done = report("-o", "/dev/null", path("hostile.jsonl"))
    check("a device is not replaced", done.returncode == 1 and b"cannot be written" in done.stderr)
    done = report("-o", path("x.html"), path("none.jsonl"))
    check("a file that is not there is said", done.returncode == 1 and
          b"none.jsonl cannot be read" in done.stderr, done.stderr)
    done = report("--format", "pdf")
    check("a format that is none is a mistake", done.returncode == 2)


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
check_hostile()
check_markdown()
check_origin()
check_words()
check_many()
check_failures()
shutil.rmtree(path("profile"), ignore_errors=True)
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0)
