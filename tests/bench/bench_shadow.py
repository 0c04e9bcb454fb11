#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cluster of ten thousand Services, none with a shadow yet, gets its first controller with the shadow
plan; then that controller starts again. Real etcd and kube-apiserver, in a network namespace of its own
(`unshare --net tests/bench/bench_shadow.py`; `./dev parts` first). Measured from the audit log are how many
writes there were and how many in the busiest second; from the controller its CPU time and memory, beside
those of one with the node plan, which writes nothing. That a restart writes nothing is checked, with a
Service made afterwards as the mark: what a controller finds amiss it writes before what comes later."""

import argparse
import collections
import concurrent.futures
import datetime
import json
import pathlib
import re
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "bench")]
from api import Api  # noqa: E402
from bench_proxy import cpu_seconds  # noqa: E402
from cluster import STARTING, Cluster, Process, eventually, free_port  # noqa: E402
from mesh import BIN, document  # noqa: E402

NS, OURS = "shop", "smic-system"
ACCOUNT = f"system:serviceaccount:{OURS}:smic-controller"
LONG = 1800


def memory_mb(pid, what):
    """VmRSS, or VmHWM: the most there ever was."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", text)[1]) / 1024


class Stage:
    def __init__(self, cluster, services, nodes, served):
        self.cluster, self.services, self.files = cluster, services, served == "files"
        self.health = f"127.0.0.1:{free_port()}"
        path = cluster.certificates.path
        self.api = Api(cluster.address, cluster.port, path("ca.crt"), path("admin.crt"), path("admin.key"))
        cluster.kubectl("apply", "-f", ROOT / "deploy" / "rbac", "-f", ROOT / "deploy" / "crds",
                        "-f", ROOT / "deploy-shadow" / "rbac.yaml")
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", ROOT / "deploy" / "crds")
        cluster.apply(document("v1", "Namespace", NS, None))
        for number in range(nodes):
            self.api.post("/api/v1/nodes", document("v1", "Node", f"n{number}", None))
            self.api.merge(f"/api/v1/nodes/n{number}/status", {"status": {"addresses": [
                {"type": "InternalIP", "address": f"10.78.{number // 250}.{number % 250 + 1}"}]}})
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.make, (f"s{i}" for i in range(services))))
        (cluster.path / "token").write_text(cluster.kubectl(
            "create", "token", "smic-controller", "-n", OURS, "--duration=4h").stdout.strip())
        self.config = cluster.kubeconfig("controller", {"tokenFile": "token"})
        self.count = self.seen = 0

    def make(self, name):
        self.api.post(f"/api/v1/namespaces/{NS}/services", document(
            "v1", "Service", name, NS, spec={"selector": {"app": name}, "ports": [{"port": 80}]}))

    def begin(self, *words):
        self.count += 1
        serve = ("--out", self.out()) if self.files else ("--listen", "127.0.0.1:0")
        controller = Process(BIN / "smic-controller", "--kubeconfig", self.config, *serve,
                             "--health", self.health, "--manage-dns=off", *words)
        controller.says("info: leading", STARTING)
        return controller

    def out(self):
        return self.cluster.path / f"out-{self.count}"

    def wait_until_ready(self):
        def ready():
            try:
                return urllib.request.urlopen(f"http://{self.health}/readyz", timeout=5).status == 200
            except OSError:
                return False
        eventually(ready, "the controller is ready", LONG)

    def wait_until_all_are_told(self):
        """Of files, since who follows by HTTPS has to be somebody."""
        def told():
            units = json.loads((self.out() / "manifest.json").read_text())["units"]
            return sum(bool(unit["listen_addresses"]) for unit in units) == self.services
        if self.files:
            eventually(told, "every unit has its place", LONG)

    def standing(self):
        """How many shadow Services and slices; nothing else is in the namespace."""
        counts = []
        for path in (f"/api/v1/namespaces/{OURS}/services",
                     f"/apis/discovery.k8s.io/v1/namespaces/{OURS}/endpointslices"):
            listed = self.api.get(path + "?limit=1")
            counts.append(len(listed["items"]) + listed["metadata"].get("remainingItemCount", 0))
        return counts

    def wait_until_stand(self, count):
        end = time.monotonic() + LONG
        while self.standing() != [count, count]:
            if time.monotonic() > end:
                raise SystemExit(f"bench_shadow: {self.standing()} stand of {count}")
            time.sleep(0.2)

    def writes(self):
        """Since the last time: when, verb, resource, status."""
        lines = (self.cluster.path / "audit.log").read_text().splitlines()
        fresh, self.seen = lines[self.seen:], len(lines)
        for line in fresh:
            entry = json.loads(line)
            if (entry["user"]["username"] == ACCOUNT and
                    entry["verb"] in ("create", "patch", "update", "delete") and
                    entry.get("objectRef", {}).get("resource") in ("services", "endpointslices")):
                when = datetime.datetime.fromisoformat(entry["requestReceivedTimestamp"]).timestamp()
                yield when, entry["verb"], entry["objectRef"]["resource"], entry["responseStatus"]["code"]


