#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real DNS clients ask `smic up --dns` for a mesh's names, and `smic dns` edits files."""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

import mesh as stage
from mesh import Mesh, Process, document, eventually, service, smic

COREFILES = stage.ROOT / "tests" / "corefiles"


class Answer:
    """What dig or kdig printed."""

    def __init__(self, text):
        self.text = text
        found = re.search(r"status: (\w+)", text)
        self.status = found.group(1) if found else None
        flags = re.search(r"(?i);; flags: ([\w ]*);", text)
        self.flags = flags.group(1).split() if flags else []

    def records(self, section="ANSWER"):
        """Each as its fields, without TTL and class."""
        found = re.search(rf";; {section} SECTION:\n((?:[^\n;]+\n)+)", self.text)
        rows = [line.split() for line in found.group(1).splitlines()] if found else []
        return [[row[0], *row[3:]] for row in rows]


class DnsTest(unittest.TestCase):
    def mesh(self, *options):
        mesh = Mesh("--dns", "127.0.0.1:0", *options)
        self.addCleanup(mesh.__exit__)
        return mesh

    def start(self, mesh):
        mesh.start()
        mesh.up.says("dns: ")
        line = next(line for line in mesh.up.out if "  dns: " in line)
        self.port = line.rpartition(":")[2].strip()
        return mesh

    def ask(self, *words, tool="dig"):
        self.assertIsNotNone(shutil.which(tool), f"{tool} is not installed")
        once = ["+timeout=5", "+tries=2"] if tool == "dig" else ["+timeout=5", "+retry=1"]
        done = subprocess.run([tool, "@127.0.0.1", "-p", self.port, *once, *words],
                              capture_output=True, text=True, timeout=60)
        return Answer(done.stdout)


