#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What TCP connections, TCP bytes and UDP datagrams cost a proxy, beside nginx (stream module) and, for
TCP, HAProxy, all from Debian, in the same role.

One worker each on its own CPU; load and backend (`smic echo`) on the other. smic also decides each
connection and each flow by an access rule. CPU time is what the scheduler counted, in nanoseconds (a
tick of user and system time is too coarse here), per unit of work that was answered and checked. Rounds are interleaved; figures are medians, ratios are of work per CPU
second."""

import argparse
import contextlib
import json
import os
import pathlib
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from bench_proxy import BACKEND, LOAD_CPU, PROXY_CPU, free_port, start, wait_for

MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
FLOWS, WINDOW = 32, 4  # datagrams under way: flows × window
DATAGRAM = b"d" * 64
CHUNK = b"c" * 65536


def nginx(folder, kind, port, to, log):
    config = folder / f"nginx-{kind}.conf"
    udp = kind == "udp"
    config.write_text(f"""load_module {MODULE};
daemon off; worker_processes 1; pid {folder}/nginx-{kind}.pid; error_log {folder}/n.err crit;
events {{ worker_connections 4096; }}
stream {{ server {{ listen 127.0.0.1:{port}{" udp reuseport" if udp else ""};
  proxy_pass {BACKEND}:{to}; {"proxy_timeout 60s;" if udp else "tcp_nodelay on;"} }} }}
""")
    return start(["nginx", "-p", str(folder), "-e", f"{folder}/n.err", "-c", str(config)],
                 PROXY_CPU, log)


def haproxy(folder, kind, port, to, log):
    config = folder / "haproxy.cfg"
    config.write_text(f"""global
  nbthread 1
  maxconn 4096
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen tcp
  bind 127.0.0.1:{port}
  server s {BACKEND}:{to}
