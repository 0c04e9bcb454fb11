#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one request costs a proxy, beside nginx and HAProxy from Debian in the same role.

One worker each on its own CPU, the same trivial backend (nginx), the same load (wrk, 64 keep-alive
connections), the same forwarded headers, no access log. smic also decides each request by an access
rule; the others have nothing to decide. CPU time is user + system from /proc, per request answered.
Rounds are interleaved, so that a disturbed moment hits all; figures are medians, ratios are of
requests per CPU second."""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BODY = "a body of the size of a small API answer, with a few fields in it: " + "x" * 66
BACKEND = "127.0.0.2"
CLOCK = os.sysconf("SC_CLK_TCK")
CPUS = sorted(os.sched_getaffinity(0))
PROXY_CPU, LOAD_CPU = CPUS[0], CPUS[-1]


def free_port(address):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def wait_for(address, port, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection((address, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"bench_proxy.py: nothing listens on {address}:{port}")


def start(command, cpu, log):
    return subprocess.Popen(["taskset", "-c", str(cpu), *command], stdout=log, stderr=log)


def cpu_seconds(pid):
    """User and system time of a process and its children that live."""
    total = 0.0
    pids = [pid]
    while pids:
        one = pids.pop()
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / CLOCK
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            pids += [int(child) for child in (task / "children").read_text().split()]
    return total


# ---- the peers ----------------------------------------------------------------------------------

NGINX = """daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.err crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; tcp_nodelay on;
  client_body_temp_path {folder}/{name}.body; proxy_temp_path {folder}/{name}.proxy;
  fastcgi_temp_path {folder}/{name}.f; uwsgi_temp_path {folder}/{name}.u;
  scgi_temp_path {folder}/{name}.s;
  {http}
}}
"""


def nginx(folder, name, http, cpu, log):
    config = folder / f"{name}.conf"
    config.write_text(NGINX.format(folder=folder, name=name, http=http))
    return start(["nginx", "-p", str(folder), "-e", f"{folder}/{name}.err", "-c", str(config)],
                 cpu, log)


def backend(folder, port, log):
    http = f"""server {{ listen {BACKEND}:{port};
      location / {{ default_type application/json; return 200 "{BODY}"; }} }}"""
    return nginx(folder, "backend", http, LOAD_CPU, log)


def nginx_proxy(folder, port, to, log):
    http = f"""upstream backend {{ server {BACKEND}:{to}; keepalive 128;
        keepalive_requests 1000000000; }}
    server {{ listen 127.0.0.1:{port};
      location / {{ proxy_pass http://backend; proxy_http_version 1.1;
        proxy_set_header Host $http_host; proxy_set_header Connection "";
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto http;
        proxy_set_header X-Forwarded-Host $http_host; }} }}"""
    return nginx(folder, "nginx", http, PROXY_CPU, log)


def haproxy(folder, port, to, log):
    config = folder / "haproxy.cfg"
    config.write_text(f"""global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend in
  bind 127.0.0.1:{port}
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend out
backend out
  server s {BACKEND}:{to} pool-max-conn 256
""")
    return start(["haproxy", "-db", "-f", str(config)], PROXY_CPU, log)


# ---- smic ---------------------------------------------------------------------------------------

MESH = """apiVersion: v1
kind: Namespace
metadata: {{name: shop}}
---
apiVersion: v1
kind: Service
metadata: {{name: api, namespace: shop}}
spec:
  selector: {{app: api}}
  ports: [{{name: http, port: {port}, targetPort: {backend}}}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: api-1, namespace: shop, labels: {{kubernetes.io/service-name: api}}}}
addressType: IPv4
ports: [{{name: http, port: {backend}, protocol: TCP}}]
endpoints:
  - addresses: ["{address}"]
    conditions: {{ready: true}}
    targetRef: {{kind: Pod, name: api-0, namespace: shop}}
