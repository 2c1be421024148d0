#!/usr/bin/env python3
"""Another Unix user against a running program: gets 403 and nothing else, also when it sends a load and closes.

The program listens on 127.0.0.1, which sockets of IPv4 and of IPv6 reach, and then on ::1.

Needs Linux and root, to become another user, and says why it skips elsewhere.

    python3 tools/access/other_user.py target/debug/tokenscope --port 8050 --times 3000
"""

import argparse
import encodings.idna  # noqa: F401  The other user may not be able to read Python's own folder later.
import http.client
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time

OTHER_USER = 54321


def body(name):
    return json.dumps({"model_id": name}).encode()


def raw_load(port, name):
    text = body(name)
    head = (
        f"POST /api/model/load HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text


def as_other_user(work):
    """Runs `work` in a child that has given up root, and returns what it says as JSON."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            os.setgroups([])
            os.setgid(OTHER_USER)
            os.setuid(OTHER_USER)
            try:
                said = work()
            except Exception as error:
                said = ["failed", repr(error)]
            with os.fdopen(writing, "wb") as answer:
                answer.write(json.dumps(said).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        said = answers.read()
    os.waitpid(child, 0)
    return json.loads(said)


def ask(address, port, method, path, name=None):
    connection = http.client.HTTPConnection(address, port, timeout=30)
    headers = {"Host": f"localhost:{port}"}
    if name is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, None if name is None else body(name), headers)
    answer = connection.getresponse()
    # A stream of events has no end.
    text = b"" if path == "/api/events" and answer.status == 200 else answer.read()
    connection.close()
    return answer.status, text.decode(errors="replace")


def hit_and_run(address, port, times, name):
    """Sends loads and closes at once: in order, by a reset, half, and a moment later."""
    sent = 0
    for turn in range(times):
        client = socket.create_connection((address, port))
        client.sendall(raw_load(port, name))
        way = turn % 4
        if way == 1:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif way == 2:
            client.shutdown(socket.SHUT_WR)
        elif way == 3:
            time.sleep((turn % 40) / 20_000)
        client.close()
        sent += 1
    return sent


def has_address(host):
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
            tried.bind((host, 0))
        return True
    except OSError:
        return False


def against(program, host, addresses, port, times):
    """What is wrong, how many requests and loads there were, and how many of the loads were served."""
    wrong, asked, sent, served = [], 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        canary = str(pathlib.Path(folder, "canary.gguf"))
        pathlib.Path(canary).write_text("SECRET of the owner")
        arguments = ["--host", host, "--port", str(port), "--offline", "--model", "/nowhere.gguf", "--cache", folder]
        program = subprocess.Popen([program, *arguments], stderr=subprocess.PIPE, text=True)
        try:
            program.stderr.readline()
            for address in addresses:
                for method, path, name in [
                    ("GET", "/", None),
                    ("HEAD", "/", None),
                    ("GET", "/app.js", None),
                    ("GET", "/docs/", None),
                    ("GET", "/api/model/status", None),
                    ("GET", "/api/events", None),
                    ("POST", "/api/model/load", canary),
                    ("OPTIONS", "/api/preview", None),
                    ("GET", "/nowhere", None),
                ]:
                    said = as_other_user(lambda: ask(address, port, method, path, name))
                    asked += 1
                    if said[0] != 403 or "SECRET" in said[1]:
                        wrong.append(f"{method} {path} at {address} as another user: {said[0]} {said[1][:200]}")
                loads = as_other_user(lambda: hit_and_run(address, port, times, canary))
                if isinstance(loads, int):
                    sent += loads
                else:
                    wrong.append(f"the other user could not send to {address}: {loads}")
                # The owner's own request is behind all of them.
                time.sleep(1)
                status, text = ask(address, port, "GET", "/api/model/status")
                served += int(canary in text)
                if status != 200 or canary in text:
                    wrong.append(f"the owner's status at {address} after {loads} loads of another user: {status} {text[:400]}")
            # That a load does show in the status: otherwise nothing above could have failed.
            ask(address, port, "POST", "/api/model/load", canary)
            for _ in range(100):
                text = ask(address, port, "GET", "/api/model/status")[1]
                if canary in text:
                    break
                time.sleep(0.1)
            else:
                wrong.append(f"the owner's own load does not show: {text[:400]}")
            if "SECR" in text:
                wrong.append(f"the refusal of a file shows what it holds: {text[:400]}")
        finally:
            program.terminate()
            program.wait()
    return wrong, asked, sent, served


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("--port", type=int, default=8050)
    options.add_argument("--times", type=int, default=3000, help="loads at each address")
    options = options.parse_args()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        print("skipped: only root on Linux can become another user here")
        return 0
    failed = False
    for host, addresses in [("127.0.0.1", ["127.0.0.1", "::ffff:127.0.0.1"]), ("::1", ["::1"])]:
        if not has_address(host):
            print(f"{host}: skipped, this machine does not have it")
            continue
        wrong, asked, sent, served = against(options.program, host, addresses, options.port, options.times)
        for what in wrong:
            print("WRONG:", what)
        print(
            f"{host}, reached by {' and '.join(addresses)}: {asked} requests and {sent} loads with a closed end as "
            f"user {OTHER_USER}: {len(wrong)} wrong, {served} served"
        )
        failed |= bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