""")
    return start(["haproxy", "-db", "-f", str(config)], PROXY_CPU, log)


# ---- smic ---------------------------------------------------------------------------------------

def mesh(kind, port, to):
    """One service for pods that run as `app`, open to whoever is 127.0.0.1."""
    upper, route = kind.upper(), f"{kind.upper()}Route"
    def pod(name, who, address):
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "b"},
                "spec": {"serviceAccountName": who, "containers": []},
                "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}}
    account = lambda name: {"kind": "ServiceAccount", "name": name, "namespace": "b"}  # noqa: E731
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": kind, "namespace": "b"},
         "spec": {"ports": [{"name": f"{kind}-x", "port": port, "targetPort": to, "protocol": upper}]}},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
         "metadata": {"name": kind, "namespace": "b", "labels": {"kubernetes.io/service-name": kind}},
         "ports": [{"name": f"{kind}-x", "port": to, "protocol": upper}],
         "endpoints": [{"addresses": [BACKEND], "conditions": {"ready": True},
                        "targetRef": {"kind": "Pod", "name": "app", "namespace": "b"}}]},
        pod("app", "app", BACKEND), pod("load", "load", "127.0.0.1"),
        {"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": route,
         "metadata": {"name": "r", "namespace": "b"}, "spec": {"matches": {"ports": [to]}}},
        {"apiVersion": "access.smi-spec.io/v1alpha4", "kind": "TrafficTarget",
         "metadata": {"name": "t", "namespace": "b"},
         "spec": {"destination": account("app"), "sources": [account("load")],
                  "rules": [{"kind": route, "name": "r"}]}}]


class Smic:
    def __init__(self, folder, programs, kind, to, log):
        source, out = folder / f"mesh-{kind}", folder / f"out-{kind}"
        source.mkdir()
        text = "\n---\n".join(json.dumps(each) for each in mesh(kind, free_port("127.0.0.1"), to))
        (source / "mesh.yaml").write_text(text)
        controller = subprocess.Popen([programs / "smic-controller", f"--resources={source}",
                                       f"--out={out}"], stdout=log, stderr=log)
        manifest, end = out / "manifest.json", time.monotonic() + 60
        while not manifest.exists() and time.monotonic() < end:
            time.sleep(0.05)
        controller.terminate()
        controller.wait()
        unit = json.loads(manifest.read_text())["units"][0]
        self.address = (unit["listen_addresses"][0], unit["listen_port"])
        self.process = start([programs / "smic-proxy", f"--manifest={manifest}", "--workers=1"],
                             PROXY_CPU, log)


class Peer:
    def __init__(self, make, folder, kind, to, log):
        self.address = ("127.0.0.1", free_port("127.0.0.1"))
        self.process = make(folder, kind, self.address[1], to, log)


# ---- loads: units of work done in that many seconds ----------------------------------------------

def datagrams(address, seconds):
    chooser, answered = selectors.DefaultSelector(), 0
    with contextlib.ExitStack() as stack:
        for _ in range(FLOWS):
            client = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            client.bind(("127.0.0.1", 0))
            client.connect(address)
            client.setblocking(False)
            chooser.register(client, selectors.EVENT_READ)
            for _ in range(WINDOW):
                client.send(DATAGRAM)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready = chooser.select(1)
            if not ready:
                sys.exit("bench_streams.py: datagrams were lost")
            for key, _ in ready:
                if key.fileobj.recv(2048) != b"echo: " + DATAGRAM:
                    sys.exit("bench_streams.py: a wrong answer")
                answered += 1
                key.fileobj.send(DATAGRAM)
    return answered


def connections(address, seconds):
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.create_connection(address, 5, ("127.0.0.1", 0)) as stream:
            if stream.recv(64) != b"echo\n":
                sys.exit("bench_streams.py: a wrong answer")
        count += 1
    return count


def megabytes(address, seconds):
    """There and back."""
    moved, end = 0, time.monotonic() + seconds
    buffer = bytearray(len(CHUNK))
    with socket.create_connection(address, 5, ("127.0.0.1", 0)) as stream:
        stream.recv(5, socket.MSG_WAITALL)
        while time.monotonic() < end:
            stream.sendall(CHUNK)
            moved += stream.recv_into(buffer, len(CHUNK), socket.MSG_WAITALL)
    return moved / 1e6


WORK = {"udp-datagrams": ("udp", datagrams), "tcp-connections": ("tcp", connections),
        "tcp-megabytes": ("tcp", megabytes)}


def cpu_seconds(pid):
    """Of all threads of a process and of its children."""
    total, pids = 0.0, [pid]
    while pids:
        for task in pathlib.Path(f"/proc/{pids.pop()}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0]) / 1e9
            pids += [int(child) for child in (task / "children").read_text().split()]
    return total


def measure(target, work, seconds):
    before = cpu_seconds(target.process.pid)
    done = work(target.address, seconds)
    return (cpu_seconds(target.process.pid) - before) / done * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    programs = pathlib.Path(options.build).resolve() / "bin"
    os.sched_setaffinity(0, {LOAD_CPU})
    started, figures = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        log = (folder / "log").open("w")
        try:
            targets = {}
            for kind, peers in (("udp", {"nginx": nginx}), ("tcp", {"nginx": nginx, "haproxy": haproxy})):
                to = free_port(BACKEND)
                started.append(start([programs / "smic", "echo", f"--protocol={kind}",
                                      f"--listen={BACKEND}:{to}"], LOAD_CPU, log))
                targets[kind] = {"smic": Smic(folder, programs, kind, to, log)} | {
                    peer: Peer(make, folder, kind, to, log) for peer, make in peers.items()}
                started += [target.process for target in targets[kind].values()]
            for target in targets["tcp"].values():
                wait_for(*target.address)
            for name, (kind, work) in WORK.items():
                figures += compare(name, targets[kind], work, options)
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                process.wait()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


def compare(name, targets, work, options):
    micros = {target: [] for target in targets}
    for target in targets.values():
        measure(target, work, 0.5)
    for _ in range(options.rounds):
        for target, values in micros.items():
            values.append(measure(targets[target], work, options.seconds))
    figures = []
    for target, values in micros.items():
        rounds = " ".join(f"{value:7.2f}" for value in values)
        print(f"{name:16} {target:8} {statistics.median(values):7.2f} us CPU each   ({rounds})")
    for peer in list(targets)[1:]:
        ratio = statistics.median(a / b for a, b in zip(micros[peer], micros["smic"]))
        print(f"{name}-per-cpu-vs-{peer:10} {ratio:6.2f} ratio")
        figures.append({"name": f"{name}-per-cpu-vs-{peer}", "value": round(ratio, 3),
                        "unit": "ratio", "peer": peer})
    return figures


if __name__ == "__main__":
    main()
