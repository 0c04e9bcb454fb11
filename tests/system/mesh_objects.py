# SPDX-License-Identifier: Apache-2.0
"""The mesh that the system tests install things into: a shop with a split service, a database and a
clock, and who may talk to whom. And traffic that counts what comes back."""

import contextlib
import json
import pathlib
import sys

from cluster import eventually
from mesh import account, document, route_group, split, target

TRAFFIC = pathlib.Path(__file__).resolve().parent / "traffic.py"
NS = "shop"
HTTP, TCP, UDP = 8080, 5432, 5353


def service(ns, name, *ports, selector=None, labels=None):
    """ports: (name, number, target, protocol)."""
    return document("v1", "Service", name, ns, metadata={"labels": labels or {}}, spec={
        "selector": selector or {"app": name},
        "ports": [{"name": word, "port": number, "targetPort": to, "protocol": protocol}
                  for word, number, to, protocol in ports]})


def http_service(ns, name, selector=None):
    return service(ns, name, ("http", 80, HTTP, "TCP"), selector=selector)


def port_route(ns, kind, name, *ports):
    return document("specs.smi-spec.io/v1alpha4", kind, name, ns, spec={"matches": {"ports": list(ports)}})


class Shop:
    """`web` may use everything, `batch` nothing. Pods are spread over two nodes."""

    def __init__(self, cluster, ns=NS):
        self.cluster, self.ns = cluster, ns
        cluster.apply(document("v1", "Namespace", ns, None),
                      *(account(ns, who) for who in ("web", "batch", "reviews", "db", "clock")))
        cluster.apply(
            http_service(ns, "reviews"),
            *(http_service(ns, f"reviews-{v}", {"app": "reviews", "version": v}) for v in ("v1", "v2")),
            service(ns, "db", ("tcp-sql", TCP, TCP, "TCP")),
            service(ns, "clock", ("udp-time", UDP, UDP, "UDP")))
        self.v1 = cluster.echo(ns, "v1", "reviews", {"app": "reviews", "version": "v1"}, 0, HTTP)
        self.v2 = cluster.echo(ns, "v2", "reviews", {"app": "reviews", "version": "v2"}, 1, HTTP)
        self.db = cluster.echo(ns, "db", "db", None, 1, TCP, "--protocol", "tcp")
        self.clock = cluster.echo(ns, "clock", "clock", None, 1, UDP, "--protocol", "udp")
        self.web = [cluster.app(ns, f"web-{node}", "web", {"app": "web"}, node) for node in (0, 1)]
        self.batch = [cluster.app(ns, f"batch-{node}", "batch", {"app": "batch"}, node) for node in (0, 1)]

    def url(self, name="reviews"):
        return f"http://{name}.{self.ns}.mesh/"

    def policy(self):
        ns = self.ns
        self.cluster.apply(
            route_group(ns, "any", {"name": "all"}), port_route(ns, "TCPRoute", "sql", TCP),
            port_route(ns, "UDPRoute", "time", UDP),
            target(ns, "to-db", "db", ["web"], ("TCPRoute", "sql")),
            target(ns, "to-clock", "clock", ["web"], ("UDPRoute", "time")))
        self.allow("web")
        self.weights(100, 0)

    def allow(self, *who):
        self.cluster.apply(target(self.ns, "to-reviews", "reviews", who, ("HTTPRouteGroup", "any")))

    def weights(self, v1, v2):
        self.cluster.apply(split(self.ns, "canary", "reviews", [("reviews-v1", v1), ("reviews-v2", v2)]))

    # ---- what callers see -----------------------------------------------------------------------

    def ask(self, app, url=None, *words):
        """(status, who answered)."""
        status, body = app.curl(*words, url or self.url())
        try:
            return status, json.loads(body)["name"]
        except (ValueError, KeyError):
            return status, None

    def becomes(self, app, wanted, url=None, patience=30):
        seen = []

        def so():
            seen[:] = [self.ask(app, url)]
            return seen[0] == wanted
        try:
            eventually(so, f"{wanted} for {app.name}", patience)
        except AssertionError as error:
            raise AssertionError(f"{error}; it was {seen[0]}\n{self.cluster.last_words()}") from None

    def tcp(self, app, name="db"):
        """What the database says to who connects; empty if it is closed."""
        return app.run(sys.executable, "-c", TCP_CLIENT, f"{name}.{self.ns}.mesh", TCP, check=False).stdout

    def udp(self, app, name="clock"):
        return app.run(sys.executable, "-c", UDP_CLIENT, f"{name}.{self.ns}.mesh", UDP, check=False).stdout


TCP_CLIENT = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=8) as s:
        s.sendall(b"hello\\n")
        s.shutdown(socket.SHUT_WR)
        while data := s.recv(4096):
            sys.stdout.write(data.decode())
except OSError:
    pass
"""
UDP_CLIENT = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(1.0)
    try:
        s.connect((sys.argv[1], int(sys.argv[2])))
        for _ in range(2):
            s.send(b"hello")
            try:
                sys.stdout.write(s.recv(4096).decode())
                break
            except TimeoutError:
                pass
    except OSError:
        pass
"""


class Traffic(contextlib.AbstractContextManager):
    """Requests from a pod until the block ends; `.seen` is then a count per URL."""

    def __init__(self, app, *urls):
        self.app, self.urls = app, urls
        self.process = app.start(sys.executable, TRAFFIC, *urls)
        self.process.says("asking")
        self.seen = {}

    def __exit__(self, *error):
        if self.process.process.poll() is None:
            self.process.end(patience=60)
            self.app.processes.remove(self.process)
            self.seen = json.loads(self.process.out[-1])

    def of(self, url):
        return self.seen[url]


class TrafficOfAll(contextlib.AbstractContextManager):
    """Of web, which is allowed, and of batch, which is not, on both nodes. At the end all of it must
    have been answered rightly; `.count` tells how much that was."""

    def __init__(self, shop, urls=None):
        self.shop, self.count = shop, 0
        urls = urls or [shop.url()]
        self.running = [(Traffic(app, *urls), "200") for app in shop.web]
        self.running += [(Traffic(app, *urls), "403") for app in shop.batch]

    def __exit__(self, kind, *error):
        for traffic, _ in self.running:
            traffic.__exit__()
        if kind is not None:
            return
        for traffic, wanted in self.running:
            for url, seen in traffic.seen.items():
                if set(seen["statuses"]) != {wanted}:
                    raise AssertionError(f"{traffic.app.name} → {url}: only {wanted} was right, and it "
                                         f"saw {seen}\n{self.shop.cluster.last_words()}")
                self.count += seen["asked"]