---
apiVersion: v1
kind: Pod
metadata: {{name: api-0, namespace: shop, labels: {{app: api}}}}
spec: {{serviceAccountName: api, containers: [{{name: main, image: none}}]}}
status: {{phase: Running, podIP: "{address}", podIPs: [{{ip: "{address}"}}],
  conditions: [{{type: Ready, status: "True"}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: load-0, namespace: shop, labels: {{app: load}}}}
spec: {{serviceAccountName: load, containers: [{{name: main, image: none}}]}}
status: {{phase: Running, podIP: "127.0.0.1", podIPs: [{{ip: "127.0.0.1"}}],
  conditions: [{{type: Ready, status: "True"}}]}}
---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {{name: load-to-api, namespace: shop}}
spec:
  destination: {{kind: ServiceAccount, name: api, namespace: shop}}
  sources: [{{kind: ServiceAccount, name: load, namespace: shop}}]
  rules: [{{kind: HTTPRouteGroup, name: api}}]
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {{name: api, namespace: shop}}
spec:
  matches:
"""


def compile_mesh(folder, programs, rules, port, to, log):
    """A mesh whose service has that many rules, compiled; the directory for smic-proxy."""
    source, out = folder / f"mesh-{rules}", folder / f"out-{rules}"
    source.mkdir()
    text = MESH.format(port=port, backend=to, address=BACKEND)
    for i in range(rules):
        text += f"""    - {{name: m{i}, methods: [GET], pathRegex: "/api/v1/resource{i}/[0-9]+$"}}\n"""
    (source / "mesh.yaml").write_text(text)
    controller = subprocess.Popen(
        [programs / "smic-controller", f"--resources={source}", f"--out={out}"],
        stdout=log, stderr=log)
    manifest = out / "manifest.json"
    end = time.monotonic() + 300
    while not manifest.exists() and controller.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    controller.terminate()
    controller.wait()
    if not manifest.exists():
        sys.exit(f"bench_proxy.py: the mesh with {rules} rules was not compiled")
    return out


class Smic:
    def __init__(self, folder, programs, rules, to, log):
        self.rules = rules
        out = compile_mesh(folder, programs, rules, free_port("127.0.0.1"), to, log)
        unit = json.loads((out / "manifest.json").read_text())["units"][0]
        self.address, self.port = unit["listen_addresses"][0], unit["listen_port"]
        self.process = start([programs / "smic-proxy", f"--manifest={out}/manifest.json",
                              "--workers=1"], PROXY_CPU, log)


class Peer:
    rules = 10

    def __init__(self, make, folder, to, log):
        self.address, self.port = "127.0.0.1", free_port("127.0.0.1")
        self.process = make(folder, self.port, to, log)


# ---- measuring ----------------------------------------------------------------------------------

def load(target, seconds, connections):
    """Requests answered, and CPU seconds the proxy spent on them."""
    path = f"/api/v1/resource{target.rules - 3}/42"
    before = cpu_seconds(target.process.pid)
    out = subprocess.run(
        ["taskset", "-c", str(LOAD_CPU), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
         f"http://{target.address}:{target.port}{path}"],
        capture_output=True, text=True, check=True).stdout
    spent = cpu_seconds(target.process.pid) - before
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    if "Non-2xx" in out or "Socket errors" in out or requests == 0:
        sys.exit(f"bench_proxy.py: not every request was answered:\n{out}")
    return requests, spent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rules", type=int, nargs=2, default=[10, 10_000])
    options = parser.parse_args()
    programs = pathlib.Path(options.build).resolve() / "bin"
    started = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        log = (folder / "log").open("w")
        try:
            to = free_port(BACKEND)
            started.append(backend(folder, to, log))
            wait_for(BACKEND, to)
            targets = {f"smic ({n} rules)": Smic(folder, programs, n, to, log)
                       for n in options.rules}
            targets["nginx"] = Peer(nginx_proxy, folder, to, log)
            targets["haproxy"] = Peer(haproxy, folder, to, log)
            started += [target.process for target in targets.values()]
            for target in targets.values():
                wait_for(target.address, target.port)
                load(target, 1, options.connections)
            micros = {name: [] for name in targets}
            for _ in range(options.rounds):
                for name, target in targets.items():
                    requests, spent = load(target, options.seconds, options.connections)
                    micros[name].append(spent / requests * 1e6)
            report(options, micros)
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                process.wait()


def report(options, micros):
    for name, values in micros.items():
        rounds = " ".join(f"{value:6.2f}" for value in values)
        print(f"{name:22} {statistics.median(values):6.2f} us CPU a request   ({rounds})")
    few, many = (f"smic ({n} rules)" for n in options.rules)

    # Rounds are interleaved: a ratio within a round, then the median of those.
    def ratio(a, b):
        return statistics.median(x / y for x, y in zip(micros[a], micros[b]))

    figures = []
    for name, value, unit, peer in [
            ("proxy-requests-per-cpu-vs-haproxy", ratio("haproxy", few), "ratio", "HAProxy"),
            ("proxy-requests-per-cpu-vs-nginx", ratio("nginx", few), "ratio", "nginx"),
            (f"proxy-cpu-{options.rules[1]}-rules-vs-{options.rules[0]}", ratio(many, few),
             "ratio", "smic"),
            ("proxy-cpu-per-request", statistics.median(micros[few]), "us", None)]:
        print(f"{name:42} {value:6.2f} {unit}")
        figures.append({"name": name, "value": round(value, 3), "unit": unit, "peer": peer})
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
