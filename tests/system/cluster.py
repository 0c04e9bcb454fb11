# SPDX-License-Identifier: Apache-2.0
"""A Kubernetes control plane for tests: real etcd and kube-apiserver as processes, nothing faked.

It lives in a network namespace of its own (CMakeLists.txt starts each test with `unshare --net`),
so that pods can have real addresses, 10.77.0.N, all on its loopback interface. There is no kubelet
and no controller-manager: the test writes what they would have written, Pods with their status and
EndpointSlices."""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from mesh import PATIENCE, Process, eventually  # noqa: E402

STARTING = 90.0  # seconds for an API server on a machine that builds at the same time
PODS = "10.77.0"


def run(*words, stdin=None, check=True, env=None):
    done = subprocess.run([str(word) for word in words], input=stdin, capture_output=True,
                          text=True, env=env, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"{words} gave {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def part(name):
    return run(ROOT / "tests" / "system" / "build_part", name, "--check").stdout.strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def prepare_network():
    """Of the namespace this test was started in."""
    of = lambda process: os.readlink(f"/proc/{process}/ns/net")  # noqa: E731
    if of("self") == of(os.getppid()):
        raise AssertionError("run system tests by ctest, or under `unshare --net`")
    run("ip", "link", "set", "lo", "up")
    for last in range(1, 60):
        run("ip", "address", "replace", f"{PODS}.{last}/32", "dev", "lo")


class Certificates:
    """A CA and what it signed, by openssl."""

    def __init__(self, folder, *addresses):
        self.folder = folder
        self.authority("ca")
        self.authority("front-proxy-ca")
        self.signed("apiserver", "/CN=kube-apiserver", "DNS:localhost,DNS:kubernetes.default.svc" +
                    "".join(f",IP:{address}" for address in addresses))
        self.signed("admin", "/O=system:masters/CN=admin")
        self.signed("front-proxy", "/CN=front-proxy", authority="front-proxy-ca")
        run("openssl", "genrsa", "-out", self.path("sa.key"), "2048")
        run("openssl", "rsa", "-in", self.path("sa.key"), "-pubout", "-out", self.path("sa.pub"))

    def path(self, name):
        return str(self.folder / name)

    def new_key(self, name):
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
            self.path(f"{name}.key"))

    def authority(self, name):
        self.new_key(name)
        run("openssl", "req", "-x509", "-new", "-key", self.path(f"{name}.key"), "-subj",
            f"/CN={name}", "-days", "2", "-out", self.path(f"{name}.crt"))

    def signed(self, name, subject, names=None, authority="ca"):
        self.new_key(name)
        extensions = "extendedKeyUsage=serverAuth,clientAuth\n"
        if names:
            extensions += f"subjectAltName={names}\n"
        pathlib.Path(self.path(f"{name}.ext")).write_text(extensions)
        run("openssl", "req", "-new", "-key", self.path(f"{name}.key"), "-subj", subject, "-out",
            self.path(f"{name}.csr"))
        run("openssl", "x509", "-req", "-in", self.path(f"{name}.csr"), "-CA",
            self.path(f"{authority}.crt"), "-CAkey", self.path(f"{authority}.key"),
            "-CAcreateserial", "-days", "2", "-extfile", self.path(f"{name}.ext"), "-out",
            self.path(f"{name}.crt"))


