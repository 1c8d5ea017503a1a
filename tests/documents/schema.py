# SPDX-License-Identifier: GPL-2.0-only
"""schema.py [--every] FILE...: each JSON line is what docs/json-schema.json says, and the schema itself is whole.

docs/sample-lines.jsonl must have a line of each type of the schema. FILE has the lines that the other tests have seen
(PORTCLASH_LINES); it need not exist. With --every, it must have a line of each type, too. A field that the schema does
not name is a mistake here, though users must allow for one. Prints "N passed, N failed, N skipped" last.
"""
import copy
import json
import os
import re
import sys
import tempfile

SCHEMA = "docs/json-schema.json"
SAMPLES = "docs/sample-lines.jsonl"
PAGES = ("json.md", "audit.md", "cure.md", "guard.md", "history.md", "causes.md")
# A line of a shape that was seen before is not validated again; these words are part of the shape.
WORDS = re.compile(r"^[a-zA-Z_-]{1,24}$")
MANY = 40


def strict(schema):
    """The same schema, without fields that it does not name."""
    if isinstance(schema, dict):
        for value in schema.values():
            strict(value)
        if "properties" in schema and "required" in schema and "allOf" not in schema:
            schema["additionalProperties"] = False
    elif isinstance(schema, list):
        for value in schema:
            strict(value)
    return schema


def shape(value, key=""):
    if isinstance(value, dict):
        return tuple((k, shape(v, k)) for k, v in value.items())
    if isinstance(value, list):
        return ("list",) + tuple(sorted({repr(shape(v, key)) for v in value})) + (len(value) > 5,)
    if isinstance(value, str) and key not in ("comm", "exe", "cmdline") and WORDS.match(value):
        return value
    return type(value).__name__


def fields(schema, found):
    if isinstance(schema, dict):
        found.update(schema.get("properties", {}))
        for value in schema.values():
            fields(value, found)
    elif isinstance(schema, list):
        for value in schema:
            fields(value, found)
    return found


def undocumented(schema):
    text = "".join(open(os.path.join("docs", page), encoding="utf-8").read() for page in PAGES)
    return sorted(name for name in fields(schema, set()) if "`" + name not in text)


def types_in(schema):
    """The types that the schema lists, and those that it describes."""
    listed = set(schema["properties"]["type"]["enum"])
    described = {rule["if"]["properties"]["type"]["const"] for rule in schema["allOf"]}
    return listed, described


class Lines:
    """The lines of some files, each shape validated once."""

    def __init__(self, validator):
        self.validator, self.seen = validator, set()
        self.passed, self.failures, self.types = 0, [], {}

    def take(self, where, text):
        line = json.loads(text)
        kind = line.get("type")
        self.types[kind] = self.types.get(kind, 0) + 1
        key = repr(shape(line))
        if key in self.seen:
            return
        self.seen.add(key)
        found = [deepest(error) for error in self.validator.iter_errors(line)]
        self.passed += not found
        self.failures += ["%s: %s: %s" % (where, kind, error) for error in found]

    def read(self, path):
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            for number, text in enumerate(file, 1):
                self.take("%s:%d" % (path, number), text)
        return self


def problems(schema, validator, sample_files, test_files, every):
    """Reads all files. Returns their Lines, and what is wrong with them and with the schema."""
    listed, described = types_in(schema)
    samples = Lines(validator)
    lines = Lines(validator)
    for path in sample_files:
        samples.read(path)
    for path in test_files:
        lines.read(path)
    found = samples.failures + lines.failures
    found += ["type without a description in the schema: " + name for name in sorted(listed - described)]
    found += ["type that the schema describes and does not list: " + name for name in sorted(described - listed)]
    found += ["%s: no sample of type %s" % (SAMPLES, name) for name in sorted(listed - set(samples.types))]
    if every:
        found += ["the tests printed no line of type " + name for name in sorted(listed - set(lines.types))]
    return samples, lines, found


def self_test(schema, validator):
    """Each mistake of this kind must be found, and no other."""
    with open(SAMPLES, encoding="utf-8") as file:
        good = file.readlines()
    kinds = sorted(types_in(schema)[0])

    def found(lines, every_line=None):
        with tempfile.TemporaryDirectory() as folder:
            samples, others = os.path.join(folder, "samples"), os.path.join(folder, "others")
            for path, content in ((samples, lines), (others, good if every_line is None else every_line)):
                with open(path, "w", encoding="utf-8") as file:
                    file.writelines(content)
            return problems(schema, validator, [samples], [others], True)[2]

    def without(kind):
        return [line for line in good if json.loads(line)["type"] != kind]

    cases = [("nothing is wrong", found(good), 0)]
    cases += [("no sample of " + kind, found(without(kind)), 1) for kind in kinds]
    cases += [("no line of %s in the tests" % kind, found(good, without(kind)), 1) for kind in kinds]
    cases += [("a type that the schema lacks", found(good + ['{"schema":1,"type":"nonsense"}\n']), 1),
              ("a line without a type", found(good + ['{"schema":1}\n']), 1)]
    return ["self-test: %s: found %s" % (name, what) for name, what, count in cases if bool(what) != bool(count)]


def main(arguments):
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        print("skip the JSON lines: python3-jsonschema is not installed\n0 passed, 0 failed, 1 skipped")
        return 0
    with open(SCHEMA, encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(strict(copy.deepcopy(schema)))
    files = [path for path in arguments if path != "--every" and os.path.exists(path)]
    samples, lines, failures = problems(schema, validator, [SAMPLES], files, files and "--every" in arguments)
    missing = undocumented(schema)
    if missing:
        failures.append("fields that no page names: " + " ".join(missing))
    failures += self_test(schema, validator)
    for failure in failures[:MANY]:
        print("FAIL " + failure[:400])
    print("lines of the tests by type: " + ", ".join("%s %d" % item for item in sorted(lines.types.items())))
    print("%d passed, %d failed, 0 skipped" % (samples.passed + lines.passed, len(failures)))
    return bool(failures)


def deepest(error):
    """The error inside of `then` and `oneOf`, with the field that it is about."""
    while error.context:
        error = max(error.context, key=lambda e: len(e.absolute_path))
    return "%s: %s" % ("/".join(map(str, error.absolute_path)) or "line", error.message[:200])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
