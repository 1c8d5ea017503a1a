# SPDX-License-Identifier: GPL-2.0-only
"""The metrics as their readers see them: a real agent, Debian's node_exporter and Prometheus, the
rules, the dashboard and the document that are shipped.

    suite.py PORTCLASH FOLDER      FOLDER: where fetch.sh unpacked the servers
"""
import json
import os
import signal
import socket
import subprocess
import sys
import time

import checks
from harness import Skip, demand, in_folder, read, run, run_suite, wait_for
from servers import CONFIG, Setting, Stage, Webhook, get

CLIENT = "ephemeral-client"
COLLISION = "PortclashCollision"
RECENT = "instance_cause:portclash_refusals:increase5m"

# Under its own number; or as "other", where something else on this machine took all 64.
PORT_COUNTED = ('portclash_refused_ports_total{{port="{port}",protocol="tcp"}} > 0 or '
                'portclash_refused_ports_total{{port="other",protocol="tcp"}} > 0')

# A server that ends with status 7 when it is refused its port.
REFUSED = """
import socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind(("127.0.0.1", {port}))
except OSError:
    sys.exit(7)
"""

# Values of Grafana's variables; Prometheus scrapes every second, so this is enough for rate().
VARIABLES = {"$instance": ".*", "$__rate_interval": "10s", "$__range": "5m"}


