#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a changed rule costs peers that are changed by a reload: nginx and HAProxy with the routes of
bench_changes, 10,000 services by host name, a path pattern each, 100,000 endpoints. One rule changes;
measured are the time from the reload command to the first answer by the new rule and to the last old
worker's end, and the CPU time of everything that the reload made run. No traffic but the probe, so old
workers have nothing to finish. One worker each; the writing of the new file is not in it."""

import argparse
import json
import os
import pathlib
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from bench_proxy import cpu_seconds, free_port, wait_for  # noqa: E402

SERVICES, PODS, ROUNDS = 10_000, 10, 10
PROBED = SERVICES // 2


def address(pod):
    return f"10.{pod // 62500}.{pod // 250 % 250}.{1 + pod % 250}"


def nginx_config(folder, port, turn):
    out = [f"""worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err crit;
events {{ worker_connections 1024; }}
http {{ access_log off; server_names_hash_max_size 65536; server_names_hash_bucket_size 128;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
"""]
    for s in range(SERVICES):
        servers = " ".join(f"server {address(s * PODS + p)}:8080;" for p in range(PODS))
        rule = f'return 200 "turn {turn}";' if s == PROBED else f"proxy_pass http://s{s};"
        out.append(f"upstream s{s} {{ {servers} }}\nserver {{ listen 127.0.0.1:{port}; server_name s{s}.mesh;"
                   f" location ~ ^/api/v1/items/{s}(/.*)?$ {{ {rule} }} location / {{ return 403; }} }}\n")
    return "".join(out) + "}\n"


def haproxy_config(folder, port, turn):
    out = [f"""global
  nbthread 1
  maxconn 1024
  stats socket {folder}/haproxy.sock
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:{port}
  use_backend %[req.hdr(host),field(1,:),map({folder}/hosts.map)]
"""]
    for s in range(SERVICES):
        rule = [f'http-request return status 200 content-type text/plain string "turn {turn}"'] if s == PROBED else []
        lines = [f"http-request deny unless {{ path_reg ^/api/v1/items/{s}(/.*)?$ }}", *rule,
                 *(f"server p{p} {address(s * PODS + p)}:8080" for p in range(PODS))]
        out.append(f"backend s{s}\n" + "".join(f"  {line}\n" for line in lines))
    return "".join(out)


def ask(port):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        one.sendall(f"GET /api/v1/items/{PROBED} HTTP/1.1\r\nHost: s{PROBED}.mesh\r\n"
                    "Connection: close\r\n\r\n".encode())
        answer = b""
        while part := one.recv(4096):
            answer += part
    return answer.decode().rsplit("\r\n\r\n", 1)[-1]


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def resident_mb(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


class Peer:
    """A master with workers; `reload` starts what the operator would."""

    def __init__(self, name, folder, config, command):
        self.name, self.folder, self.config = name, folder, config
        self.port = free_port("127.0.0.1")
        self.file = folder / f"{name}.cfg"
        self.write(0)
        self.log = open(folder / f"{name}.log", "w")
        self.master = subprocess.Popen(command(self), stdout=self.log, stderr=self.log)
        wait_for("127.0.0.1", self.port, 120)

    def write(self, turn):
        self.file.write_text(self.config(self.folder, self.port, turn))

    def reload(self):
        if self.name == "haproxy":
            self.master.send_signal(signal.SIGUSR2)
        else:
            subprocess.run(["nginx", "-p", self.folder, "-e", self.folder / "e", "-c", self.file,
                            "-s", "reload"], check=True, stdout=self.log, stderr=self.log)

    def spent(self):
        """Of the master, what it has reaped, the workers that live, and our own commands."""
        fields = pathlib.Path(f"/proc/{self.master.pid}/stat").read_text().rsplit(")", 1)[1].split()
        reaped = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        commands = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cpu_seconds(self.master.pid) + reaped + commands.ru_utime + commands.ru_stime

    def measure(self, turn):
        self.write(turn)
        old, spent, began = children(self.master.pid), self.spent(), time.monotonic()
        self.reload()
        while ask(self.port) != f"turn {turn}":
            time.sleep(0.002)
        answered = time.monotonic() - began
        while any(pid in children(self.master.pid) for pid in old):
            time.sleep(0.002)
        return answered * 1e3, (time.monotonic() - began) * 1e3, (self.spent() - spent) * 1e3

    def end(self):
        self.master.terminate()
        self.master.wait(30)


def commands():
    return {
        "nginx": (nginx_config, lambda peer: ["nginx", "-p", str(peer.folder), "-e", str(peer.folder / "e"),
                                              "-c", str(peer.file), "-g", "daemon off;"]),
        "haproxy": (haproxy_config, lambda peer: ["haproxy", "-W", "-f", str(peer.file)]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory(prefix="smic-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "hosts.map").write_text("".join(f"s{s}.mesh s{s}\n" for s in range(SERVICES)))
        peers = [Peer(peer, folder, *parts) for peer, parts in commands().items()]
        measured = {peer.name: [] for peer in peers}
        for turn in range(1, options.rounds + 1):  # interleaved, so that a bad moment is everybody's
            for peer in peers:
                measured[peer.name].append(peer.measure(turn))
        for peer in peers:
            answered, replaced, spent = (sorted(column) for column in zip(*measured[peer.name]))
            worker = resident_mb(children(peer.master.pid)[0])
            print(f"{peer.name:8} reload → new rule answers p50 {statistics.median(answered):7.0f} ms, most "
                  f"{answered[-1]:7.0f} ms; old worker gone p50 {statistics.median(replaced):7.0f} ms; "
                  f"CPU {statistics.median(spent):6.0f} ms; worker {worker:.0f} MB", flush=True)
            for what, value, unit in (("answers-p50", statistics.median(answered), "ms"),
                                      ("answers-most", answered[-1], "ms"),
                                      ("replaced-p50", statistics.median(replaced), "ms"),
                                      ("cpu", statistics.median(spent), "ms"), ("worker-rss", worker, "MB")):
                figures.append({"name": f"reload-{peer.name}-{what}", "value": value, "unit": unit, "peer": ""})
            peer.end()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
