#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What steering costs beside binding each address: start, memory, descriptors, and a connection from a
pod, with 10,000 Services. Run under `unshare --net`; SMIC_BIN tells where the programs are."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from mesh import BIN, Process, document, yaml_text  # noqa: E402
from node_plan_test import Pod, run  # noqa: E402

SERVICES, CONNECTS = 10_000, 3_000

# Connects, sends nothing, closes; the time of connect() alone, in microseconds.
CONNECT = f"""
import json, socket, time
times = []
for i in range({CONNECTS}):
    one = socket.socket()
    began = time.perf_counter_ns()
    one.connect(("240.96.%d.%d" % (i % 40, 1 + i % 250), 80))
    times.append((time.perf_counter_ns() - began) / 1000)
    one.close()
print(json.dumps(times))
"""


def manifest(folder):
    """10,000 units alike, of one Service compiled: on port 80 of 240.96.0.1 … 240.96.39.250."""
    services = folder / "services"
    services.mkdir()
    (services / "web.yaml").write_text(yaml_text(document("v1", "Service", "web", "shop", spec={
        "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "selector": {"app": "web"},
        "ports": [{"name": "tcp", "port": 80}]})))
    controller = Process(BIN / "smic-controller", "--resources", services, "--out", folder / "out",
                         "--address-plan=node", "--access=permissive")
    controller.says("ready", 60)
    controller.end()
    path = folder / "out" / "manifest.json"
    text = json.loads(path.read_text())
    (unit,) = text["units"]
    text["units"] = [{**unit, "service": f"shop/s{i:05}",
                      "listen_addresses": [f"240.96.{i // 250}.{1 + i % 250}"]} for i in range(SERVICES)]
    path.write_text(json.dumps(text))
    return path


def status(pid, name):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])


def measure(mode, path, pod):
    began = time.monotonic()
    proxy = Process(BIN / "smic-proxy", "--manifest", path, f"--steer={mode}", "--workers=1",
                    "--admin=127.0.0.1:0")
    proxy.says("enforcing", 120)
    started = time.monotonic() - began
    proxy.says("mesh range proven", 60)
    ticks = lambda: sum(map(int, pathlib.Path(f"/proc/{proxy.process.pid}/stat")  # noqa: E731
                            .read_text().rsplit(")", 1)[1].split()[11:13]))
    start_cpu = ticks()
    done = subprocess.run(pod.inside(sys.executable, "-c", CONNECT), capture_output=True, text=True,
                          check=True)
    times = sorted(json.loads(done.stdout))
    figures = {
        "start_seconds": round(started, 2), "start_cpu_seconds": start_cpu / os.sysconf("SC_CLK_TCK"),
        "rss_mib": round(status(proxy.process.pid, "VmRSS") / 1024, 1),
        "descriptors": len(list(pathlib.Path(f"/proc/{proxy.process.pid}/fd").iterdir())),
        "connect_us_p50": round(statistics.median(times), 1),
        "connect_us_p90": round(times[len(times) * 9 // 10], 1), "connect_us_min": round(times[0], 1)}
    if proxy.end() != 0:
        raise AssertionError(proxy.text())
    return figures


def main():
    run("ip", "link", "set", "lo", "up")
    pod = Pod()
    with tempfile.TemporaryDirectory(prefix="smic-bench-") as folder:
        path = manifest(pathlib.Path(folder))
        for mode in ("auto", "bind", "auto", "bind"):
            print(mode, json.dumps(measure(mode, path, pod)), flush=True)
    pod.end()


if __name__ == "__main__":
    main()
