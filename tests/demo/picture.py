# SPDX-License-Identifier: GPL-2.0-only
"""The picture in README.md: what `make demo` printed, as an animated SVG.

picture.py draw TRANSCRIPT >docs/theft.svg    draws what demo.sh printed (`make picture`)
picture.py check docs/theft.svg TRANSCRIPT    fails if the picture shows another text, numbers and times aside
picture.py badge LABEL VALUE                  draws a badge for README.md
"""
import html
import re
import sys
import textwrap

COLUMNS = 98
CHARACTER, LINE, MARGIN, TITLE = 7.83, 17, 16, 30
FIRST, LAST = "A client connects to", "The server is up on port"
# Lines between these two in which portclash speaks of itself are left off.
LEFT_OFF = re.compile(r"watched for|      cost  |                  (most that|in the kernel)|2\. The cure"
                      r"|portclash .* is watching|Watching |.* gave up: |.* got it later")
# Colours of the words that matter.
COLOURS = [
    (r"^\$ .*", "command"),
    (r"refused: \w+|Address already in use", "bad"),
    (r"^freed\b|listening$|^The server is up.*", "good"),
    (r"^ +(?:kill|portclash|docker|systemctl) .*", "command"),
    (r"^ +cause +(\S+)", "cause"),
    (r"^ +(asked by|held by|cause|why|now|lasting|for good|permanently|to end|reserved)\b", "label"),
    (r"\bclient\[\d+\]", "culprit"),
]
PAUSE_OF_COMMAND, PAUSE_OF_LINE = 1.2, 0.12

STYLE = """
text { font: 13px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #c9d1d9; white-space: pre }
.command { fill: #ffffff; font-weight: bold }
.bad { fill: #ff7b72; font-weight: bold }
.good { fill: #7ee787; font-weight: bold }
.cause { fill: #ffa657; font-weight: bold }
.culprit { fill: #ffa657 }
.label { fill: #79c0ff }
.title { fill: #8b949e }
.line { animation: show 0.05s both }
@keyframes show { from { opacity: 0 } to { opacity: 1 } }
@media (prefers-reduced-motion: reduce) { .line { animation: none } }
"""


def shown(transcript):
    """The lines of the theft and the cure."""
    lines = transcript.expandtabs().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(FIRST))
    last = next(i for i, line in enumerate(lines) if line.startswith(LAST))
    kept = [line.rstrip() for line in lines[first:last + 1] if not LEFT_OFF.match(line)]
    # The server and portclash write at the same time: the server's word comes first here.
    word = next(line for line in kept if line.endswith("Address already in use"))
    kept.remove(word)
    kept.insert(next(i for i, line in enumerate(kept) if line.startswith("$ server")) + 1, word)
    return [line for i, line in enumerate(kept) if line or (i and kept[i - 1])]


def wrapped(line):
    """A long line goes on below the place where its text began."""
    label = re.match(r" *(?:[a-z]+(?: [a-z]+)? {2,})?", line).group()
    return textwrap.wrap(line, COLUMNS, subsequent_indent=" " * len(label), break_on_hyphens=False,
                         drop_whitespace=True) or [""]


def coloured(line):
    spans = []
    for pattern, colour in COLOURS:
        found = re.search(pattern, line)
        if found:
            start, end = found.span(found.re.groups and 1 or 0)
            if all(end <= s or start >= e for s, e, _ in spans):
                spans.append((start, end, colour))
    out, at = "", 0
    for start, end, colour in sorted(spans):
        out += html.escape(line[at:start], quote=False)
        out += '<tspan class="%s">%s</tspan>' % (colour, html.escape(line[start:end], quote=False))
        at = end
    return out + html.escape(line[at:], quote=False)


def draw(transcript):
    rows, now = [], 0.6
    for line in shown(transcript):
        now += PAUSE_OF_COMMAND if line.startswith("$ ") else PAUSE_OF_LINE
        for i, part in enumerate(wrapped(line)):
            rows.append((part, now))
        if line.startswith("$ "):
            now += PAUSE_OF_COMMAND
    width = round(COLUMNS * CHARACTER) + 2 * MARGIN
    height = TITLE + len(rows) * LINE + 2 * MARGIN
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img"'
           % (width, height, width, height),
           '     aria-label="portclash names the client that took a server\'s port, and frees the port">',
           "<!-- Drawn by tests/demo/picture.py of what tests/demo/demo.sh printed: make picture -->",
           "<style>" + STYLE + "</style>",
           '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>']
    for i, colour in enumerate(("#ff5f56", "#ffbd2e", "#27c93f")):
        out.append('<circle cx="%d" cy="16" r="5.5" fill="%s"/>' % (20 + 19 * i, colour))
    out.append('<text class="title" x="50%" y="20" text-anchor="middle">make demo</text>')
    for i, (part, start) in enumerate(rows):
        if part:
            out.append('<text class="line" x="%d" y="%d" xml:space="preserve" style="animation-delay:%.1fs" '
                       'textLength="%d" lengthAdjust="spacing">%s</text>'
                       % (MARGIN, TITLE + MARGIN + i * LINE, start, round(len(part) * CHARACTER), coloured(part)))
    return "\n".join(out + ["</svg>", ""])


def text_of(picture):
    rows = re.findall(r'<text class="line"[^>]*>(.*)</text>', picture)
    return [html.unescape(re.sub(r"<[^>]*>", "", row)) for row in rows]


def without_numbers(lines):
    """One text: a number may be shorter, and the line break elsewhere then."""
    text = " ".join(" ".join(lines).split())
    text = re.sub(r"\b\d+(\.\d+)? (ms|s|min|h|d)\b", "TIME", text)
    return re.sub(r"\d+([.:]\d+)*", "N", text)


def check(path, transcript):
    with open(path, encoding="utf-8") as file:
        drawn = without_numbers(text_of(file.read()))
    seen = without_numbers(shown(transcript))
    if drawn == seen:
        return 0
    at = next((i for i, (a, b) in enumerate(zip(drawn, seen)) if a != b), min(len(drawn), len(seen)))
    print("%s: differs from what the demonstration prints (make picture draws it anew)\n  picture: …%s\n  printed: …%s"
          % (path, drawn[max(0, at - 40):at + 80], seen[max(0, at - 40):at + 80]))
    return 1


def badge(label, value):
    widths = [round(len(text) * 6.6) + 12 for text in (label, value)]
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s: %s">'
           % (sum(widths), label, value),
           '<rect width="%d" height="20" rx="3" fill="#0969da"/>' % sum(widths),
           '<rect width="%d" height="20" rx="3" fill="#555"/>' % widths[0],
           '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">']
    for text, x in ((label, widths[0] / 2), (value, widths[0] + widths[1] / 2)):
        out.append('<text x="%.1f" y="14">%s</text>' % (x, html.escape(text)))
    return "\n".join(out + ["</g>", "</svg>", ""])


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "badge":
        sys.stdout.write(badge(arguments[1], arguments[2]))
        return 0
    if len(arguments) == 2 and arguments[0] == "draw":
        with open(arguments[1], encoding="utf-8") as file:
            sys.stdout.write(draw(file.read()))
        return 0
    if len(arguments) == 3 and arguments[0] == "check":
        with open(arguments[2], encoding="utf-8") as file:
            return check(arguments[1], file.read())
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
