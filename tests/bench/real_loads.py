# SPDX-License-Identifier: GPL-2.0-only
"""The loads of `make bench-real`: servers and clients as Debian has them, on the loopback interface. Each is a class with the
configuration of its servers and the command of its client, and reads from what the client prints how many requests it made.
"""
import glob
import os
import pwd
import random
import re
import statistics
import subprocess

UPSTREAM, PROXY, RESOLVER, AUTHORITY, REDIS, POSTGRES = 8081, 8080, 5300, 5301, 6379, 5432
CLIENTS = 16
POSTGRES_CLIENTS = 4
NAMES = 200000
# The first request of a client takes its time when the client starts: the count of redis-benchmark is fixed by a short run.
REDIS_FIRST = 20000

NGINX = """
worker_processes 2;
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{upstream}; location / {{ return 200 "upstream\\n"; }} }}
    {proxy}
}}
"""

HAPROXY = """
global
    nbthread 2
    maxconn 2000
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    option http-server-close
    http-reuse never
listen proxy
    bind 127.0.0.1:{port}
    server upstream 127.0.0.1:{upstream}
"""

UNBOUND = """
server:
    interface: 127.0.0.1@{port}
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    verbosity: 0
    do-daemonize: no
    do-ip6: no
    num-threads: 1
    module-config: "iterator"
    do-not-query-localhost: no
    qname-minimisation: no
    cache-max-ttl: 0
    cache-max-negative-ttl: 0
remote-control:
    control-enable: no
stub-zone:
    name: "bench"
    stub-addr: 127.0.0.1@{authority}
"""

NSD = """
server:
    ip-address: 127.0.0.1@{port}
    server-count: 1
    username: ""
    zonesdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    pidfile: "{folder}/nsd.pid"
    logfile: "{folder}/nsd.log"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "bench"
    zonefile: "bench.zone"
"""

ZONE = """$ORIGIN bench.
@ 0 SOA ns.bench. root.bench. 1 3600 600 86400 0
@ 0 NS ns.bench.
ns 0 A 127.0.0.1
* 0 A 192.0.2.1
"""

POSTGRES_OPTIONS = {"listen_addresses": "127.0.0.1", "port": POSTGRES, "fsync": "off", "shared_buffers": "32MB"}


class Wrong(Exception):
    """A server or a client did something else than planned."""


def number(pattern, text):
    found = re.search(pattern, text)
    if not found:
        raise Wrong(f"no {pattern!r} in what the client printed: {text[-500:]!r}")
    return float(found.group(1))


def milliseconds(text):
    amount, unit = re.fullmatch(r"([0-9.]+)(us|ms|s)", text).groups()
    return float(amount) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def percentile_99(values):
    if len(values) < 2:
        raise Wrong("the client made fewer than two requests")
    return statistics.quantiles(values, n=100)[98]


class Load:
    """`folder` is the load's own; `runner` starts processes and knows when a port is open."""
    def __init__(self, folder, runner):
        self.folder, self.runner = folder, runner

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def start_nginx(self, proxy=""):
        text = NGINX.format(folder=self.folder, upstream=UPSTREAM, proxy=proxy)
        self.runner.serve(["nginx", "-e", f"{self.folder}/nginx.error", "-c", self.write("nginx.conf", text)], UPSTREAM)


class Wrk(Load):
    def run(self, seconds):
        """Returns requests and the 99th percentile of their latency in milliseconds."""
        said = self.runner.client(["wrk", "-t", "1", "-c", str(CLIENTS), "-d", f"{seconds}s", "--latency",
                                   f"http://127.0.0.1:{PROXY}/"])
        errors = re.search(r"(Non-2xx|Socket errors).*", said)
        if errors:
            raise Wrong(f"wrk: {errors.group(0)}")
        return int(number(r"([0-9]+) requests in", said)), milliseconds(re.search(r"99% +(\S+)", said).group(1))


class Nginx(Wrk):
    packages = "nginx-core nginx wrk"
    what = "nginx, two workers, a proxy that opens a connection to its upstream for each request, under wrk"

    def start(self):
        self.start_nginx(f"server {{ listen 127.0.0.1:{PROXY}; "
                         f"location / {{ proxy_pass http://127.0.0.1:{UPSTREAM}; }} }}")


class Haproxy(Wrk):
    packages = "haproxy nginx-core nginx wrk"
    what = "haproxy, two threads, `http-server-close` and `http-reuse never`, before nginx, under wrk"

    def start(self):
        self.start_nginx()
        path = self.write("haproxy.cfg", HAPROXY.format(port=PROXY, upstream=UPSTREAM))
        self.runner.serve(["haproxy", "-db", "-f", path], PROXY)


