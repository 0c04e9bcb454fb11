#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random meshes: `smic explain` and the oracle must say the same about every request.

By default a fixed number of meshes, so that every run sees the same; SMIC_DIFFERENTIAL_SECONDS goes
on for so long instead (`./dev fuzz meshes SECONDS`), SMIC_SEED starts elsewhere. A disagreement is
shrunk and printed with its seed and YAML."""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time
import unittest

from generate import Generator
from oracle import Oracle
from shrink import Shrinker
from write_yaml import text_of

BIN = pathlib.Path(os.environ.get("SMIC_BIN", pathlib.Path(__file__).resolve().parents[3] / "build/bin"))
MESHES = 400
REQUESTS_EACH = 40
WORKERS = 2


def words_of(request):
    """As a line of --requests, and as a person would type it."""
    ns, service = request.service
    caller = (["--from-pod", f"{request.source[0]}/{request.source[2]}"] if request.source[1] is None else
              ["--from", "/".join(request.source)])
    words = [*caller,
             "--to", f"{service}.{ns}:{request.port}{'/udp' * request.udp}",
             "--method", request.method, "--path", request.path]
    for name, value in request.headers:
        words += ["--header", f"{name}: {value}"]
    return shlex.join(words)


def flags_of(options, engine):
    flags = [f"--engine={engine}"]
    for name, value in options.items():
        flags.append(f"--{name.replace('_', '-')}={value if isinstance(value, str) else ','.join(value)}")
    return flags


def ask(objects, requests, flags):
    """What smic says to each request; text where it did not answer at all."""
    with tempfile.TemporaryDirectory(prefix="smic-mesh-") as folder:
        mesh, asked = pathlib.Path(folder, "mesh.yaml"), pathlib.Path(folder, "requests")
        mesh.write_text(text_of(objects))
        asked.write_text("".join(words_of(each) + "\n" for each in requests))
        done = subprocess.run([BIN / "smic", "explain", mesh, "--requests", asked, "--format=json", *flags],
                              capture_output=True, text=True, timeout=60)
    if done.returncode not in (0, 2):
        return f"exit {done.returncode}: {done.stderr[-2000:]}"
    return [heart_of(json.loads(line)) for line in done.stdout.splitlines()]


def heart_of(answer):
    """The fields that the law decides."""
    return {"outcome": answer["outcome"],
            "route": answer["route"] and answer["route"]["resource"],
            "backends": answer["backends"],
            "because": sorted({each["resource"] for each in answer["because"]})}


class Disagreement(Exception):
    pass


def compare(seed):
    """Outcomes of one mesh's requests, for those who want to know what was hit."""
    generator = Generator(seed)
    objects = generator.mesh()
    if not any(each["kind"] == "Service" for each in objects):
        return []
    options = generator.options()
    flags = flags_of(options, "evaluate" if generator.chance(20) else "native")
    oracle = Oracle(objects, **options)
    requests = [aimed(generator, objects, oracle) for _ in range(REQUESTS_EACH)]
    right = [oracle.answer(request) for request in requests]
    said = ask(objects, requests, flags)
    if said != right:
        different = next((i for i in range(len(requests)) if isinstance(said, str) or said[i] != right[i]), 0)
        raise Disagreement(told(seed, objects, requests[different], options, flags))
    return [(each["outcome"], (each["route"] or "").split(" ")[0], particular(each, request, options))
            for each, request in zip(right, requests)]


def keeps_a_share(answer):
    return any(each["share"] > 0 and each["ready"] == 0 for each in answer["backends"])


def particular(answer, request, options):
    """Whether one of the options mattered to it."""
    if keeps_a_share(answer):
        return "a share that nobody takes"
    if answer["outcome"] == "forward" and request.method in options.get("extension_methods", ()):
        return "a method that is none of SMI's"
    return ""


def aimed(generator, objects, oracle):
    """Most random requests are denied; every second time the best of some is taken."""
    def worth(request):
        answer = oracle.answer(request)
        return ((answer["outcome"] == "forward") * 2 + (answer["route"] or "").startswith("TrafficSplit")
                + keeps_a_share(answer) * 4)
    return max([generator.request(objects) for _ in range(6 if generator.chance(50) else 1)], key=worth)


def told(seed, objects, request, options, flags):
    def differs(objects, request):
        if request.source[1] is None and Oracle(objects).find("Pod", request.source[0], request.source[2]) is None:
            return False
        said = ask(objects, [request], flags)
        if isinstance(said, str):
            return not said.startswith("exit 64")  # no question any more
        return said != [Oracle(objects, **options).answer(request)]
    objects, request = Shrinker(differs).shrink(objects, request)
    said = ask(objects, [request], flags)
    return (f"SMIC_SEED={seed}, {' '.join(flags)}\n\n{text_of(objects)}\n"
            f"request: {words_of(request)}\n"
            f"smic says:   {said[0] if isinstance(said, list) else said}\n"
            f"the law says: {Oracle(objects, **options).answer(request)}\n")


def seeds():
    """MESHES of them, or as many as the time allows."""
    first, seconds = int(os.environ.get("SMIC_SEED", "1")), os.environ.get("SMIC_DIFFERENTIAL_SECONDS")
    end = time.monotonic() + float(seconds) if seconds else None
    at = first
    while time.monotonic() < end if end else at < first + MESHES:
        yield at
        at += 1


class Meshes(unittest.TestCase):
    def test_explain_and_the_oracle_agree_on_random_meshes(self):
        outcomes = {}
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            source = seeds()
            while batch := [seed for _, seed in zip(range(20 * WORKERS), source)]:
                for seen in pool.map(compare, batch):
                    for outcome in seen:
                        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        total = sum(outcomes.values())
        print(f"{total} requests: {outcomes}", file=sys.stderr)
        # Random meshes are worth something only if requests are not all denied for one reason.
        for outcome in ("forward", "deny", "unavailable"):
            share = sum(count for (each, _, _), count in outcomes.items() if each == outcome)
            self.assertGreater(share * 100, total * 10, outcome)
        split = sum(count for (_, route, _), count in outcomes.items() if route == "TrafficSplit")
        self.assertGreater(split * 100, total * 10, "taken by splits")
        for word in ("a share that nobody takes", "a method that is none of SMI's"):
            seen = sum(count for (_, _, each), count in outcomes.items() if each == word)
            self.assertGreater(seen * 1000, total, word)


if __name__ == "__main__":
    unittest.main(verbosity=2)
