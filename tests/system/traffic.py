#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""traffic.py URL...: asks each URL in turn, again and again, until SIGTERM, and then tells in JSON what
came back. Every second request is on a new connection, for which the name is resolved again; the
others keep theirs. A request that got no answer is told with its reason and when."""

import http.client
import json
import signal
import sys
import threading
import time
import urllib.parse

PAUSE, PATIENCE, MOST_TOLD = 0.01, 8.0, 50
END = threading.Event()


class Asker:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.path = parts.hostname, parts.port or 80, parts.path or "/"
        self.kept = None
        self.asked = 0

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def ask(self):
        """(status, who answered)."""
        self.asked += 1
        keeps = self.asked % 2 == 0
        connection = self.kept if keeps and self.kept else self.connect()
        self.kept = None
        try:
            connection.request("GET", self.path)
            answer = connection.getresponse()
            answer.read()
        except BaseException:
            connection.close()
            raise
        if keeps and answer.getheader("connection", "") != "close":
            self.kept = connection
        else:
            connection.close()
        return answer.status, answer.getheader("x-smic-echo") or ""


def main():
    signal.signal(signal.SIGTERM, lambda *_: END.set())
    askers = {url: Asker(url) for url in sys.argv[1:]}
    seen = {url: {"asked": 0, "statuses": {}, "answered_by": {}, "failures": [], "slowest": 0.0,
                  "unusual": []} for url in askers}
    print("asking", flush=True)
    while not END.is_set():
        for url, asker in askers.items():
            kept, of = asker.kept is not None, seen[url]
            of["asked"] += 1
            start = time.monotonic()
            try:
                status, who = asker.ask()
                of["statuses"][str(status)] = of["statuses"].get(str(status), 0) + 1
                of["answered_by"][who] = of["answered_by"].get(who, 0) + 1
                if status >= 500 and len(of["unusual"]) < MOST_TOLD:
                    of["unusual"].append([time.time(), status])
            except (OSError, http.client.HTTPException) as error:
                if len(of["failures"]) < MOST_TOLD:
                    of["failures"].append([time.time(), kept, repr(error)])
                of["statuses"]["none"] = of["statuses"].get("none", 0) + 1
            of["slowest"] = max(of["slowest"], time.monotonic() - start)
        END.wait(PAUSE)
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
