# SPDX-License-Identifier: Apache-2.0
"""Real programs on loopback, for the integration tests: manifests, backends, `smic up`, clients.

Several test programs may run at once on one machine, so nothing here is fixed: every Mesh has a
namespace of its own (mesh addresses are a hash of it), a 127.0.x.0/24 of its own for pods, and a
port that was free a moment ago for backends."""

import collections
import contextlib
import http.client
import json
import os
import pathlib
import queue
import random
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SMIC_BIN", ROOT / "build" / "bin"))
SMIC = str(BIN / "smic")
# The targets that this machine runs code for, the best first, as /proc tells and not as smic does.
def _machine_targets():
    if os.uname().machine == "aarch64":
        return ["aarch64"]
    flags = set(re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)[1].split())
    v2 = {"cx16", "lahf_lm", "popcnt", "ssse3", "sse4_1", "sse4_2"}
    v3 = v2 | {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"}
    return [name for name, needs in (("x86_64-v3", v3), ("x86_64-v2", v2)) if needs <= flags]


MACHINE = _machine_targets()
PATIENCE = 20.0  # seconds until something that must happen counts as not happening


def smic(*words, stdin=None, timeout=60):
    """Runs smic to its end. stdin is text."""
    return subprocess.run([SMIC, *map(str, words)], input=stdin, capture_output=True, text=True,
                          timeout=timeout, cwd=ROOT)


def eventually(condition, what, patience=PATIENCE):
    """Waits until condition() is true and gives its value. `what` may be a function, for words that are
    only known when it has not happened."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"it never happened: {what() if callable(what) else what}")
        time.sleep(0.005)


class Process:
    """A program that was started here, with its output read as it comes."""

    def __init__(self, *words):
        self.words = [str(word) for word in words]
        self.process = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, cwd=ROOT)
        self.out, self.err = [], []
        self.first_line = queue.Queue()
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))
            if lines is self.out and len(lines) == 1:
                self.first_line.put(lines[0])

    def text(self):
        return "\n".join(self.out + self.err)

    def says(self, part, patience=PATIENCE):
        def heard():
            if part in self.text():
                return True
            if self.process.poll() is not None:
                raise AssertionError(f"{self.words} ended with {self.process.returncode}:\n{self.text()}")
            return False
        return eventually(heard, f"{self.words} says {part!r}; it said:\n{self.text()}", patience)

    def end(self, number=signal.SIGTERM, patience=PATIENCE):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.words} did not end:\n{self.text()}") from None
        for reader in self.readers:
            reader.join(5)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


class Echo(Process):
    """A backend; .address is where it listens, as host and port."""

    def __init__(self, name, host, port=0, *options):
        super().__init__(SMIC, "echo", "--listen", f"{host}:{port}", "--name", name, *options)
        try:
            bound = self.first_line.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"no address from {self.words}:\n{self.text()}") from None
        self.host, _, number = bound.rpartition(":")
        self.port = int(number)


# ---- manifests ----------------------------------------------------------------------------------

def document(api, kind, name, ns, **rest):
    metadata = {"name": name, **({"namespace": ns} if ns else {})}
    metadata.update(rest.pop("metadata", {}))
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


def service(ns, name, port, target=None):
    ports = [{"name": "http", "port": port, **({"targetPort": target} if target else {})}]
    return document("v1", "Service", name, ns, spec={"selector": {"app": name}, "ports": ports})


def account(ns, name):
    return document("v1", "ServiceAccount", name, ns)


def pod(ns, name, who, address):
    return document("v1", "Pod", name, ns, spec={"serviceAccountName": who, "containers": []},
                    status={"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]})


def slice_of(ns, name, port, pods):
    """pods: (pod name, address) pairs that back service `name` on `port`."""
    return document(
        "discovery.k8s.io/v1", "EndpointSlice", f"{name}-{port}", ns,
        metadata={"labels": {"kubernetes.io/service-name": name}}, addressType="IPv4",
        ports=[{"name": "http", "port": port, "protocol": "TCP"}],
        endpoints=[{"addresses": [address], "conditions": {"ready": True},
                    "targetRef": {"kind": "Pod", "name": who, "namespace": ns}}
                   for who, address in pods])


def split(ns, name, root, weights, matches=None):
    spec = {"service": root,
            "backends": [{"service": each, "weight": weight} for each, weight in weights]}
    if matches:
        spec["matches"] = [{"kind": "HTTPRouteGroup", "name": each} for each in matches]
    return document("split.smi-spec.io/v1alpha4", "TrafficSplit", name, ns, spec=spec)


def route_group(ns, name, *matches):
    return document("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", name, ns,
                    spec={"matches": list(matches)})


def target(ns, name, to, sources, *rules):
    subject = lambda who: {"kind": "ServiceAccount", "name": who, "namespace": ns}  # noqa: E731
    return document("access.smi-spec.io/v1alpha4", "TrafficTarget", name, ns,
                    spec={"destination": subject(to), "sources": [subject(who) for who in sources],
                          "rules": [{"kind": kind, "name": rule} for kind, rule in rules]})


def yaml_text(*documents):
    """JSON is YAML; a document per --- keeps lines worth pointing at."""
    return "\n---\n".join(json.dumps(each, indent=2) for each in documents) + "\n"


# ---- a mesh -------------------------------------------------------------------------------------

class Mesh(contextlib.AbstractContextManager):
    """A directory of manifests, backends and `smic up` over it. Everything ends with the block."""

    def __init__(self, *options):
        self.options = options
        self.folder = tempfile.TemporaryDirectory(prefix="smic-test-")
        self.path = pathlib.Path(self.folder.name)
        chance = random.SystemRandom()
        self.ns = f"t{chance.randrange(10**9)}"
        self.net = f"127.0.{chance.randrange(1, 255)}"
        self.port = self._free_port()
        self.started = []
        self.up = None
        self.admin = None

    def __exit__(self, *error):
        for process in reversed(self.started):
            process.end()
        self.folder.cleanup()

    def _free_port(self):
        with socket.socket() as probe:
            probe.bind((self.net + ".1", 0))
            return probe.getsockname()[1]

    def ip(self, last):
        return f"{self.net}.{last}"

    def write(self, name, *documents):
        """As an editor does that renames over."""
        beside = self.path / (name + ".part")
        beside.write_text(yaml_text(*documents))
        beside.rename(self.path / name)

    def echo(self, name, last, *options):
        backend = Echo(name, self.ip(last), self.port, *options)
        self.started.append(backend)
        return backend

    def start(self, expect=True):
        self.up = Process(SMIC, "up", self.path, "--admin", "127.0.0.1:0", *self.options)
        self.started.append(self.up)
        if expect:
            self.up.says("admin: http://")
            line = next(line for line in self.up.text().split("\n") if "admin: http://" in line)
            self.admin = line.split("http://")[1].strip()
        return self

    def get_admin(self, path):
        host, _, port = self.admin.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def addresses(self):
        status, body = self.get_admin("/addresses")
        assert status == 200, body
        return json.loads(body)

    def address(self, name, port=80):
        """Of a service of this mesh's namespace: host, port."""
        host, _, number = self.addresses()[f"{name}.{self.ns}.mesh"][str(port)].rpartition(":")
        return host, int(number)

    def client(self, name, who=None, port=80):
        return Client(*self.address(name, port), source=self.ip(who) if who else None)

    # The mesh that most tests want: `reviews`, split over v1 and v2; web may call it, batch not.
    def reviews(self, weights=(("reviews-v1", 90), ("reviews-v2", 10))):
        ns = self.ns
        self.write("services.yaml", service(ns, "reviews", 80, self.port),
                   service(ns, "reviews-v1", 80, self.port), service(ns, "reviews-v2", 80, self.port),
                   account(ns, "web"), account(ns, "batch"), account(ns, "reviews"))
        self.write("pods.yaml", pod(ns, "web", "web", self.ip(11)),
                   pod(ns, "batch", "batch", self.ip(12)), pod(ns, "v1", "reviews", self.ip(21)),
                   pod(ns, "v2", "reviews", self.ip(22)),
                   slice_of(ns, "reviews", self.port, [("v1", self.ip(21)), ("v2", self.ip(22))]),
                   slice_of(ns, "reviews-v1", self.port, [("v1", self.ip(21))]),
                   slice_of(ns, "reviews-v2", self.port, [("v2", self.ip(22))]))
        self.write("access.yaml", route_group(ns, "any", {"name": "all"}),
                   target(ns, "web-to-reviews", "reviews", ["web"], ("HTTPRouteGroup", "any")))
        self.weights(weights)
        return self

    def weights(self, weights):
        self.write("split.yaml", split(self.ns, "canary", "reviews", weights))


class Client:
    """One keep-alive connection, from a source address."""

    def __init__(self, host, port, source=None):
        self.host, self.port, self.source = host, port, source
        self.connection = None

    def request(self, method="GET", path="/", body=None, headers=None):
        """(status, who answered or None, body)."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                self.host, self.port, timeout=PATIENCE,
                source_address=(self.source, 0) if self.source else None)
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.getheader("connection", "").lower() == "close":
            self.close()
        return answer.status, answer.getheader("x-smic-echo"), text

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Load(contextlib.AbstractContextManager):
    """Clients that ask again and again until the block ends; what they saw is in .seen."""

    Seen = collections.namedtuple("Seen", "start end status who error")

    def __init__(self, host, port, source, clients=4):
        self.seen, self.lock, self.going = [], threading.Lock(), True
        self.threads = [threading.Thread(target=self._ask, args=(host, port, source), daemon=True)
                        for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _ask(self, host, port, source):
        client = Client(host, port, source)
        while self.going:
            start = time.monotonic()
            try:
                status, who, _ = client.request(path="/load")
                seen = self.Seen(start, time.monotonic(), status, who, None)
            except (OSError, http.client.HTTPException) as error:
                seen = self.Seen(start, time.monotonic(), None, None, repr(error))
                client.close()
            with self.lock:
                self.seen.append(seen)
        client.close()

    def since(self, moment):
        """What was asked after `moment`."""
        with self.lock:
            return [seen for seen in self.seen if seen.start >= moment]

    def failures(self):
        with self.lock:
            return [seen for seen in self.seen if seen.status != 200]

    def has_seen(self, count, since=0.0):
        return eventually(lambda: len(self.since(since)) >= count, f"{count} requests")

    def __exit__(self, *error):
        self.going = False
        for thread in self.threads:
            thread.join(PATIENCE)
