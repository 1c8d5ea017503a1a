# SPDX-License-Identifier: GPL-2.0-only
"""What a textfile has, what docs/metrics.md says it has, and what an expression in PromQL asks for."""
import re

# Metrics that expressions may ask for beside our own: node_exporter's, Prometheus' own.
FOREIGN = {
    "node_textfile_mtime_seconds": {"file"},
    "up": set(),
}
TARGET_LABELS = {"instance", "job"}

KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
GROUPING = r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)"
IDENTIFIER = r"[a-zA-Z_:][a-zA-Z0-9_:]*"


def read_textfile(text):
    """{name: (type, help, {label names})} of the families in it."""
    families = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            families[name] = [None, words, set()]
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            families[name][0] = kind
        else:
            name = re.match(IDENTIFIER, line).group()
            families[name][2].update(labels_of(line))
    return {name: tuple(family) for name, family in families.items()}


def labels_of(sample):
    return re.findall(r'[{,]([a-z_]+)="', sample)


def read_document(text):
    """The same from the tables of docs/metrics.md."""
    families = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`portclash_"):
            labels = set(re.findall(r"`([a-z_]+)`", cells[2]))
            families[cells[0].strip("`")] = (cells[1], cells[3], labels)
    return families


def without_strings(expression):
    return re.sub(r'"(\\.|[^"\\])*"', '""', expression)


def matchers_of(expression):
    """[(metric, {label names asked for})]; a metric without braces has none."""
    text = re.sub(GROUPING, " ", without_strings(expression))
    text = re.sub(r"\[[^\]]*\]", " ", text)
    found = []
    for match in re.finditer(rf"({IDENTIFIER})\s*(\{{[^}}]*\}}|\()?", text):
        name, rest = match.groups()
        if rest == "(" or name.lower() in KEYWORDS or inside_braces(text, match.start()):
            continue
        found.append((name, set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", rest or ""))))
    return found


def inside_braces(text, position):
    return text.count("{", 0, position) > text.count("}", 0, position)


def groupings_of(expression):
    """The label names in by (...), on (...) and the like."""
    lists = re.findall(GROUPING, without_strings(expression))
    return {name.strip() for _, names in lists for name in names.split(",") if name.strip()}


def strange(expression, known):
    """What the expression asks for and nobody has; `known` is {metric: {label names}}."""
    wrong = []
    asked = matchers_of(expression)
    for name, labels in asked:
        have = known.get(name)
        if have is None:
            wrong.append(name)
        else:
            wrong += [f"{name}{{{label}}}" for label in labels - have - TARGET_LABELS]
    some = set().union(TARGET_LABELS, *(known.get(name, set()) for name, _ in asked))
    return wrong + [f"label {label}" for label in groupings_of(expression) - some]
