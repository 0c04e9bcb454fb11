#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""traffic.py [--hush SECONDS] URL...: asks each URL, `http`, `tcp` or `udp`, again and again until SIGTERM,
each on a thread of its own, and then tells in JSON what came back. Every second time it asks on a new
connection, for which the name is resolved again; the others keep theirs. What came to no answer is told
with its reason and when.

    http  the status of the answer
    tcp   `answered`: it said its name, and again what we said; `closed` before it said anything;
          `broken` after that
    udp   `answered`, or `silent` for as long as --hush says"""

import contextlib
import http.client
import json
import signal
import socket
import sys
import threading
import time
import urllib.parse

PAUSE, PATIENCE, MOST_TOLD = 0.01, 8.0, 50
PAUSE_OF_SOCKETS = 0.05
KEPT = 3.0  # seconds of a connection by TCP: less than a proxy that ends waits for it
END = threading.Event()


class Asker:
    """What is asked by hands of one kind: `connect` makes a connection, `ask_on` asks once, and says
    (outcome, who answered, whether the connection may be kept)."""
    pause = PAUSE

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.path = parts.hostname, parts.path or "/"
        self.port = parts.port or 80
        self.kept = None
        self.asked = 0

    def ask(self):
        """(outcome, who answered)."""
        self.asked += 1
        keeps = self.asked % 2 == 0
        connection = self.kept if keeps and self.kept else self.connect()
        if keeps:
            self.kept = None
        try:
            outcome, who, lives = self.ask_on(connection)
        except BaseException:
            connection.close()
            raise
        if keeps and lives:
            self.kept = connection
        else:
            connection.close()
        return outcome, who


class Http(Asker):
    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def ask_on(self, connection):
        connection.request("GET", self.path)
        answer = connection.getresponse()
        answer.read()
        lives = answer.getheader("connection", "") != "close"
        return str(answer.status), answer.getheader("x-smic-echo") or "", lives


class Tcp(Asker):
    pause = PAUSE_OF_SOCKETS

    class Line:
        def __init__(self, stream):
            self.stream, self.file, self.who = stream, stream.makefile("rwb"), ""
            self.until = time.monotonic() + KEPT

        def close(self):
            with contextlib.suppress(OSError):
                self.file.close()
            self.stream.close()

    def connect(self):
        stream = socket.create_connection((self.host, self.port), timeout=PATIENCE)
        return self.Line(stream)

    def ask_on(self, line):
        said = b"%d\n" % self.asked
        try:
            line.file.write(said)
            line.file.flush()
            if not line.who:
                line.who = line.file.readline().decode().strip()
            if line.who and line.file.readline() == said:
                return "answered", line.who, time.monotonic() < line.until
        except (BrokenPipeError, ConnectionResetError):
            pass
        return "broken" if line.who else "closed", line.who, False


class Udp(Asker):
    pause = PAUSE_OF_SOCKETS
    hush = PATIENCE

    def connect(self):
        family, kind, _, _, to = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
        flow = socket.socket(family, kind)
        flow.settimeout(self.hush)
        flow.connect(to)
        return flow

    def ask_on(self, flow):
        said = b": %d" % self.asked
        flow.send(said[2:])
        try:
            # What is late is an answer too, where none may come.
            while not (answer := flow.recv(4096)).endswith(said) and self.hush == PATIENCE:
                pass
        except TimeoutError:
            return "silent", "", True
        return "answered", answer.rpartition(b":")[0].decode(), True


KINDS = {"http": Http, "tcp": Tcp, "udp": Udp}


def ask_until_end(url, of):
    asker = KINDS[urllib.parse.urlsplit(url).scheme](url)
    while not END.is_set():
        kept = asker.kept is not None
        start = time.monotonic()
        try:
            outcome, who = asker.ask()
            of["answered_by"][who] = of["answered_by"].get(who, 0) + 1
            if outcome not in ("200", "403", "answered") and len(of["unusual"]) < MOST_TOLD:
                of["unusual"].append([time.time(), outcome])
        except (OSError, http.client.HTTPException) as error:
            outcome = "none"
            if len(of["failures"]) < MOST_TOLD:
                of["failures"].append([time.time(), kept, repr(error)])
        of["asked"] += 1
        of["statuses"][outcome] = of["statuses"].get(outcome, 0) + 1
        of["slowest"] = max(of["slowest"], time.monotonic() - start)
        END.wait(asker.pause)


def main():
    signal.signal(signal.SIGTERM, lambda *_: END.set())
    urls = sys.argv[1:]
    if urls[0] == "--hush":
        Udp.hush = float(urls[1])
        del urls[:2]
    seen = {url: {"asked": 0, "statuses": {}, "answered_by": {}, "failures": [], "slowest": 0.0,
                  "unusual": []} for url in urls}
    threads = [threading.Thread(target=ask_until_end, args=each) for each in seen.items()]
    for thread in threads:
        thread.start()
    print("asking", flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