class Unbound(Load):
    packages = "unbound nsd dnsperf"
    what = "unbound, one thread, that asks nsd for each name, under dnsperf with random names"

    def start(self):
        self.write("bench.zone", ZONE)
        chance = random.Random(1)
        names = "".join(f"{chance.getrandbits(64):016x}.bench A\n" for _ in range(NAMES))
        self.names = self.write("names", names)
        self.runner.serve(["nsd", "-d", "-c", self.write("nsd.conf", NSD.format(folder=self.folder, port=AUTHORITY))],
                          AUTHORITY)
        text = UNBOUND.format(folder=self.folder, port=RESOLVER, authority=AUTHORITY)
        self.runner.serve(["unbound", "-c", self.write("unbound.conf", text)], RESOLVER)

    def run(self, seconds):
        said = self.runner.client(["dnsperf", "-v", "-s", "127.0.0.1", "-p", str(RESOLVER), "-d", self.names,
                                   "-l", str(seconds), "-q", str(CLIENTS)])
        answered = [line.split() for line in said.splitlines() if line.startswith("> ")]
        bad = {words[1] for words in answered} - {"NOERROR"}
        if bad or number(r"Queries lost: +([0-9]+)", said):
            raise Wrong(f"dnsperf: {bad} {re.search('Queries lost.*', said).group(0)}")
        return len(answered), 1000 * percentile_99([float(words[-1]) for words in answered])


class Redis(Load):
    packages = "redis-server redis-tools"
    what = "redis-server under redis-benchmark with a connection for each request (`-k 0`)"

    def start(self):
        self.runner.serve(["redis-server", "--port", str(REDIS), "--bind", "127.0.0.1", "--save", "", "--appendonly",
                           "no", "--daemonize", "no", "--dir", self.folder, "--logfile", f"{self.folder}/redis.log"],
                          REDIS)
        self.rate = None

    def benchmark(self, count):
        said = self.runner.client(["redis-benchmark", "-h", "127.0.0.1", "-p", str(REDIS), "-k", "0", "-c",
                                   str(CLIENTS), "-n", str(count), "-t", "set", "--csv"])
        words = said.strip().splitlines()[-1].replace('"', "").split(",")
        if words[0] != "SET":
            raise Wrong(f"redis-benchmark: {said[-500:]!r}")
        return float(words[1]), float(words[6])

    def run(self, seconds):
        if not self.rate:
            self.rate = self.benchmark(REDIS_FIRST)[0]
        count = int(self.rate * seconds)
        return count, self.benchmark(count)[1]


class Postgres(Load):
    packages = "postgresql postgresql-client-common"
    what = "PostgreSQL under pgbench with a connection for each transaction (`-C -S`, over TCP)"

    def start(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not found:
            raise Wrong("no initdb in /usr/lib/postgresql")
        self.bin = os.path.dirname(found[-1])
        owner = pwd.getpwnam("postgres")
        data = os.path.join(self.folder, "data")
        os.mkdir(data, 0o700)
        os.chown(data, owner.pw_uid, owner.pw_gid)
        self.runner.call([f"{self.bin}/initdb", "-D", data, "-A", "trust", "-N", "-U", "postgres"], owner)
        options = [word for key, value in POSTGRES_OPTIONS.items() for word in ("-c", f"{key}={value}")]
        self.runner.serve([f"{self.bin}/postgres", "-D", data, "-c", f"unix_socket_directories={data}"] + options,
                          POSTGRES, owner)
        self.pgbench(["-i", "-q", "-s", "1"])

    def pgbench(self, words):
        return self.runner.client([f"{self.bin}/pgbench", "-h", "127.0.0.1", "-p", str(POSTGRES), "-U", "postgres"] + words +
                                  ["postgres"])

    def cycles(self):
        """Milliseconds from the end of a client's transaction to the end of its next one: the connection is in it, which is
        not in the latency that pgbench logs. Takes the log away."""
        last, cycles = {}, []
        for path in glob.glob(f"{self.folder}/log.*"):
            with open(path, encoding="ascii") as file:
                for line in file:
                    words = line.split()
                    now = int(words[4]) * 1000 + int(words[5]) / 1000
                    if words[0] in last:
                        cycles.append(now - last[words[0]])
                    last[words[0]] = now
            os.unlink(path)
        return cycles

    def run(self, seconds):
        said = self.pgbench(["-n", "-S", "-C", "-c", str(POSTGRES_CLIENTS), "-T", str(seconds), "-l", "--log-prefix",
                             f"{self.folder}/log"])
        if number(r"number of failed transactions: ([0-9]+)", said):
            raise Wrong(f"pgbench: {said[-500:]!r}")
        return int(number(r"actually processed: ([0-9]+)", said)), percentile_99(self.cycles())


LOADS = {"nginx": Nginx, "haproxy": Haproxy, "unbound": Unbound, "redis": Redis, "postgresql": Postgres}


def versions():
    """Of the packages of all loads that are installed, as one text."""
    packages = sorted({name for load in LOADS.values() for name in load.packages.split()})
    said = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package} ${Version}\n"] + packages, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return ", ".join(line[2:].strip() for line in said.splitlines() if line.startswith("ii"))
