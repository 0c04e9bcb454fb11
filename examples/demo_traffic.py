#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The traffic of ./dev demo: clients that play the pods of examples/canary, and one who edits its
split while they ask. Live bars on a terminal, plain lines elsewhere. Exit 1 if a request was lost."""

import argparse
import collections
import http.client
import json
import os
import pathlib
import re
import sys
import threading
import time

SERVICE, PORT, PATH = "reviews.shop.mesh", "9080", "/reviews/7"
CLIENTS = 4
PAUSE = 0.002    # between two requests of a client: this is a demonstration, not a benchmark
BAR = 40
PATIENCE = 10.0  # seconds for an edit to take effect

LIVE = sys.stdout.isatty()
COLOUR = LIVE and not os.environ.get("NO_COLOR")


def bold(text):
    return f"\033[1m{text}\033[0m" if COLOUR else text


def say(text=""):
    print(text, flush=True)


class Traffic:
    """Clients that ask until they are told to stop, and what became of every request."""

    Answer = collections.namedtuple("Answer", "start end status who")

    def __init__(self, host, port, source):
        self.place, self.source = (host, port), source
        self.answers, self.lost = [], []
        self.lock, self.going = threading.Lock(), True
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        connection = None
        while self.going:
            start = time.monotonic()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(*self.place, timeout=PATIENCE,
                                                            source_address=(self.source, 0))
                connection.request("GET", PATH)
                answer = connection.getresponse()
                answer.read()
                seen = self.Answer(start, time.monotonic(), answer.status,
                                   answer.getheader("x-smic-echo"))
            except (OSError, http.client.HTTPException) as error:
                seen, connection = self.Answer(start, time.monotonic(), repr(error), None), None
            with self.lock:
                (self.answers if seen.status == 200 else self.lost).append(seen)
            time.sleep(PAUSE)

    def since(self, moment):
        with self.lock:
            return [answer for answer in self.answers if answer.start >= moment]

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(PATIENCE)


def bars(answers):
    counts = collections.Counter(answer.who for answer in answers)
    total = max(1, len(answers))
    for who in ("reviews-v1", "reviews-v2"):
        filled = round(BAR * counts[who] / total)
        yield (f"  {who}  {'█' * filled}{'·' * (BAR - filled)} "
               f"{100 * counts[who] / total:5.1f} %  {counts[who]:5d} requests")


def watch(traffic, since, seconds):
    """Shows the shares for a while; on a terminal as they change."""
    end, drawn = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        time.sleep(0.1)
        if LIVE:
            rows = list(bars(traffic.since(since)))
            sys.stdout.write(f"\033[{drawn}A" * (drawn > 0) + "".join(f"\r{row}\033[K\n" for row in rows))
            sys.stdout.flush()
            drawn = len(rows)
    if not LIVE:
        for row in bars(traffic.since(since)):
            say(row)


def edit(path, weights):
    """Saves the split with other weights. Gives the moment at which the file was written."""
    values = iter(weights)
    text = re.sub(r"weight: -?\d+", lambda _: f"weight: {next(values)}", path.read_text())
    path.write_text(text)
    return time.monotonic()


def first_answer_of(traffic, who, since):
    """The first request after `since` that `who` answered."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = [answer for answer in traffic.since(since) if answer.who == who]
        if found:
            return min(found, key=lambda answer: answer.start)
        time.sleep(0.001)
    raise SystemExit(f"demo: {who} got no request within {PATIENCE:.0f} s of the edit")


def when_settled(traffic, who, since):
    """Waits until `who` gets nothing any more: the edit is in force."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        moment = time.monotonic()
        time.sleep(0.1)
        recent = traffic.since(moment)
        if recent and all(answer.who != who for answer in recent):
            old = [answer.start for answer in traffic.since(since) if answer.who == who]
            return max(old, default=since) - since
    raise SystemExit(f"demo: {who} still gets requests {PATIENCE:.0f} s after the edit")


def wait_for_text(path, text):
    end = time.monotonic() + PATIENCE
    while text not in path.read_text():
        if time.monotonic() > end:
            raise SystemExit(f"demo: smic up never said {text!r}")
        time.sleep(0.01)


def ask_once(place, source):
    connection = http.client.HTTPConnection(*place, timeout=PATIENCE, source_address=(source, 0))
    connection.request("GET", PATH)
    answer = connection.getresponse()
    body = answer.read().decode().strip()
    connection.close()
    return answer, body


def address_of(admin):
    host, port = admin.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
    connection.request("GET", "/addresses")
    place = json.loads(connection.getresponse().read())[SERVICE][PORT]
    connection.close()
    host, port = place.rsplit(":", 1)
    return host, int(port)


def play(options):
    place, split = address_of(options.admin), pathlib.Path(options.split)
    log = pathlib.Path(options.log)

    say(bold("1. The canary: 90 to 10, as split.yaml says") + f"   (web calls {SERVICE})")
    traffic = Traffic(*place, options.web)
    watch(traffic, time.monotonic(), 5)

    say("\n" + bold("2. A caller that no TrafficTarget allows"))
    answer, body = ask_once(place, options.batch)
    say(f"  batch calls {SERVICE}: {answer.status} {answer.reason}")
    say(f"  {body}")
    denied = answer.status == 403

    say("\n" + bold("3. Rolled back while traffic flows: weights 100 and 0"))
    saved = edit(split, (100, 0))
    last = when_settled(traffic, "reviews-v2", saved)
    say(f"  last request under the old weights {1000 * last:.1f} ms after the file was written")

    say("\n" + bold("4. Promoted while traffic flows: weights 0 and 100"))
    saved = edit(split, (0, 100))
    first = first_answer_of(traffic, "reviews-v2", saved)
    say("  first request under the new weights began "
        f"{1000 * (first.start - saved):.1f} ms after the file was written")
    watch(traffic, first.start, 2)

    say("\n" + bold("5. A slip of the hand: weight -5"))
    before = len(log.read_text())
    edit(split, (0, -5))
    wait_for_text(log, "still serving version")
    time.sleep(0.2)
    for line in log.read_text()[before:].splitlines():
        say("  | " + line.replace(str(split.parent), "examples/canary"))

    moment = time.monotonic()
    time.sleep(0.5)
    served = len(traffic.since(moment))
    traffic.stop()
    total = len(traffic.answers) + len(traffic.lost)
    say(f"\n{total} requests, {len(traffic.lost)} lost; {served} of them after the broken edit.")
    for lost in traffic.lost[:5]:
        say(f"  lost: {lost.status}")
    return 0 if denied and served and not traffic.lost else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("admin", "web", "batch", "split", "log"):
        parser.add_argument(f"--{name}", required=True)
    sys.exit(play(parser.parse_args()))


if __name__ == "__main__":
    main()
