# SPDX-License-Identifier: GPL-2.0-only
"""Does `make bench-real` count right, and does it see what is wrong? Without servers: what clients and the agent say is made up.

    env PYTHONPATH=tests:tests/bench real_test.py
"""
import argparse
import json
import os
import statistics
import sys

import real
import real_loads
from harness import demand, in_folder, run_suite
from real_loads import Wrong

WRK = "  Latency Distribution\n     99%    1.50ms\n  3000 requests in 1.00s, 1.00MB read\n"
DNSPERF = "> NOERROR a.bench A 0.001000\n> NOERROR b.bench A 0.002000\n  Queries lost:  0 (0.00%)\n"
REDIS = '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"\n' \
    '"SET","5000.00","1","0.1","1","2","2.5","9"\n'
PGBENCH = "number of transactions actually processed: 3\nnumber of failed transactions: 0 (0.000%)\n"


class Said:
    """A runner whose clients say what they are told."""
    def __init__(self, *texts):
        self.texts = list(texts)

    def client(self, _words):
        return self.texts.pop(0)


def fails(what, *arguments):
    try:
        what(*arguments)
    except Wrong:
        return True
    return False


def measurement(folder):
    arguments = argparse.Namespace(seconds=1, pairs=12, portclash="portclash")
    one = real.Measurement("redis", None, arguments, [])
    one.folder = folder
    return one


def events(folder, **changes):
    summary = {"type": "summary", "claims": {"connect": 5}, "lost_total": 0, "states_missed": 0, "calls_missed": 0,
               "ledger": {"refused": 0}, "cost": {"programs": {}}}
    summary.update(changes)
    path = os.path.join(folder, "events")
    with open(path, "w", encoding="ascii") as file:
        for line in ({"type": "ready", "backend": "fentry", "kernel": "6.1"}, summary):
            file.write(json.dumps(line) + "\n")
    return path


def the_interval_is_that_of_spread_c(_suite):
    median, low, high = real.interval([float(n) for n in range(12, 0, -1)])
    # With 12 values, two may be left out at each end: 1 - 2 * (1 + 12 + 66) / 4096 = 0.961
    demand((median, low, high) == (6.5, 3, 10), f"{median} {low} {high}")


def the_cost_is_that_of_load_and_agent(_suite):
    one = real.Round(100, 1.5, 2.0, 4000, 500, 9000)
    demand((one.rate, one.cost, one.agent, one.machine) == (50, 45, 5, 90), f"{one.__dict__}")


def an_aim_is_kept_missed_or_not_decided(_suite):
    with in_folder("bench-real") as folder:
        for added, word in ((0.5, "kept"), (2, "MISSED"), (0, "not decided")):
            one = measurement(folder)
            one.without = [real.Round(1, 1, 1, 1000, 0, 1) for _ in range(12)]
            noise = 50 if word == "not decided" else 0
            one.with_agent = [real.Round(1, 1, 1, 1000 + (noise if n % 2 else -noise), 10 * added, 1) for n in range(12)]
            demand(one.verdict().startswith(word), one.verdict())


def losses_and_wrong_names_fail(_suite):
    with in_folder("bench-real") as folder:
        right = {"staged": 3, "right": 3, "incomplete": 0, "missing": 0, "wrong": 0}
        one = measurement(folder)
        one.judge(events(folder), right)
        demand(one.good() and one.backend == "fentry" and one.claims == 5, f"{one.sums} {one.lost}")
        for changes in ({"lost_total": 1}, {"states_missed": 1}, {"calls_missed": 1}, {"ledger": {"refused": 1}}):
            one = measurement(folder)
            one.judge(events(folder, **changes), right)
            demand(not one.good(), f"{changes} passed")
        for judged in ({**right, "right": 2, "wrong": 1}, {**right, "right": 2, "missing": 1}, {**right, "staged": 0, "right": 0}):
            one = measurement(folder)
            one.judge(events(folder), judged)
            demand(not one.good(), f"{judged} passed")


def an_agent_without_a_summary_is_wrong(_suite):
    with in_folder("bench-real") as folder:
        demand(fails(measurement(folder).judge, events(folder, type="other"), {}), "it passed")


def clients_are_read(_suite):
    with in_folder("bench-real") as folder:
        demand(real_loads.Nginx(folder, Said(WRK)).run(1) == (3000, 1.5), "wrk")
        dns = real_loads.Unbound(folder, Said(DNSPERF))
        dns.names = ""
        demand(dns.run(1)[0] == 2, "dnsperf")
        redis = real_loads.Redis(folder, Said(REDIS, REDIS))
        redis.rate = None
        demand(redis.run(2) == (10000, 2.5), "redis-benchmark")
        pg = real_loads.Postgres(folder, Said(PGBENCH))
        pg.bin = ""
        with open(f"{folder}/log.1", "w", encoding="ascii") as file:
            file.write("0 1 100 0 10 0\n1 1 100 0 10 500\n0 2 100 0 10 2000\n0 3 100 0 10 5000\n")
        requests, p99 = pg.run(1)
        demand(requests == 3 and p99 == statistics.quantiles([2, 3], n=100)[98] and not os.listdir(folder), f"{requests} {p99}")


def errors_of_clients_are_seen(_suite):
    with in_folder("bench-real") as folder:
        demand(fails(real_loads.Nginx(folder, Said(WRK + "  Socket errors: connect 0, read 1\n")).run, 1), "wrk: a read error")
        demand(fails(real_loads.Nginx(folder, Said(WRK + "  Non-2xx or 3xx responses: 2\n")).run, 1), "wrk: a status")
        demand(fails(real_loads.Nginx(folder, Said("")).run, 1), "wrk: nothing")
        for text in (DNSPERF.replace("NOERROR b", "SERVFAIL b"), DNSPERF.replace("lost:  0", "lost:  1")):
            dns = real_loads.Unbound(folder, Said(text))
            dns.names = ""
            demand(fails(dns.run, 1), f"dnsperf: {text}")
        pg = real_loads.Postgres(folder, Said(PGBENCH.replace("failed transactions: 0", "failed transactions: 1")))
        pg.bin = ""
        demand(fails(pg.run, 1), "pgbench: a failed transaction")


class Suite:
    def said(self):
        return ""

    def end(self):
        pass


if __name__ == "__main__":
    sys.exit(run_suite(Suite(), [the_interval_is_that_of_spread_c, the_cost_is_that_of_load_and_agent,
                                 an_aim_is_kept_missed_or_not_decided, losses_and_wrong_names_fail,
                                 an_agent_without_a_summary_is_wrong, clients_are_read, errors_of_clients_are_seen]))
