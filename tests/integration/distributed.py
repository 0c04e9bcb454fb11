# SPDX-License-Identifier: Apache-2.0
"""A controller that serves proxies by HTTPS, on loopback: its directory, keys and tokens, proxies that
follow it, and a relay in between that a test can cut."""

import contextlib
import http.client
import json
import pathlib
import select
import socket
import ssl
import subprocess
import threading

from mesh import BIN, Mesh, Process, eventually

CONTROLLER = str(BIN / "smic-controller")
PROXY = str(BIN / "smic-proxy")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy(Process):
    def __init__(self, stage, node, controllers, *options, token=None, trust=None, state=None):
        self.node = node
        token_file = stage.home / f"token-{node}"
        token_file.write_text((token or f"secret-{node}") + "\n")
        super().__init__(PROXY, "--controller", ",".join(controllers), "--node", node,
                         "--trust", trust or stage.keys / "trust.pem", "--token", token_file,
                         "--state", state or stage.home / f"state-{node}",
                         "--admin", "127.0.0.1:0", *options)
        stage.mesh.started.append(self)
        self.says("admin address")
        line = next(line for line in self.err if "admin address" in line)
        self.admin = line.split('"')[1]

    def get(self, path):
        host, _, port = self.admin.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metric(self, name):
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError(f"no metric {name}")


class Stage(contextlib.AbstractContextManager):
    """A mesh's directory and backends (mesh.Mesh), and what distribution needs beside it."""

    def __init__(self, *options):
        self.mesh = Mesh()
        self.home = self.mesh.path.parent / (self.mesh.path.name + "-home")
        self.home.mkdir()
        self.keys = self.home / "keys"
        self.tokens = self.home / "tokens"
        self.tokens.write_text("# who may follow\nsecret-n1 n1\nsecret-n2 n2\nsecret-admin *\n")
        self.options = options
        self.port = free_port()
        self.controller = None

    def __exit__(self, *error):
        self.mesh.__exit__(*error)
        subprocess.run(["rm", "-rf", str(self.home)], check=True)

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def start_controller(self):
        self.controller = Process(CONTROLLER, "--resources", self.mesh.path, "--listen",
                                  f"127.0.0.1:{self.port}", "--keys", self.keys, "--tokens",
                                  self.tokens, *self.options)
        self.mesh.started.append(self.controller)
        self.controller.says("ready")
        return self.controller

    def proxy(self, node, *options, controllers=None, **rest):
        return Proxy(self, node, controllers or [self.url], *options, **rest)

    def ask(self, path, token, body=None):
        context = ssl.create_default_context(cafile=str(self.keys / "ca.crt"))
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=20, context=context)
        try:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            connection.request("POST" if body else "GET", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def status(self):
        code, body = self.ask("/v1/status", "secret-admin")
        assert code == 200, body
        return json.loads(body)

    def node(self, name):
        return next((node for node in self.status()["nodes"] if node["node"] == name), None)

    def all_current(self, *nodes):
        def current():
            status = self.status()
            found = {node["node"]: node for node in status["nodes"]}
            return status if all(n in found and found[n]["current"] for n in nodes) else None
        return eventually(current, f"{nodes} enforce what is now")

    def recorded(self, node):
        """What the controller sends a node that has nothing, up to the end of the state."""
        context = ssl.create_default_context(cafile=str(self.keys / "ca.crt"))
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=20, context=context)
        connection.request("GET", f"/v1/watch?node={node}", headers={"Authorization": f"Bearer secret-{node}"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        lines = []
        while not lines or not lines[-1].startswith(b'{"end"'):
            lines.append(answer.readline())
        connection.close()
        return b"".join(lines)


class Relay:
    """Bytes from a port to another, until it is cut: then nothing comes through, and what was open breaks.
    To several in turn, as a Service: each connection goes to the next one."""

    def __init__(self, *ports):
        self.to, self.accepted = ports, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open, self.pairs, self.lock = True, [], threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if not self.open:
                client.close()
                continue
            port = self.to[self.accepted % len(self.to)]
            self.accepted += 1
            try:
                server = socket.create_connection(("127.0.0.1", port))
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.append((client, server))
            threading.Thread(target=self._carry, args=(client, server), daemon=True).start()

    def _carry(self, client, server):
        other = {client: server, server: client}
        with contextlib.suppress(OSError, ValueError):
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        raise OSError
                    other[ready].sendall(data)
        client.close()
        server.close()

    def cut(self):
        with self.lock:
            self.open = False
            for pair in self.pairs:
                for each in pair:
                    with contextlib.suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)
            self.pairs.clear()

    def heal(self):
        self.open = True

    def close(self):
        self.cut()
        self.listener.close()


class Impostor:
    """A server that has a certificate of the right authority, and says what a test makes it say."""

    def __init__(self, stage, watch, image=None, fields=(), deaf=0):
        """`fields` stand in the head of the watch's answer; the first `deaf` acknowledgements break off."""
        self.watch, self.image, self.acks = watch, image, []
        self.fields, self.deaf = "".join(f"{each}\r\n" for each in fields).encode(), deaf
        ring = json.loads((stage.keys / "keys.json").read_text())["authorities"][0]
        home = stage.home
        (home / "ca.key").write_text(ring["key"])
        (home / "ca.pem").write_text(ring["certificate"])
        (home / "san").write_text("subjectAltName=DNS:localhost\n")
        run = lambda *words: subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)  # noqa: E731
        run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            home / "impostor.key", "-out", home / "impostor.csr", "-subj", "/CN=impostor")
        run("x509", "-req", "-in", home / "impostor.csr", "-CA", home / "ca.pem", "-CAkey", home / "ca.key",
            "-CAcreateserial", "-out", home / "impostor.crt", "-days", "2", "-extfile", home / "san")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(home / "impostor.crt", home / "impostor.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError, ValueError), self.context.wrap_socket(client, server_side=True) as peer:
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = peer.recv(65536)
                    if not piece:
                        return
                    head += piece
                head, _, body = head.partition(b"\r\n\r\n")
                line = head.split(b"\r\n")[0].decode()
                if "/v1/watch" in line:
                    peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + self.fields + b"\r\n" + self.watch)
                    peer.recv(1)
                    return
                if "/v1/images/" in line:
                    answer = self.image(line.split("/v1/images/")[1].split("?")[0].split(" ")[0])
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
                    continue
                size = int(next(h for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")).split(b":")[1])
                while len(body) < size:
                    body += peer.recv(65536)
                if self.deaf > 0:
                    self.deaf -= 1
                    return
                self.acks.append(json.loads(body))
                peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    def close(self):
        self.listener.close()