def busiest_second(times):
    most, window = 0, collections.deque()
    for when in sorted(times):
        window.append(when)
        while window[0] <= when - 1:
            window.popleft()
        most = max(most, len(window))
    return most


def first_start(stage, figure):
    list(stage.writes())
    began = time.monotonic()
    controller = stage.begin("--address-plan=shadow")
    stage.wait_until_stand(stage.services)
    figure("first-start", time.monotonic() - began, "s")
    writes = list(stage.writes())
    refused = [each for each in writes if each[3] not in (200, 201)]
    figure("writes", len(writes), "")
    figure("writes-refused", len(refused), "")
    figure("writes-busiest-second", busiest_second(each[0] for each in writes), "")
    figure("first-start-cpu", cpu_seconds(controller.process.pid), "s")
    figure("first-start-rss", memory_mb(controller.process.pid, "VmRSS"), "MB")
    figure("first-start-most", memory_mb(controller.process.pid, "VmHWM"), "MB")
    stage.wait_until_all_are_told()
    if controller.end() != 0:
        raise SystemExit(controller.text())


def restart(stage, figure):
    list(stage.writes())
    began = time.monotonic()
    controller = stage.begin("--address-plan=shadow")
    stage.wait_until_ready()
    figure("restart-ready", time.monotonic() - began, "s")
    stage.make("marker")
    stage.wait_until_stand(stage.services + 1)
    writes = [each[1:] for each in stage.writes()]
    expected = [("create", "services", 201), ("create", "endpointslices", 201)]
    if writes != expected:
        raise SystemExit(f"bench_shadow: beside the marker's the restart wrote: {writes[:20]}")
    figure("restart-writes", len(writes) - len(expected), "")
    figure("restart-cpu", cpu_seconds(controller.process.pid), "s")
    figure("restart-rss", memory_mb(controller.process.pid, "VmRSS"), "MB")
    before = cpu_seconds(controller.process.pid)
    for i in range(10):
        stage.make(f"one-more-{i}")
        stage.wait_until_stand(stage.services + 2 + i)
    figure("one-more-service-cpu", (cpu_seconds(controller.process.pid) - before) / 10, "s")
    controller.end()


def beside(stage, figure):
    """What a controller with the node plan takes for the same Services and their shadows."""
    controller = stage.begin("--address-plan=node")
    stage.wait_until_ready()
    figure("node-plan-cpu", cpu_seconds(controller.process.pid), "s")
    figure("node-plan-rss", memory_mb(controller.process.pid, "VmRSS"), "MB")
    controller.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--nodes", type=int, default=10)
    parser.add_argument("--served", choices=("https", "files"), default="https",
                        help="how proxies would hear of it; files are written whole for every version")
    options = parser.parse_args()
    figures = []

    def figure(name, value, unit):
        print(f"{name:24} {value:10.1f} {unit}", flush=True)
        figures.append({"name": f"shadow-{name}", "value": value, "unit": unit, "peer": ""})

    with Cluster(audited=True) as cluster:
        stage = Stage(cluster, options.services, options.nodes, options.served)
        beside(stage, figure)
        first_start(stage, figure)
        restart(stage, figure)
        stage.api.close()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
