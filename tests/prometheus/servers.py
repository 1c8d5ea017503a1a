# SPDX-License-Identifier: GPL-2.0-only
"""The agent, node_exporter and Prometheus of a test: on free ports of the loopback, ended with it."""
import http.server
import json
import os
import random
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request

from harness import Process, demand, read, read_lines

CONFIG = """\
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [ {rules} ]
alerting:
  alertmanagers:
    - static_configs:
        - targets: [ "{alertmanager}" ]
scrape_configs:
  - job_name: node
    static_configs:
      - targets: [ "{exporter}" ]
"""


def free_port():
    """Below the usual range of clients, so that none is given it meanwhile."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError:
        return ""


class Setting:
    """Another value in a file of /proc/sys, until the end; `taken`: it could be written."""

    def __init__(self, path, value):
        self.path = path
        self.before = read(path)
        self.taken = self.write(value)

    def write(self, value):
        try:
            with open(self.path, "w", encoding="utf-8") as file:
                file.write(value)
            return True
        except OSError:
            return False

    def end(self):
        if self.taken:
            self.write(self.before)


class Webhook:
    """Receives Alertmanager's messages; `messages` are their bodies."""

    def __init__(self):
        messages = self.messages = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Stage:
    """The four of them, started one by one."""

    def __init__(self, folder, binaries, portclash):
        self.folder = folder
        self.binaries = binaries
        self.portclash = portclash
        self.processes = []
        self.textfile = os.path.join(folder, "textfile", "portclash.prom")
        self.log = os.path.join(folder, "events.jsonl")
        self.exporter = f"127.0.0.1:{free_port()}"
        self.prometheus = f"http://127.0.0.1:{free_port()}"
        self.alertmanager = f"127.0.0.1:{free_port()}"
        os.mkdir(os.path.dirname(self.textfile))

    def start(self, name, command):
        process = Process(os.path.join(self.folder, name + ".out"), command)
        self.processes.append(process)
        return process

    def end(self):
        for process in reversed(self.processes):
            process.end()

    def said(self):
        return "\n".join(f"{p.child.args[0]}: {p.said()}" for p in self.processes)

    def start_agent(self, *options):
        return self.start("agent", [self.portclash, "agent", "--log", self.log, "--textfile",
                                    self.textfile, "--interval", "0.5", *options])

    def start_exporter(self):
        return self.start("exporter", [
            os.path.join(self.binaries, "prometheus-node-exporter"), "--collector.disable-defaults",
            "--collector.textfile", "--web.listen-address=" + self.exporter,
            "--collector.textfile.directory=" + os.path.dirname(self.textfile)])

    def start_prometheus(self, rules):
        config = os.path.join(self.folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(rules=rules, exporter=self.exporter,
                                    alertmanager=self.alertmanager))
        return self.start("prometheus", [
            os.path.join(self.binaries, "prometheus"), "--config.file=" + config,
            "--storage.tsdb.path=" + os.path.join(self.folder, "data"), "--log.level=warn",
            "--web.listen-address=" + urllib.parse.urlsplit(self.prometheus).netloc])

    def start_alertmanager(self, config):
        """Debian's reads a template below /usr/share: there it sees the folder of the unpacked packages instead."""
        share = os.path.join(os.path.dirname(self.binaries), "share")
        return self.start("alertmanager", [
            "unshare", "--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"', share,
            os.path.join(self.binaries, "prometheus-alertmanager"), "--config.file=" + config,
            "--storage.path=" + os.path.join(self.folder, "alerts"), "--cluster.listen-address=",
            "--log.level=warn", "--web.listen-address=" + self.alertmanager])

    def read_textfile(self):
        return read(self.textfile) if os.path.exists(self.textfile) else ""

    def api(self, path, **parameters):
        """The `data` of an answer; None: there is none yet. An error in the question is an error."""
        text = get(f"{self.prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        try:
            answer = json.loads(text)
        except ValueError:
            return None
        demand(answer["status"] == "success", f"{parameters or path}: {answer.get('error')}")
        return answer["data"]

    def query(self, expression):
        """[(labels, value)]"""
        data = self.api("query", query=expression)
        return [(r["metric"], float(r["value"][1])) for r in data["result"]] if data else []

    def firing(self, alert):
        return [labels for labels, _ in self.query(f'ALERTS{{alertname="{alert}",alertstate="firing"}}')]

    def events(self, kind):
        """The lines of this type in the agent's log, about anybody on this machine."""
        return [event for event in read_lines(self.log) if event.get("type") == kind]

    def refusals(self, cause):
        """Those in the agent's log, of anybody on this machine."""
        return [event for event in read_lines(self.log)
                if event.get("type") == "refusal" and event.get("cause") == cause]