class Suite:
    def __init__(self, stage, portclash):
        self.stage = stage
        self.portclash = portclash
        self.built_rules = os.path.join(os.path.dirname(portclash), "prometheus-rules.yml")
        self.promtool = os.path.join(stage.binaries, "promtool")
        self.sockets = []
        self.refused = 0
        self.port = 0
        self.webhook = None
        self.agent = None
        self.text = ""
        self.counting = Setting("/proc/sys/kernel/bpf_stats_enabled", "1")

    def end(self):
        self.counting.end()
        if self.webhook:
            self.webhook.end()
        for kept in self.sockets:
            kept.close()
        self.stage.end()

    def said(self):
        return self.stage.said()

    # Without servers

    def the_agent_writes_the_textfile(self):
        self.agent = self.stage.start_agent()
        wait_for("the textfile", self.stage.read_textfile)
        self.text = self.stage.read_textfile()

    def promtool_finds_nothing_wrong_with_the_metrics(self):
        checks.is_clean(self.promtool, self.text)

    def need_counting(self):
        """Else some metrics are left off."""
        if not self.counting.taken:
            raise Skip(f"{self.counting.path} cannot be written")

    def the_document_has_the_metrics_of_the_agent(self):
        self.need_counting()
        wrong = checks.document_differs(self.text, read(checks.DOCUMENT))
        demand(not wrong, "\n".join(wrong))

    def rules_and_dashboard_ask_for_what_there_is(self):
        self.need_counting()
        wrong = checks.strange_names(self.text, checks.expressions())
        demand(not wrong, "\n".join(wrong))

    def the_rules_are_rules(self):
        for file in (checks.RULES, self.built_rules):
            worked, said = run([self.promtool, "check", "rules", file])
            demand(worked and "FAILED" not in said, said)
        checks.built_rules_have_an_address(self.built_rules)

    def each_alert_says_what_to_do(self):
        anchors = checks.anchors_of(read(checks.DOCUMENT))
        wrong = [checks.alert_is_complete(alert, anchors) for alert in checks.alerts()]
        demand(not any(wrong), "\n".join(wrong))

    def the_rules_pass_their_tests(self):
        worked, said = run([self.promtool, "test", "rules", checks.RULE_TESTS])
        demand(worked, said)

    def each_alert_is_tested_firing_and_silent(self):
        wrong = checks.untested(checks.read_yaml(checks.RULE_TESTS))
        demand(not wrong, "not both: " + ", ".join(wrong))

    def the_dashboard_is_sound(self):
        checks.dashboard_is_sound()

    def these_checks_can_fail(self):
        checks.notices_mistakes(self.promtool, self.text)
        checks.tests_notice(self.promtool, self.stage.folder)

    def alertmanager_runs_with_the_documents_configuration(self):
        """Nothing is changed in it but the addresses; what it writes for Prometheus is what these tests give it."""
        example = checks.block_of(read(checks.DOCUMENT), "alertmanager.yml")
        demand(checks.EXAMPLE_WEBHOOK in example, "the example has another address: " + example)
        for_prometheus = checks.block_of(read(checks.DOCUMENT), "a part of prometheus.yml")
        demand(checks.alerting_of(for_prometheus) == checks.alerting_of(CONFIG),
               "Prometheus is configured otherwise here than in the document")
        self.webhook = Webhook()
        config = os.path.join(self.stage.folder, "alertmanager.yml")
        with open(config, "w", encoding="utf-8") as out:
            out.write(example.replace(checks.EXAMPLE_WEBHOOK, self.webhook.address))
        worked, said = run([os.path.join(self.stage.binaries, "amtool"), "check-config", config])
        demand(worked, said)
        self.stage.start_alertmanager(config)
        wait_for("Alertmanager", lambda: get(f"http://{self.stage.alertmanager}/-/ready"))

    # With node_exporter and Prometheus

    def node_exporter_reads_the_textfile(self):
        self.stage.start_exporter()
        metrics = wait_for("node_exporter", self.exported)
        demand("node_textfile_scrape_error 0\n" in metrics, "node_textfile_scrape_error is not 0")
        demand(f'node_textfile_mtime_seconds{{file="{self.stage.textfile}"}} ' in metrics,
               "no node_textfile_mtime_seconds of the textfile")
        series = {line.rpartition(" ")[0] for line in metrics.splitlines()}
        missing = [line for line in self.text.splitlines()
                   if line[0] != "#" and sorted_labels(line.rpartition(" ")[0]) not in
                   {sorted_labels(name) for name in series}]
        demand(not missing, "not exported: " + "\n".join(missing))

    def exported(self):
        text = get(f"http://{self.stage.exporter}/metrics")
        return text if "portclash_up 1\n" in text else ""

    def prometheus_scrapes_and_evaluates_the_rules(self):
        self.stage.start_prometheus(os.path.abspath(checks.RULES))
        wait_for("a scrape", lambda: self.stage.query("portclash_up == 1"))
        wait_for("the rules", lambda: len(self.rules_that_are("ok")) == len(checks.rules()))
        wait_for("a recorded sum", lambda: self.stage.query(f'{RECENT}{{cause="{CLIENT}"}}'))

    def rules_that_are(self, health):
        groups = (self.stage.api("rules") or {"groups": []})["groups"]
        return [rule for group in groups for rule in group["rules"] if rule["health"] == health]

    def no_collision_no_alert(self):
        self.evaluations(3)
        firing = [a for a in self.stage.firing(COLLISION) if a["cause"] == CLIENT]
        others = self.stage.refusals(CLIENT)
        if others:
            raise Skip("something else on this machine was refused a port meanwhile: " +
                       json.dumps(others[0]["requester"]))
        demand(not firing, f"fires before there is a collision: {firing}")

    def evaluations(self, count):
        """Waits until the rules have been evaluated that often again."""
        seen = set()
        wait_for("evaluations", lambda: seen.update(
            rule["lastEvaluation"] for rule in self.rules_that_are("ok")
            if rule["name"] == COLLISION) or len(seen) > count)

    def a_staged_collision_fires_the_alert(self):
        port = self.port = self.collide()
        wait_for("the verdict in the log", lambda: self.own_refusals(port))
        self.check_outcome(wait_for("the outcome in the log", lambda: [
            e for e in self.stage.events("outcome") if e["requester"]["pid"] == self.refused])[0])
        wait_for("its port", lambda: self.stage.query(PORT_COUNTED.format(port=port)))
        alert = wait_for("the alert", lambda: [a for a in self.stage.firing(COLLISION)
                                               if a["cause"] == CLIENT])[0]
        want = {"__name__": "ALERTS", "alertname": COLLISION, "alertstate": "firing",
                "severity": "warning", "cause": CLIENT, "instance": self.stage.exporter, "job": "node"}
        demand(alert == want, f"labels {alert}")
        listed = [a for a in self.stage.api("alerts")["alerts"]
                  if a["labels"]["alertname"] == COLLISION and a["labels"]["cause"] == CLIENT]
        demand(listed and f"`portclash explain {CLIENT}`" in listed[0]["annotations"]["description"],
               f"annotations {listed}")

    def the_webhook_receives_port_cause_host_and_log(self):
        """For whoever reads only this message."""
        message = wait_for("the message", lambda: [
            a for m in self.webhook.messages for a in m["alerts"]
            if a["labels"]["alertname"] == COLLISION and a["labels"]["cause"] == CLIENT])[0]
        text = message["annotations"]["summary"] + "\n" + message["annotations"]["description"]
        listed = self.stage.query(PORT_COUNTED.format(port=self.port).partition(" or ")[0])
        port = f"tcp/{self.port}" if listed else "tcp/other"
        missing = [part for part in (port, CLIENT, self.stage.exporter, "portclash history",
                                     "/var/log/portclash/events.jsonl") if part not in text]
        demand(message["status"] == "firing" and not missing, f"{missing} not in {text}")

    def check_outcome(self, outcome):
        demand(outcome["outcome"] == "gave-up" and outcome["exit_status"] == 7, f"the outcome is {outcome}")

    def collide(self):
        """A client is given a port by the kernel; a server wants that port and is refused."""
        backend = self.keep(socket.create_server(("127.0.0.1", 0)))
        client = self.keep(socket.create_connection(backend.getsockname()))
        port = client.getsockname()[1]
        server = subprocess.Popen([sys.executable, "-c", REFUSED.format(port=port)])
        self.refused = server.pid
        demand(server.wait() == 7, f"the kernel let a server have {port}")
        return port

    def keep(self, made):
        self.sockets.append(made)
        return made

    def own_refusals(self, port):
        return [e for e in self.stage.refusals(CLIENT)
                if e["requester"]["pid"] == self.refused and e["requested"]["port"] == port]

    def an_exposed_listener_is_counted_as_audit_does(self):
        port = self.listen_in_the_range()
        ask = 'portclash_exposed_listeners{protocol="tcp"}'
        wait_for("the same number as portclash audit has", lambda: self.stage.query(ask) and
                 self.stage.query(ask)[0][1] == self.audited(port))
        wait_for("the alert, which waits for an hour", lambda: self.stage.query(
            'ALERTS{alertname="PortclashExposedListener",alertstate="pending",protocol="tcp"}'))

    def listen_in_the_range(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.keep(socket.create_server(("127.0.0.1", port)))
        return port

    def audited(self, port):
        """The number of exposed TCP listeners; -1 while that port is not among them."""
        _, said = run([self.portclash, "audit", "--json", "--netns", "self"])
        lines = [json.loads(line) for line in said.splitlines()]
        found = [e for e in lines if e.get("exposed") is True and e.get("proto") == "tcp"]
        return len(found) if any(e["local"]["port"] == port for e in found) else -1

    def each_panel_of_the_dashboard_has_an_answer(self):
        self.need_counting()
        empty = []
        for where, expression in checks.expressions()[len(checks.rules()):]:
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            # A panel that shows only what is not 0 may be empty; what it is made of may not.
            if not self.stage.query(expression.replace(" > 0", "")):
                empty.append(f"{where}: {expression}")
        demand(not empty, "\n".join(empty))

    def a_killed_agent_is_stale(self):
        self.agent.end(signal.SIGKILL)
        old = time.time() - 100
        os.utime(self.stage.textfile, (old, old))
        stale = wait_for("the alert", lambda: self.stage.firing("PortclashStale"))[0]
        demand(stale["file"] == self.stage.textfile and stale["severity"] == "warning", str(stale))

    def a_restarted_agent_is_fresh(self):
        self.agent = self.stage.start_agent()
        wait_for("an end of the alert", lambda: not self.stage.firing("PortclashStale"))

    def a_stopped_agent_says_so(self):
        demand(self.agent.end() == 0, "the agent's exit status: " + self.agent.said())
        checks.is_clean(self.promtool, self.stage.read_textfile())
        wait_for("the alert, which waits for five minutes", lambda: self.stage.query(
            'ALERTS{alertname="PortclashStopped",alertstate="pending"}'))
        demand(not self.stage.firing("PortclashStale"), "PortclashStale fires, too")


def sorted_labels(series):
    name, _, labels = series.partition("{")
    return name, tuple(sorted(labels.rstrip("}").split(",")))


TESTS = (
    Suite.the_agent_writes_the_textfile,
    Suite.promtool_finds_nothing_wrong_with_the_metrics,
    Suite.the_document_has_the_metrics_of_the_agent,
    Suite.rules_and_dashboard_ask_for_what_there_is,
    Suite.the_rules_are_rules,
    Suite.each_alert_says_what_to_do,
    Suite.the_rules_pass_their_tests,
    Suite.each_alert_is_tested_firing_and_silent,
    Suite.the_dashboard_is_sound,
    Suite.these_checks_can_fail,
    Suite.alertmanager_runs_with_the_documents_configuration,
    Suite.node_exporter_reads_the_textfile,
    Suite.prometheus_scrapes_and_evaluates_the_rules,
    Suite.no_collision_no_alert,
    Suite.a_staged_collision_fires_the_alert,
    Suite.the_webhook_receives_port_cause_host_and_log,
    Suite.an_exposed_listener_is_counted_as_audit_does,
    Suite.each_panel_of_the_dashboard_has_an_answer,
    Suite.a_killed_agent_is_stale,
    Suite.a_restarted_agent_is_fresh,
    Suite.a_stopped_agent_says_so,
)


def main():
    portclash, root = sys.argv[1:]
    with in_folder("prometheus") as folder:
        stage = Stage(folder, os.path.join(root, "usr", "bin"), portclash)
        return run_suite(Suite(stage, portclash), TESTS)


if __name__ == "__main__":
    sys.exit(main())