class Names(DnsTest):
    def setUp(self):
        self.stage = self.mesh("--dns-zone=traefik.mesh").reviews()
        ns = self.stage.ns
        self.stage.write(
            "names.yaml",
            document("v1", "Namespace", ns, None, metadata={"labels": {"smic.dev/names": "plain"}}),
            document("v1", "Service", "db", ns,
                     spec={"clusterIP": "None", "ports": [{"name": "sql", "port": 5432}]}),
            document("discovery.k8s.io/v1", "EndpointSlice", "db-1", ns, addressType="IPv4",
                     metadata={"labels": {"kubernetes.io/service-name": "db"}},
                     ports=[{"name": "sql", "port": 5432, "protocol": "TCP"}],
                     endpoints=[{"addresses": [f"127.0.9.{i % 250 + 1}"], "hostname": f"db-{i}"}
                                for i in range(90)]),
            document("v1", "Service", "docs", ns,
                     spec={"type": "ExternalName", "externalName": "docs.example.org"}))
        self.start(self.stage)
        self.ns, self.name = ns, f"reviews.{ns}.mesh"
        self.address = self.stage.address("reviews")[0]

    def test_both_tools_get_the_address_that_the_mesh_listens_at(self):
        for tool in ("dig", "kdig"):
            for transport in ([], ["+tcp"]):
                answer = self.ask(self.name, *transport, tool=tool)
                self.assertEqual(answer.status, "NOERROR", answer.text)
                self.assertIn("aa", answer.flags)
                self.assertEqual(answer.records(), [[self.name + ".", "A", self.address]])

    def test_every_zone_has_the_names(self):
        for name in (f"reviews.{self.ns}.traefik.mesh", f"reviews.{self.ns}.svc.cluster.local"):
            self.assertEqual(self.ask(name).records(), [[name + ".", "A", self.address]])

    def test_ports_aliases_and_addresses_have_names(self):
        srv = self.ask(f"_http._tcp.{self.name}", "SRV")
        self.assertEqual(srv.records()[0][1:], ["SRV", "0", "100", "80", self.name + "."])
        self.assertEqual(srv.records("ADDITIONAL"), [[self.name + ".", "A", self.address]])
        alias = self.ask(f"docs.{self.ns}.svc.cluster.local")
        self.assertEqual(alias.records()[0][1:], ["CNAME", "docs.example.org."])
        back = self.ask("-x", self.address)
        self.assertEqual(back.records()[0][1:], ["PTR", self.name + "."])
        pod = self.ask(f"db-7.db.{self.ns}.svc.cluster.local")
        self.assertEqual(pod.records()[0][1:], ["A", "127.0.9.8"])

    def test_nothing_is_told_in_two_ways(self):
        absent = self.ask(f"nobody.{self.ns}.mesh")
        self.assertEqual((absent.status, absent.records()), ("NXDOMAIN", []))
        empty = self.ask(self.name, "TXT")
        self.assertEqual((empty.status, empty.records()), ("NOERROR", []))
        for answer in (absent, empty):
            self.assertEqual(answer.records("AUTHORITY")[0][:2], ["mesh.", "SOA"])
        self.assertEqual(self.ask("example.org").status, "REFUSED")
        self.assertEqual(self.ask(self.name, "-c", "CH").status, "REFUSED")

    def test_edns_is_spoken(self):
        answer = self.ask(self.name, "+bufsize=1232", "+dnssec")
        self.assertRegex(answer.text, r"EDNS: version: 0, flags: do; udp: 1232")
        self.assertNotIn("OPT PSEUDOSECTION", self.ask(self.name, "+noedns").text)
        version = self.ask(self.name, "+edns=1", "+noednsnegotiation")
        self.assertEqual(version.status, "BADVERS")
        self.assertEqual(self.ask(self.name, "+opcode=notify").status, "NOTIMP")
        self.assertEqual(self.ask(self.name, "+cookie").records()[0][2], self.address)

    def test_what_is_too_long_for_udp_comes_by_tcp(self):
        name = f"db.{self.ns}.svc.cluster.local"
        cut = self.ask(name, "+ignore", "+noedns")
        self.assertIn("tc", cut.flags)
        self.assertLess(len(cut.records()), 90)
        for tool in ("dig", "kdig"):
            whole = self.ask(name, tool=tool)
            self.assertNotIn("tc", whole.flags)
            self.assertEqual(len(whole.records()), 90)

    def test_letters_come_back_as_they_were_sent(self):
        asked = "ReViews." + self.ns + ".MESH"
        self.assertEqual(self.ask(asked).records()[0][0], asked + ".")

    def test_a_new_service_has_its_name_after_the_save(self):
        self.stage.write("more.yaml", service(self.ns, "more-names", 80))
        name = f"more-names.{self.ns}.mesh"
        eventually(lambda: self.ask(name).status == "NOERROR", "the name is there")
        (self.stage.path / "more.yaml").unlink()
        eventually(lambda: self.ask(name).status == "NXDOMAIN", "the name is gone")


class Node(DnsTest):
    """smic-proxy answers from the manifest it enforces."""

    def test_names_follow_the_manifest(self):
        mesh = self.enterContext(Mesh()).reviews()
        compiled = smic("compile", "--emit=manifest", mesh.path)
        self.assertEqual(compiled.returncode, 0, compiled.stderr)
        manifest = json.loads(compiled.stdout)
        manifest["units"] = []  # names alone need no images
        out = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="smic-out-")))

        def publish():
            (out / "new").write_text(json.dumps(manifest))
            (out / "new").rename(out / "manifest.json")
        publish()
        proxy = Process(str(stage.BIN / "smic-proxy"), f"--manifest={out}/manifest.json",
                        "--dns=127.0.0.1:0")
        self.addCleanup(proxy.end)
        proxy.says("dns address=")
        self.port = re.search(r'dns address="127.0.0.1:(\d+)"', proxy.text()).group(1)
        name = f"reviews.{mesh.ns}.mesh"
        self.assertRegex(self.ask(name).records()[0][2], r"^127\.")
        manifest["version"] += 1
        for service_names in manifest["names"]["services"]:
            service_names["mesh_addresses"] = ["127.7.7.7"]
        publish()
        eventually(lambda: self.ask(name).records()[0][2] == "127.7.7.7", "the new address")