class Cluster(contextlib.AbstractContextManager):
    address = "127.0.0.1"  # of the API server
    other_addresses = ()   # that its certificate is for
    service_ranges = "10.96.0.0/16"

    def __init__(self, audited=False):
        """`audited`: every request is a line of JSON in `audit.log`, without bodies."""
        self.prepare_network()
        self.audited = audited
        self.program = part("kube-apiserver")
        self.kubectl_program = shutil.which("kubectl") or part("kubectl")
        self.folder = tempfile.TemporaryDirectory(prefix="smic-cluster-")
        self.path = pathlib.Path(self.folder.name)
        self.etcd = self.apiserver = None
        self.certificates = Certificates(self.path, self.address, *self.other_addresses)
        self.port, self.etcd_port, self.peer_port = free_port(), free_port(), free_port()
        self.admin = self.kubeconfig("admin", {"client-certificate": "admin.crt",
                                               "client-key": "admin.key"})
        try:
            self.start_etcd()
            self.start_apiserver()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *error):
        for process in (self.apiserver, self.etcd):
            if process is not None:
                process.end(9)
        self.folder.cleanup()

    @property
    def server(self):
        return f"https://{self.address}:{self.port}"

    def prepare_network(self):
        prepare_network()

    def start_etcd(self):
        client = f"http://127.0.0.1:{self.etcd_port}"
        peer = f"http://127.0.0.1:{self.peer_port}"
        self.etcd = Process("etcd", "--data-dir", self.path / "etcd", "--unsafe-no-fsync",
                            "--listen-client-urls", client, "--advertise-client-urls", client,
                            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                            "--initial-cluster", f"default={peer}", "--log-level", "warn")

    def audit(self):
        if not self.audited:
            return ()
        policy = self.path / "audit.yaml"
        policy.write_text(json.dumps({"apiVersion": "audit.k8s.io/v1", "kind": "Policy",
                                      "omitStages": ["RequestReceived", "ResponseStarted"],
                                      "rules": [{"level": "Metadata"}]}))
        return ("--audit-policy-file", policy, "--audit-log-path", self.path / "audit.log",
                "--audit-log-mode", "blocking")

    def start_apiserver(self):
        path = self.certificates.path
        self.apiserver = Process(
            self.program, "--etcd-servers", f"http://127.0.0.1:{self.etcd_port}",
            "--bind-address", self.address, "--advertise-address", self.address,
            "--secure-port", self.port, "--endpoint-reconciler-type", "none",
            "--tls-cert-file", path("apiserver.crt"), "--tls-private-key-file", path("apiserver.key"),
            "--client-ca-file", path("ca.crt"), "--authorization-mode", "RBAC",
            "--service-account-key-file", path("sa.pub"),
            "--service-account-signing-key-file", path("sa.key"),
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-cluster-ip-range", self.service_ranges,
            "--requestheader-client-ca-file", path("front-proxy-ca.crt"),
            "--requestheader-allowed-names", "front-proxy",
            "--requestheader-username-headers", "X-Remote-User",
            "--requestheader-group-headers", "X-Remote-Group",
            "--requestheader-extra-headers-prefix", "X-Remote-Extra-",
            "--proxy-client-cert-file", path("front-proxy.crt"),
            "--proxy-client-key-file", path("front-proxy.key"),
            # What Debian's etcd cannot do, and what needs a controller-manager.
            "--feature-gates", "WatchList=false", "--disable-admission-plugins", "ServiceAccount",
            "--event-ttl", "10m", "-v", "1", *self.audit())

        def ready():
            if self.apiserver.process.poll() is not None:
                raise AssertionError(f"kube-apiserver ended:\n{self.apiserver.text()[-4000:]}")
            return self.get("/readyz") == "ok"
        eventually(ready, "the API server is ready", STARTING)

    def kill_apiserver(self):
        self.apiserver.end(9)

    def get(self, path):
        """The body, as admin; None while there is no good answer."""
        context = ssl.create_default_context(cafile=self.certificates.path("ca.crt"))
        context.load_cert_chain(self.certificates.path("admin.crt"),
                                self.certificates.path("admin.key"))
        try:
            with urllib.request.urlopen(self.server + path, context=context, timeout=5) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            return None

    def kubeconfig(self, name, user, cluster=None):
        """A file; `user` and `cluster` as in a kubeconfig, names of files relative to it."""
        file = self.path / f"{name}.kubeconfig"
        file.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": "test", "user": name}}],
            "clusters": [{"name": "test", "cluster": {
                "server": self.server, "certificate-authority": "ca.crt", **(cluster or {})}}],
            "users": [{"name": name, "user": user}]}))
        return file

    def kubectl(self, *words, stdin=None, check=True):
        environment = dict(os.environ, KUBECONFIG=str(self.admin), HOME=str(self.path))
        return run(self.kubectl_program, *words, stdin=stdin, check=check, env=environment)

    def apply(self, *documents):
        """Creates or changes objects, status included."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
        for document in documents:
            if document["kind"] == "Pod":
                meta = document["metadata"]
                self.kubectl("patch", "pod", meta["name"], "-n", meta["namespace"], "--type=merge",
                             "--subresource=status", "-p", json.dumps({"status": document["status"]}))

    def token(self, ns, name):
        return self.kubectl("create", "token", name, "-n", ns).stdout.strip()

    def compact(self):
        """Forgets all history, by etcd's own HTTP gateway."""
        def call(what, body):
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.etcd_port}/v3/kv/{what}", json.dumps(body).encode())
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read())
        key = base64.b64encode(b"/").decode()
        revision = call("range", {"key": key})["header"]["revision"]
        call("compaction", {"revision": revision, "physical": True})
        return int(revision)
