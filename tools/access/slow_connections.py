#!/usr/bin/env python3
"""Slow connections against a running program: others are answered meanwhile, and as quickly as before.

Each slow connection sends a byte of a request every few seconds. When the server has closed it, it is opened again
after a moment, or at once with `--again 0`, which is a flood.

    python3 tools/access/slow_connections.py target/debug/tokenscope --connections 400
    python3 tools/access/slow_connections.py target/debug/tokenscope --connections 400 --files 256
"""

import argparse
import http.client
import os
import pathlib
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time

HEAD = b"GET /api/model/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


class Slow(threading.Thread):
    """Keeps so many slow connections open until it is told to end."""

    def __init__(self, port, count, seconds, again):
        super().__init__(daemon=True)
        self.port, self.count, self.seconds, self.again = port, count, seconds, again
        self.ending = threading.Event()
        self.all_open = threading.Event()
        self.opened = self.closed = 0
        # When those that were closed are due.
        self.due = []

    def open(self, selector):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        client.setblocking(False)
        selector.register(client, selectors.EVENT_READ, [0, time.monotonic() + self.opened % 100 / 100 * self.seconds])
        self.opened += 1

    def close(self, selector, client):
        selector.unregister(client)
        client.close()
        self.closed += 1
        self.due.append(time.monotonic() + self.again)

    def run(self):
        with selectors.DefaultSelector() as selector:
            while not self.ending.is_set():
                if not self.all_open.is_set():
                    for _ in range(self.count):
                        self.open(selector)
                while self.due and self.due[0] <= time.monotonic():
                    self.due.pop(0)
                    self.open(selector)
                self.all_open.set()
                for key, _ in selector.select(0.05):
                    # An answer (408) or an end.
                    try:
                        if key.fileobj.recv(4096):
                            continue
                    except ConnectionError:
                        pass
                    self.close(selector, key.fileobj)
                now = time.monotonic()
                for key in list(selector.get_map().values()):
                    sent, due = key.data
                    if due > now:
                        continue
                    try:
                        key.fileobj.send(HEAD[sent : sent + 1] or b"x")
                        key.data[:] = [sent + 1, now + self.seconds]
                    except OSError:
                        self.close(selector, key.fileobj)
            for key in list(selector.get_map().values()):
                key.fileobj.close()


def ask(port, times):
    """The statuses of so many requests, each on a connection of its own, and the milliseconds that they took."""
    statuses, took = [], []
    for _ in range(times):
        begun = time.perf_counter()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/api/model/status")
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
            connection.close()
        except OSError as error:
            statuses.append(repr(error))
        took.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.02)
    return statuses, sorted(took)


def processor_seconds(pid):
    """What the program has computed, or nothing where there is no /proc."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return float("nan")


def open_files(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return float("nan")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("--port", type=int, default=8051)
    options.add_argument("--model", default="fixtures/tiny/llama")
    options.add_argument("--connections", type=int, default=400)
    options.add_argument("--seconds", type=float, default=3.0, help="between two bytes of one connection")
    options.add_argument("--again", type=float, default=1.0, help="seconds until a closed one is opened again")
    options.add_argument("--times", type=int, default=200, help="requests that are timed")
    options.add_argument("--files", type=int, help="files that the program may have open, as by ulimit -n")
    options = options.parse_args()
    # Our own ends need descriptors, too.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536) if most > 0 else 65536, most))

    def with_fewer_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (options.files or min(1024, most), most))

    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--port", str(options.port), "--offline", "--model", options.model, "--cache", folder]
        program = subprocess.Popen(
            [options.program, *arguments], stderr=subprocess.PIPE, text=True, preexec_fn=with_fewer_files
        )
        try:
            program.stderr.readline()
            said = []
            threading.Thread(target=lambda: said.extend(program.stderr), daemon=True).start()
            while ask(options.port, 1)[0] != [200]:
                time.sleep(0.1)

            def report(what):
                nonlocal wrong
                begun, computed = time.monotonic(), processor_seconds(program.pid)
                statuses, took = ask(options.port, options.times)
                share = (processor_seconds(program.pid) - computed) / (time.monotonic() - begun)
                bad = [status for status in statuses if status != 200]
                wrong += len(bad)
                print(
                    f"{what}: {len(statuses) - len(bad)} of {len(statuses)} answered; median "
                    f"{took[len(took) // 2]:.1f} ms, 99th percentile {took[int(len(took) * 0.99)]:.1f} ms, "
                    f"slowest {took[-1]:.1f} ms; {open_files(program.pid)} open files, "
                    f"{share * 100:.0f} % of a processor"
                )
                if bad:
                    print("WRONG:", bad[:5])

            report("alone")
            slow = Slow(options.port, options.connections, options.seconds, options.again)
            slow.start()
            slow.all_open.wait()
            time.sleep(options.seconds)
            report(f"with {options.connections} slow connections")
            slow.ending.set()
            slow.join()
            print(f"slow connections: {slow.opened} opened, {slow.closed} closed by the server")
            report("afterwards")
        finally:
            program.terminate()
            program.wait()
        time.sleep(0.1)
        print("log:", "".join(said).strip() or "nothing", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
