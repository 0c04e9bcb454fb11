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
        services = [
            http_service(ns, "reviews"),
            *(http_service(ns, f"reviews-{v}", {"app": "reviews", "version": v}) for v in ("v1", "v2")),
            service(ns, "db", ("tcp-sql", TCP, TCP, "TCP")),
            service(ns, "clock", ("udp-time", UDP, UDP, "UDP"))]
        for each in services if cluster.dual else ():
            each["spec"]["ipFamilyPolicy"] = "RequireDualStack"
        cluster.apply(*services)
        self.v1 = cluster.echo(ns, "v1", "reviews", {"app": "reviews", "version": "v1"}, 0, HTTP)
        self.v2 = cluster.echo(ns, "v2", "reviews", {"app": "reviews", "version": "v2"}, 1, HTTP)
        self.db = cluster.echo(ns, "db", "db", None, 1, TCP, "--protocol", "tcp")
        self.clock = cluster.echo(ns, "clock", "clock", None, 1, UDP, "--protocol", "udp")
        self.web = [cluster.app(ns, f"web-{node}", "web", {"app": "web"}, node) for node in (0, 1)]
        self.batch = [cluster.app(ns, f"batch-{node}", "batch", {"app": "batch"}, node) for node in (0, 1)]

    def by_node(self, app, count=10, url=None):
        """How many of `count` requests of this client the proxy of each node carried."""
        def requests():
            return [sum(float(line.rpartition(" ")[2]) for line in node.run(
                "curl", "-sS", f"http://{node.address}:15020/metrics").stdout.splitlines()
                if line.startswith("smic_requests_total")) for node in self.cluster.nodes]
        before = requests()
        for _ in range(count):
            answer = self.ask(app, url)
            if answer != (200, "v1"):
                raise AssertionError(f"{app}: {answer}")
        return [after - first for first, after in zip(before, requests())]

    def url(self, name="reviews"):
        return f"http://{name}.{self.ns}.mesh/"

    def urls(self, by_address=None):
        """Of all three, as a client writes them, or with the addresses that their names have now, `A` or `AAAA`."""
        hosts = [f"{name}.{self.ns}.mesh" for name in ("reviews", "db", "clock")]
        if by_address:
            hosts = [self.web[0].dig(host, by_address)[1][0] for host in hosts]
            hosts = [f"[{host}]" if ":" in host else host for host in hosts]
        reviews, db, clock = hosts
        return [f"http://{reviews}/", f"tcp://{db}:{TCP}", f"udp://{clock}:{UDP}"]

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

    def tcp(self, app, name="db", host=None):
        """What the database says to who connects; empty if it is closed."""
        return app.run(sys.executable, "-c", TCP_CLIENT, host or f"{name}.{self.ns}.mesh", TCP, check=False).stdout

    def udp(self, app, name="clock", host=None):
        return app.run(sys.executable, "-c", UDP_CLIENT, host or f"{name}.{self.ns}.mesh", UDP, check=False).stdout


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
family, kind, _, _, to = socket.getaddrinfo(sys.argv[1], sys.argv[2], type=socket.SOCK_DGRAM)[0]
with socket.socket(family, kind) as s:
    s.settimeout(1.0)
    try:
        s.connect(to)
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

    def __init__(self, app, *urls, hush=None):
        self.app, self.urls = app, urls
        self.process = app.start(sys.executable, TRAFFIC, *(["--hush", hush] if hush else []), *urls)
        self.process.says("asking")
        self.seen = {}

    def __exit__(self, *error):
        if self.process.process.poll() is None:
            self.process.end(patience=60)
            self.app.processes.remove(self.process)
            self.seen = json.loads(self.process.out[-1])

    def of(self, url):
        return self.seen[url]


WEB_SEES = {"http": "200", "tcp": "answered", "udp": "answered"}
BATCH_SEES = {"http": "403", "tcp": "closed", "udp": "silent"}
HUSH = 0.4  # until a datagram counts as unanswered that must not be answered


class TrafficOfAll(contextlib.AbstractContextManager):
    """Of web, which is allowed, and of batch, which is not, by HTTP, TCP and UDP, on both nodes or on
    `nodes`. At the end all of it must have been answered rightly; `.count` tells how much that was. What on
    nodes of `losing` may be lost on the way, and is counted. Nothing is ever let through that must not be, and
    nobody refused who may."""

    def __init__(self, shop, urls=None, nodes=(0, 1), losing=()):
        self.shop, self.losing = shop, losing
        self.count, self.lost = {}, {}
        urls = urls or shop.urls()
        self.running = []
        for node in nodes:
            self.running += [(node, Traffic(shop.web[node], *urls), WEB_SEES),
                             (node, Traffic(shop.batch[node], *urls, hush=HUSH), BATCH_SEES)]

    def __exit__(self, kind, *error):
        for _, traffic, _ in self.running:
            traffic.__exit__()
        if kind is not None:
            return
        for node, traffic, wanted in self.running:
            for url, seen in traffic.seen.items():
                scheme = url.partition(":")[0]
                lost = {outcome: count for outcome, count in seen["statuses"].items()
                        if outcome != wanted[scheme]}
                if any(not self._may(node, scheme, wanted, outcome) for outcome in lost) or not seen["asked"]:
                    raise AssertionError(f"{traffic.app.name} → {url}: only {wanted[scheme]} was right, and it "
                                         f"saw {seen}\n{self.shop.cluster.last_words()}")
                self.count[scheme] = self.count.get(scheme, 0) + seen["asked"]
                if lost:
                    self.lost[scheme] = self.lost.get(scheme, 0) + sum(lost.values())

    def _may(self, node, scheme, wanted, outcome):
        """Whether this may happen beside what is wanted."""
        ours, others = (WEB_SEES, BATCH_SEES) if wanted is WEB_SEES else (BATCH_SEES, WEB_SEES)
        if outcome == others[scheme] and (ours is BATCH_SEES or scheme == "http"):
            return False
        return node in self.losing

    def __str__(self):
        counted = ", ".join(f"{count} {scheme}" for scheme, count in self.count.items())
        lost = ", ".join(f"{count} {scheme}" for scheme, count in self.lost.items())
        return f"{counted}; {lost or 'none'} lost, none let through"
