# SPDX-License-Identifier: GPL-2.0-only
"""What can be said of rules, dashboard and document without a server: each check raises when it fails."""
import json
import os
import re

import yaml

import names
from harness import demand, read, run

RULES = "packaging/prometheus/rules.yml"
RULE_TESTS = "packaging/prometheus/tests.yml"
DASHBOARD = "packaging/grafana/portclash.json"
DOCUMENT = "docs/metrics.md"

SEVERITIES = {"info", "warning", "critical"}
ANNOTATIONS = {"summary", "description", "runbook_url"}
GRID_WIDTH = 24

# The address of the webhook in the document's alertmanager.yml
EXAMPLE_WEBHOOK = "127.0.0.1:9095"


def read_yaml(path):
    return yaml.safe_load(read(path))


def is_clean(promtool, textfile):
    worked, said = run([promtool, "check", "metrics"], textfile)
    demand(worked and not said.strip(), said)


def rules():
    return [rule for group in read_yaml(RULES)["groups"] for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def known_metrics(textfile):
    """Those of the file, of others, and those that our rules record, with their labels."""
    known = {name: labels for name, (_, _, labels) in names.read_textfile(textfile).items()}
    known.update(names.FOREIGN)
    for rule in rules():
        if "record" in rule:
            asked = [known.get(name, set()) for name, _ in names.matchers_of(rule["expr"])]
            known[rule["record"]] = set().union(*asked)
    return known


def panels():
    return [p for p in json.loads(read(DASHBOARD))["panels"] if p["type"] != "row"]


def expressions():
    """[(where, expression)] of rules and dashboard."""
    found = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]
    for panel in panels():
        found += [(panel["title"], target["expr"]) for target in panel["targets"]]
    return found


def strange_names(textfile, where_expressions):
    known = known_metrics(textfile)
    return [f"{where}: {name}" for where, expression in where_expressions
            for name in names.strange(expression, known)]


def document_differs(textfile, document):
    file, page = names.read_textfile(textfile), names.read_document(document)
    return [f"{name}: file {file.get(name)}, page {page.get(name)}"
            for name in sorted(file.keys() | page.keys()) if file.get(name) != page.get(name)]


def alert_is_complete(alert, anchors):
    """What is wrong with it; "" for nothing."""
    name, notes = alert["alert"], alert.get("annotations", {})
    if not re.fullmatch(r"Portclash([A-Z][a-z]+)+", name):
        return f"{name}: not in CamelCase"
    if alert.get("labels", {}).get("severity") not in SEVERITIES:
        return f"{name}: no severity"
    if set(notes) != ANNOTATIONS:
        return f"{name}: annotations {sorted(notes)}"
    if notes["runbook_url"] not in anchors:
        return f"{name}: no section {notes['runbook_url']}"
    return ""


def anchors_of(document):
    return {f"{DOCUMENT}#{title.lower()}" for title in re.findall(r"^### (\w+)$", document, re.M)}


def built_rules_have_an_address(built):
    """The build put one absolute address before each runbook_url and changed nothing else."""
    addresses = set()
    for ours, theirs in zip(rules(), read_yaml(built)["groups"][0]["rules"], strict=True):
        if "alert" in ours:
            place, address = ours["annotations"].pop("runbook_url"), theirs["annotations"].pop("runbook_url")
            demand(address.endswith("/" + place), f"{address} does not lead to {place}")
            addresses.add(address[:-len(place)])
        demand(ours == theirs, f"the build changed {ours}")
    demand(len(addresses) == 1, f"not one address: {addresses}")
    demand(re.fullmatch(r"https://[^/ ]+/\S+/", addresses.pop()), "the address is not absolute")


def untested(tests):
    """Alerts that no test has firing, or none has silent."""
    cases = [case for test in tests["tests"] for case in test.get("alert_rule_test", [])]
    loud = {case["alertname"] for case in cases if case.get("exp_alerts")}
    quiet = {case["alertname"] for case in cases if not case.get("exp_alerts")}
    return [alert["alert"] for alert in alerts() if alert["alert"] not in loud & quiet]


