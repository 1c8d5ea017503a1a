# SPDX-License-Identifier: GPL-2.0-only
"""What `portclash top` costs beside `trace`: processor time of its processes, without and with connections on the
loopback interface of a network namespace. All watch at once, so that each sees what the machine does besides.

    unshare --net python3 top.py PORTCLASH
"""
import os
import pty
import socket
import statistics
import subprocess
import sys
import threading
import time

CONNECTIONS = 20000
IDLE_SECONDS = 5
ROUNDS = 5
START_SECONDS = 4

WAYS = {"trace": ["trace", "--quiet"], "trace --claims": ["trace", "--quiet", "--claims"], "top": ["top"]}


def processor_seconds(pid):
    """Of the process and its children."""
    total = 0
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        family = [pid] + [int(word) for word in file.read().split()]
    for member in family:
        with open(f"/proc/{member}/stat", encoding="utf-8", errors="replace") as file:
            words = file.read().rsplit(")", 1)[1].split()
        total += int(words[11]) + int(words[12])
    return total / os.sysconf("SC_CLK_TCK")


def drain(fd):
    try:
        while os.read(fd, 65536):
            pass
    except OSError:
        pass


def connect(count):
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        for _ in range(count):
            client = socket.create_connection(server.getsockname())
            accepted = server.accept()[0]
            client.close()
            accepted.close()


class Watcher:
    def __init__(self, portclash, words):
        self.master, slave = pty.openpty()
        self.child = subprocess.Popen([portclash] + words, stdin=slave, stdout=slave, stderr=slave,
                                      start_new_session=True,
                                      env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"})
        os.close(slave)
        threading.Thread(target=drain, args=(self.master,), daemon=True).start()

    def seconds(self):
        return processor_seconds(self.child.pid)

    def end(self):
        self.child.terminate()
        self.child.wait()
        os.close(self.master)


def spent(watchers, what):
    """Processor seconds of each watcher while what() runs, by second of that time."""
    before, began = [w.seconds() for w in watchers], time.monotonic()
    what()
    took = time.monotonic() - began
    return [(w.seconds() - b) / took for w, b in zip(watchers, before)], took


def measure(portclash):
    """Of each way: (processor part without the connections, processor part with them), and connections a second."""
    watchers = [Watcher(portclash, words) for words in WAYS.values()]
    time.sleep(START_SECONDS)
    idle, _ = spent(watchers, lambda: time.sleep(IDLE_SECONDS))
    busy, took = spent(watchers, lambda: connect(CONNECTIONS))
    for watcher in watchers:
        watcher.end()
    return list(zip(idle, busy)), CONNECTIONS / took


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    rounds = [measure(sys.argv[1]) for _ in range(ROUNDS)]
    rate = statistics.median(r[1] for r in rounds)
    print(f"median of {ROUNDS} rounds, all at once; parts of a processor without and with {rate:.0f} connections a second")
    for i, name in enumerate(WAYS):
        idle, busy = zip(*(r[0][i] for r in rounds))
        print(f"{name:15s} without {100 * statistics.median(idle):6.2f} %   with {100 * statistics.median(busy):6.2f} %"
              f" ({100 * min(busy):.2f} to {100 * max(busy):.2f})")


if __name__ == "__main__":
    main()
