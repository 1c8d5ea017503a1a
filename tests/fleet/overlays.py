# SPDX-License-Identifier: GPL-2.0-only
"""The manifests of packaging/kubernetes: Kustomize builds them, and Kubernetes' API has their fields and values.

    overlays.py PORTCLASH NPM        NPM: the folder of tests/npm, with kubectl and the schemas of the API
"""
import copy
import json
import os
import subprocess
import sys

import yaml

from harness import demand, in_folder, read, run, run_suite
from manifest import MANIFEST, broken

FOLDER = "packaging/kubernetes"
NODE = "/var/lib/node_exporter/textfile"


class Suite:
    def __init__(self, folder, portclash, npm):
        self.folder, self.portclash, self.npm = folder, portclash, npm

    def end(self):
        pass

    def said(self):
        return ""

    def build(self, name):
        worked, said = run([os.path.join(self.npm, "kubectl"), "kustomize", os.path.join(FOLDER, name)])
        demand(worked and "Warning" not in said, said)
        return list(yaml.safe_load_all(said))

    def mistakes(self, objects):
        done = subprocess.run(["node", "tests/fleet/schema.mjs", os.path.join(self.npm, "node_modules")],
                              input=json.dumps(objects), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        demand(done.returncode == 0, done.stdout)
        return done.stdout.splitlines()

    def the_base_is_the_daemonset(self):
        def by_name(objects):
            return sorted((part["kind"], json.dumps(part, sort_keys=True)) for part in objects)
        demand(by_name(self.build("base")) == by_name(yaml.safe_load_all(read(MANIFEST))), "Kustomize changes it")

    def the_api_has_each_field(self):
        for objects in (self.build("base"), self.build("example"), list(yaml.safe_load_all(read(MANIFEST)))):
            mistakes = self.mistakes(objects)
            demand(not mistakes, "; ".join(mistakes))

    def a_wrong_field_is_noticed(self):
        example = self.build("example")
        for change, word in SLIPS:
            objects = copy.deepcopy(example)
            change({part["kind"]: part for part in objects})
            demand(any(word in line for line in self.mistakes(objects)), f"{word}: {self.mistakes(objects)}")

    def the_example_changes_what_it_says(self):
        parts = {part["kind"]: part for part in self.build("example")}
        pod = parts["DaemonSet"]["spec"]["template"]["spec"]
        agent, guard = sorted(pod["containers"], key=lambda container: container["name"] == "guard")
        image = "registry.example/monitoring/portclash:0.1.0"
        demand((agent["image"], guard["image"]) == (image, image), str(pod["containers"]))
        demand(agent["resources"]["limits"] == {"memory": "512Mi"}, str(agent["resources"]))
        folders = {v["name"]: v["hostPath"]["path"] for v in pod["volumes"] if "hostPath" in v}
        demand(folders["textfile"] == NODE, str(folders))
        # Nothing else: with the changes undone, the agent keeps what the base promises.
        pod["containers"].remove(guard)
        pod["volumes"] = [v for v in pod["volumes"] if v["name"] != "reserved"]
        demand(not broken(parts), "not so: " + "; ".join(broken(parts)))

    def the_example_has_a_valid_configuration(self):
        path = os.path.join(self.folder, "portclash.yaml")
        (config,) = [part for part in self.build("example") if part["kind"] == "ConfigMap"]
        with open(path, "w", encoding="utf-8") as file:
            file.write(config["data"]["portclash.yaml"])
        worked, said = run([self.portclash, "agent", "--check-config", "--config", path])
        demand(worked, said)

    def the_guard_has_options_that_there_are(self):
        for name in ("guard/guard.yaml", "example/node.yaml"):
            pod = yaml.safe_load(read(os.path.join(FOLDER, name)))["spec"]["template"]["spec"]
            (guard,) = [c for c in pod["containers"] if c["name"] == "guard"]
            mistake = self.mistake_in(guard["args"])
            demand(not mistake, mistake)

    def mistake_in(self, words):
        """What portclash says of options that it does not take, or nothing."""
        _, said = run([self.portclash, *words, "--dry-run", "--root", self.folder])
        return said if "See `portclash guard --help`" in said else ""

    def a_wrong_option_is_noticed(self):
        for option in ("--nothing", "--policy=nobody", "--protect=70000"):
            demand(self.mistake_in(["guard", "--no-persist", option]), f"{option} is not noticed")

    def there_is_no_other_file(self):
        """Each is in a kustomization, or is one."""
        named = set()
        for name in ("base", "guard", "example"):
            plan = yaml.safe_load(read(f"{FOLDER}/{name}/kustomization.yaml"))
            files = [f for f in plan.get("resources", []) if f.endswith(".yaml")]
            files += [patch["path"] for patch in plan.get("patches", [])]
            named |= {f"{name}/{file}" for file in files + ["kustomization.yaml"]}
        there = {os.path.relpath(os.path.join(path, file), FOLDER) for path, _, files in os.walk(FOLDER) for file in files}
        demand(named == there, f"{named ^ there}")


def pod_of(parts):
    return parts["DaemonSet"]["spec"]["template"]["spec"]


def agent_of(parts):
    return next(c for c in pod_of(parts)["containers"] if c["name"] == "portclash")


SLIPS = (
    (lambda parts: pod_of(parts).update(hostPid=True), "hostPid"),
    (lambda parts: parts["DaemonSet"]["spec"].update(replicas=3), "replicas"),
    (lambda parts: agent_of(parts)["volumeMounts"][0].update(readonly=True), "readonly"),
    (lambda parts: agent_of(parts)["securityContext"]["capabilities"].update(dropped=["ALL"]), "dropped"),
    (lambda parts: agent_of(parts)["securityContext"].update(privileged="no"), "boolean"),
    (lambda parts: agent_of(parts).pop("name"), "required"),
    (lambda parts: pod_of(parts)["volumes"][0].update(hostPath={"type": "Directory"}), "required"),
    (lambda parts: parts["ConfigMap"].update(data={"portclash.yaml": {}}), "string"),
    (lambda parts: parts["Namespace"]["metadata"].update(label={}), "label"),
)

TESTS = (
    Suite.the_base_is_the_daemonset,
    Suite.the_api_has_each_field,
    Suite.a_wrong_field_is_noticed,
    Suite.the_example_changes_what_it_says,
    Suite.the_example_has_a_valid_configuration,
    Suite.the_guard_has_options_that_there_are,
    Suite.a_wrong_option_is_noticed,
    Suite.there_is_no_other_file,
)


def main():
    portclash, npm = sys.argv[1:]
    with in_folder("overlays") as folder:
        return run_suite(Suite(folder, portclash, npm), TESTS)


if __name__ == "__main__":
    sys.exit(main())