def overlap(a, b):
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and
            a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


def block_of(document, title):
    """The indented lines below the mark "shown: TITLE", without their indent."""
    lines = document.partition(f"<!-- shown: {title} -->\n\n")[2].splitlines(True)
    end = next((i for i, line in enumerate(lines) if line.strip() and line[:4] != "    "), len(lines))
    return "".join(line[4:] or "\n" for line in lines[:end])


def alerting_of(config):
    """What it says about Alertmanager, without the address."""
    alerting = yaml.safe_load(config)["alerting"]
    for place in alerting["alertmanagers"][0]["static_configs"]:
        place["targets"] = len(place["targets"])
    return alerting


def dashboard_is_sound():
    dashboard = json.loads(read(DASHBOARD))
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    numbers = [panel["id"] for panel in dashboard["panels"]]
    variables = {v["name"]: v for v in dashboard["templating"]["list"]}

    demand(len(set(numbers)) == len(numbers), "two panels have one id")
    demand(all(p["x"] + p["w"] <= GRID_WIDTH for p in places), "a panel is beyond the right edge")
    demand(not any(overlap(a, b) for i, a in enumerate(places) for b in places[i + 1:]),
           "panels overlap")
    demand({"datasource", "instance"} <= variables.keys(), "no variable for data source or instance")
    demand(variables["datasource"]["query"] == "prometheus", "the data source is no Prometheus")
    for panel in panels():
        where = panel["title"]
        demand(panel["datasource"]["uid"] == "${datasource}", where + ": a data source of its own")
        demand(panel["targets"], where + ": asks nothing")
        for target in panel["targets"]:
            demand("$instance" in target["expr"], where + ": does not ask for $instance")


def notices_mistakes(promtool, textfile):
    """The checks above can fail."""
    document = read(DOCUMENT)
    line = next(l for l in document.splitlines(True) if l.startswith("| `portclash_up`"))
    broken = "".join(l for l in textfile.splitlines(True) if not l.startswith("# HELP portclash_up "))
    wrong = [("a", "sum(rate(portclash_no_such_total[5m]))"), ("b", 'portclash_up{cause="x"}'),
             ("c", "sum by (cause) (portclash_up)"), ("d", "time() - node_load1 > 2")]

    demand(len(strange_names(textfile, wrong)) == len(wrong), "strange names are not noticed")
    demand(document_differs(textfile, document.replace(line, "")), "a missing row is not noticed")
    demand(document_differs(textfile, document.replace("`errno`", "`error`", 1)),
           "a wrong label is not noticed")
    demand(not run([promtool, "check", "metrics"], broken)[0], "a missing HELP is not noticed")
    demand(len(untested({"tests": []})) == len(alerts()), "an alert without a test is not noticed")
    demand(alert_is_complete(alerts()[0], set()), "a missing section is not noticed")
    try:
        built_rules_have_an_address(RULES)
        noticed = False
    except AssertionError:
        noticed = True
    demand(noticed, "rules without an address are not noticed")


def tests_of(name):
    """Those tests that speak of the alert, as a file of their own."""
    tests = read_yaml(RULE_TESTS)
    tests["tests"] = [test for test in tests["tests"]
                      if any(case["alertname"] == name for case in test.get("alert_rule_test", []))]
    return yaml.safe_dump(tests)


def rules_without(name):
    """The alert is there, and never fires."""
    rules_file = read_yaml(RULES)
    for rule in rules_file["groups"][0]["rules"]:
        if rule.get("alert") == name:
            rule["expr"] = "vector(0) > 1"
    return yaml.safe_dump(rules_file)


def tests_notice(promtool, folder):
    """The rules' tests fail when an alert is switched off: each in turn."""
    for name in (alert["alert"] for alert in alerts()):
        for file, content in (("rules.yml", rules_without(name)), ("tests.yml", tests_of(name))):
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                out.write(content)
        worked, said = run([promtool, "test", "rules", os.path.join(folder, "tests.yml")])
        demand(not worked and f"alertname: {name}," in said,
               f"the tests do not miss {name}: {said}")