class Usage(DnsTest):
    def test_an_address_that_is_taken_is_told(self):
        with socket.socket() as taken, tempfile.TemporaryDirectory() as folder:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            done = smic("up", folder, "--dns", address)
        self.assertEqual(done.returncode, 1)
        self.assertIn(address, done.stderr)

    def test_a_zone_that_is_no_name_is_wrong_usage(self):
        for zone in ("", "a..b", "x" * 64):
            self.assertEqual(smic("up", "/nonexistent", "--dns-zone", zone).returncode, 64)


class Files(unittest.TestCase):
    """smic dns plan, apply, restore."""

    RESPONDER = "--responder=10.96.0.53"

    def copy(self, name):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(shutil.copy(COREFILES / name, folder.name))

    def test_apply_and_restore_leave_every_file_as_it_was(self):
        files = [path.name for path in COREFILES.iterdir() if path.name != "README.md"]
        self.assertGreater(len(files), 10)
        for name in files:
            with self.subTest(name):
                path = self.copy(name)
                before = path.read_bytes()
                planned = smic("dns", "plan", "--corefile", path, self.RESPONDER)
                self.assertEqual((planned.returncode, path.read_bytes()), (0, before), planned.stderr)
                self.assertIn("mesh", planned.stdout)
                applied = smic("dns", "apply", "--corefile", path, self.RESPONDER)
                self.assertEqual((applied.returncode, applied.stdout), (0, planned.stdout))
                after = path.read_bytes()
                self.assertNotEqual(after, before)
                again = smic("dns", "apply", "--corefile", path, self.RESPONDER)
                self.assertEqual((again.stdout, path.read_bytes()), ("", after))
                self.assertIn("nothing to change", again.stderr)
                restored = smic("dns", "restore", "--corefile", path)
                self.assertEqual((restored.returncode, path.read_bytes()), (0, before))

    def test_a_plan_is_what_patch_applies(self):
        for name in ("kubeadm.corefile", "kubeadm.yaml", "rke2.corefile", "gke.yaml"):
            with self.subTest(name):
                path, other = self.copy(name), self.copy(name)
                plan = smic("dns", "plan", "--corefile", path, self.RESPONDER)
                smic("dns", "apply", "--corefile", path, self.RESPONDER)
                done = subprocess.run(["patch", "--silent", other], input=plan.stdout, text=True,
                                      capture_output=True)
                self.assertEqual((done.returncode, other.read_bytes()), (0, path.read_bytes()),
                                 done.stdout + done.stderr)

    def test_a_byte_order_mark_stays_where_it_is(self):
        path = self.copy("eks.corefile")
        before = b"\xef\xbb\xbf" + path.read_bytes()
        path.write_bytes(before)
        smic("dns", "apply", "--corefile", path, self.RESPONDER)
        self.assertTrue(path.read_bytes().startswith(b"\xef\xbb\xbf# BEGIN smic"))
        smic("dns", "restore", "--corefile", path)
        self.assertEqual(path.read_bytes(), before)

    def test_refusals_are_located_and_change_nothing(self):
        path = self.copy("k3s.corefile")
        before = path.read_text() + "mesh {\n}\n"
        path.write_text(before)
        done = smic("dns", "apply", "--corefile", path, self.RESPONDER)
        self.assertEqual((done.returncode, path.read_text()), (2, before))
        self.assertRegex(done.stderr, rf"{re.escape(str(path))}:\d+:1: .*is here already")
        self.assertEqual(smic("dns", "plan", "--corefile", path).returncode, 64)
        self.assertEqual(smic("dns", "undo", "--corefile", path).returncode, 64)
        self.assertEqual(smic("dns", "plan", "--corefile", "/nonexistent", self.RESPONDER).returncode, 1)

    def test_where_custom_files_are_imported_the_block_can_be_one(self):
        done = smic("dns", "plan", "--custom", "--corefile", COREFILES / "aks.corefile", self.RESPONDER)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("  smic.server: |\n    # BEGIN smic", done.stdout)
        done = smic("dns", "plan", "--custom", "--corefile", COREFILES / "eks.corefile", self.RESPONDER)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
