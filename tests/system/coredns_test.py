#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CoreDNS itself loads what `smic dns` writes, and asks `smic up --dns` through it.

Runs in a network namespace of its own (`unshare --net`): Corefiles say :53, :9153 and :8080."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from mesh import Mesh, Process, document, eventually, smic  # noqa: E402

COREFILES = ROOT / "tests" / "corefiles"
RESPONDER = "127.0.0.53:5300"


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def setUpModule():
    of = lambda process: os.readlink(f"/proc/{process}/ns/net")  # noqa: E731
    if of("self") == of(os.getppid()):
        raise AssertionError("run system tests by ctest, or under `unshare --net`")
    run("ip", "link", "set", "lo", "up")
    global COREDNS
    COREDNS = run(str(ROOT / "tests" / "system" / "build_part"), "coredns", "--check").strip()


def dig(name, kind="A", port=53):
    """(status, the last field of every answer)."""
    done = subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+timeout=8", "+tries=1", name, kind],
                          capture_output=True, text=True)
    status = re.search(r"status: (\w+)", done.stdout)
    section = re.search(r";; ANSWER SECTION:\n((?:[^\n;]+\n)+)", done.stdout)
    rows = section.group(1).splitlines() if section else []
    return (status.group(1) if status else None), sorted(row.split()[-1] for row in rows)


class CoreDns(unittest.TestCase):
    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="smic-coredns-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def mesh(self):
        mesh = Mesh("--dns", RESPONDER)
        self.addCleanup(mesh.__exit__)
        mesh.reviews()
        mesh.write("namespace.yaml", document("v1", "Namespace", mesh.ns, None,
                                              metadata={"labels": {"smic.dev/names": "plain"}}))
        return mesh.start()

    def corefile(self, folder, name, *zones):
        """A distribution's Corefile with our block, and with nothing that leaves this machine."""
        path = pathlib.Path(shutil.copy(COREFILES / name, folder / "Corefile"))
        done = smic("dns", "apply", "--corefile", path, "--responder", RESPONDER,
                    *(f"--zone={zone}" for zone in zones))
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def start(self, path, **environment):
        # There is no API server here (main.go): it takes the words of `kubernetes`, and is quiet.
        path.write_text(re.sub(r"(?m)^( *)kubernetes ", r"\1kubernetes_words ", path.read_text()))
        environment = {**os.environ, "DNS_PORT": "53", **environment}
        server = CoreDnsProcess(path, environment)
        self.addCleanup(server.end)
        server.says("CoreDNS-")
        return server

    def test_every_result_loads_and_leads_mesh_names_to_the_responder(self):
        mesh = self.mesh()
        address = mesh.address("reviews")[0]
        zones = ("mesh", f"{mesh.ns}.svc.cluster.local", "127.in-addr.arpa")
        names = [path.name for path in sorted(COREFILES.glob("*.corefile"))]
        self.assertGreaterEqual(len(names), 9)
        for name in names:
            with self.subTest(name):
                folder = self.folder()
                (folder / "hosts").write_text("")
                path = self.corefile(folder, name, *zones)
                text = path.read_text()
                for there, here in OUT_OF_THIS_MACHINE.items():
                    text = text.replace(there, here.format(folder=folder))
                path.write_text(text)
                server = self.start(path)
                for mesh_name in (f"reviews.{mesh.ns}.mesh", f"REVIEWS.{mesh.ns}.svc.cluster.local"):
                    self.assertEqual(dig(mesh_name), ("NOERROR", [address]), server.text())
                self.assertEqual(dig(f"nobody.{mesh.ns}.mesh")[0], "NXDOMAIN")
                self.assertEqual(dig(f"reviews.{mesh.ns}.mesh", "AAAA"), ("NOERROR", []))
                reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
                self.assertEqual(dig(reverse, "PTR")[1], [f"reviews.{mesh.ns}.mesh."])
                server.end()

    def test_a_custom_file_loads_where_it_is_imported(self):
        mesh = self.mesh()
        folder = self.folder()
        plan = smic("dns", "plan", "--custom", "--corefile", COREFILES / "aks.corefile",
                    "--responder", RESPONDER)
        self.assertEqual(plan.returncode, 0, plan.stderr)
        key, _, block = plan.stdout.partition("data:\n  ")[2].partition(": |\n")
        (folder / "custom").mkdir()
        (folder / "custom" / key).write_text(re.sub(r"(?m)^    ", "", block))
        path = pathlib.Path(shutil.copy(COREFILES / "aks.corefile", folder / "Corefile"))
        self.start(path)
        self.assertEqual(dig(f"reviews.{mesh.ns}.mesh"), ("NOERROR", [mesh.address("reviews")[0]]))

    def test_old_answers_bridge_a_responder_that_is_away(self):
        mesh = self.mesh()
        name, address = f"reviews.{mesh.ns}.mesh", mesh.address("reviews")[0]
        server = self.start(self.corefile(self.folder(), "minikube.corefile", "mesh"))
        self.assertEqual(dig(name), ("NOERROR", [address]))
        # While the responder is there, nothing old is told: what is new is there when its TTL ends.
        self.assertEqual(dig(f"late.{mesh.ns}.mesh")[0], "NXDOMAIN")
        mesh.write("late.yaml", document("v1", "Service", "late", mesh.ns,
                                         spec={"ports": [{"name": "http", "port": 80}]}))
        eventually(lambda: dig(f"late.{mesh.ns}.mesh")[0] == "NOERROR", "the new name is told")
        mesh.up.end()
        # A name that was never asked for fails from now on; so the answer's age is more than its TTL
        # when this one is asked again.
        eventually(lambda: dig(f"other.{mesh.ns}.mesh")[0] == "SERVFAIL", "the responder is away")
        for _ in range(3):
            self.assertEqual(dig(name), ("NOERROR", [address]), server.text())

    def test_what_we_refuse_coredns_refuses_too(self):
        # The converse is not claimed: we refuse more, a stray `}` among it, which is a key there.
        for text in (".:53 {\n errors\n", ".:53 {\n errors }\n", "import\n",
                     "mesh:53 {\n}\nmesh:53 {\n}\n.:53 {\n}\n"):
            with self.subTest(text):
                path = self.folder() / "Corefile"
                path.write_text(text)
                ours = smic("dns", "plan", "--corefile", path, "--responder", RESPONDER)
                theirs = subprocess.run([COREDNS, "-conf", path], capture_output=True, text=True,
                                        timeout=30)
                self.assertEqual(ours.returncode, 2)
                self.assertNotEqual(theirs.returncode, 0, theirs.stdout)


# What a Corefile names outside of itself, and what stands for it here.
OUT_OF_THIS_MACHINE = {
    "/etc/resolv.conf": "127.0.0.9:5399",
    "8.8.8.8 8.8.4.4": "127.0.0.9:5399",
    "192.0.2.53": "127.0.0.9:5399",
    "/etc/coredns/NodeHosts": "{folder}/hosts",
    "    loop\n": "    # loop: there is nobody to ask\n",
    " tls://.:8853": "",
    "    tls {%TLS_DIR%}/tls.crt {%TLS_DIR%}/tls.key\n": "",
}


class CoreDnsProcess(Process):
    def __init__(self, path, environment):
        before = dict(os.environ)
        os.environ.update(environment)
        try:
            super().__init__(COREDNS, "-conf", path)
        finally:
            os.environ.clear()
            os.environ.update(before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
