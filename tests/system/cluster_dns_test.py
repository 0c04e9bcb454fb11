#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stub manager on a live cluster: the real API server, two real CoreDNS with the real
`kubernetes` plugin that live by its ConfigMap, smic-controller with the rights of deploy/rbac, and
two real proxies that answer for the mesh."""

import json
import re
import subprocess
import unittest

from cluster import PODS, ROOT, STARTING, Cluster, Process, eventually, run
from dns_pods import (SYSTEM, CoreDnsPod, KubeDnsPod, config_map, corefile, forward_service,
                      service_of)
from mesh import BIN, account, document, pod, service, slice_of, smic

CONTROLLER, PROXY = BIN / "smic-controller", BIN / "smic-proxy"
OWN, NS, PLAIN = "smic-system", "shop", "bazaar"
DNS = [("coredns-a", f"{PODS}.2"), ("coredns-b", f"{PODS}.3")]
NODES = [f"{PODS}.5", f"{PODS}.6"]
RESPONDERS = "10.96.0.53"
MAPS = [("coredns", "/etc/coredns", [{"key": "Corefile", "path": "Corefile"}]),
        ("coredns-custom", "/etc/coredns/custom", None)]


def dig(name, kind="A", at=DNS[0][1]):
    """(status, the last field of every answer)."""
    done = subprocess.run(["dig", f"@{at}", "+timeout=3", "+tries=1", name, kind],
                          capture_output=True, text=True)
    status = re.search(r"status: (\w+)", done.stdout)
    section = re.search(r";; ANSWER SECTION:\n((?:[^\n;]+\n)+)", done.stdout)
    rows = section.group(1).splitlines() if section else []
    return (status.group(1) if status else None), sorted(row.split()[-1] for row in rows)


class ClusterDns(unittest.TestCase):
    """One cluster; the tests change it one after the other, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        run("ip", "address", "replace", f"{RESPONDERS}/32", "dev", "lo")
        cls.original = corefile(cls.cluster)
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "rbac")
        # As the cluster's owner does: client-side apply, which remembers what it wrote.
        cls.owner_applies(cls.original)
        cls.pods = [CoreDnsPod(cls.cluster, name, address, MAPS) for name, address in DNS]
        for each in cls.pods:
            cls.addClassCleanup(each.end)
        cls.cluster.apply(
            *service_of(SYSTEM, "kube-dns", "10.96.0.10", [(ip, name) for name, ip in DNS]),
            *service_of(OWN, "smic-dns", RESPONDERS, [(ip, None) for ip in NODES]),
            document("v1", "Namespace", NS, None), document("v1", "Namespace", PLAIN, None),
            *(account(ns, "web") for ns in (NS, PLAIN)),
            *(service(ns, "web", 80, 8080) for ns in (NS, PLAIN)),
            *(dict(pod(ns, "web", "web", f"{PODS}.{last}"),
                   spec={"serviceAccountName": "web", "nodeName": "n1",
                         "containers": [{"name": "c", "image": "none"}]})
              for ns, last in ((NS, 21), (PLAIN, 22))),
            *(slice_of(ns, "web", 8080, [("web", f"{PODS}.{last}")])
              for ns, last in ((NS, 21), (PLAIN, 22))))
        forward_service(RESPONDERS, NODES)
        cls.out = cls.cluster.path / "out"
        cls.proxies = []

    @classmethod
    def started(cls, *words):
        process = Process(*words)
        cls.addClassCleanup(lambda: process.end() if process.process.poll() is None else None)
        return process

    @classmethod
    def owner_applies(cls, text):
        cls.cluster.kubectl("apply", "-f", "-",
                            stdin=json.dumps(config_map("coredns", Corefile=text)))

    def start_proxies(self):
        for address in NODES:
            self.proxies.append(self.started(PROXY, "--manifest", self.out / "manifest.json",
                                             "--dns", f"{address}:53", "--dns-resolver",
                                             ",".join(f"{ip}:53" for _, ip in DNS)))
        for address in NODES:
            eventually(lambda at=address: dig("mesh", "SOA", at)[0] == "NOERROR", "it answers")

    def end_proxies(self):
        while self.proxies:
            self.proxies.pop().end()

    def data(self, name="coredns"):
        text = self.cluster.get(f"/api/v1/namespaces/{SYSTEM}/configmaps/{name}")
        return json.loads(text).get("data", {}) if text else None

    def cli(self, verb, *words):
        return smic("dns", verb, "--kubeconfig", self.cluster.admin, *words, timeout=240)

    def cluster_ip(self, ns):
        return self.cluster.kubectl("get", "service", "web", "-n", ns, "-o",
                                    "jsonpath={.spec.clusterIP}").stdout

    def mesh_address(self, ns):
        for unit in json.loads((self.out / "manifest.json").read_text())["units"]:
            if unit["service"] == f"{ns}/web":
                return unit.get("listen_address") or unit["listen_addresses"][0]
        return None

    def becomes(self, name, wanted, kind="A"):
        """Of every DNS pod."""
        for _, address in DNS:
            try:
                eventually(lambda at=address: dig(name, kind, at) == wanted, "it is so", 60)
            except AssertionError:
                raise AssertionError(f"{name} is {dig(name, kind, address)} at {address}, not "
                                     f"{wanted}\n{self.tell()}") from None

    def tell(self):
        """For whoever reads why a test failed."""
        said = [self.controller.text()[-4000:]]
        for each in self.pods:
            said.append(f"{each.name}: {(each.folder / 'Corefile').read_text()}\n"
                        + each.process.text()[-3000:])
        return "\n".join(said)

    def has_block(self):
        return "# BEGIN smic" in self.data()["Corefile"]

    # ---- before there is anybody to answer ------------------------------------------------------

    def test_1_a_plan_shows_what_would_be_done_and_does_nothing(self):
        before = self.cluster.get(f"/api/v1/namespaces/{SYSTEM}/configmaps")
        done = self.cli("plan")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--- kube-system/coredns Corefile\n", done.stdout)
        self.assertIn("\n+mesh:53 {\n", done.stdout)
        self.assertIn(f"\n+    forward . {RESPONDERS}\n", done.stdout)
        self.assertEqual(
            [item["metadata"]["resourceVersion"] for item in json.loads(before)["items"]],
            [item["metadata"]["resourceVersion"] for item in json.loads(
                self.cluster.get(f"/api/v1/namespaces/{SYSTEM}/configmaps"))["items"]])

    def test_2_without_a_responder_nothing_is_written(self):
        token = self.cluster.path / "token"
        token.write_text(self.cluster.token(OWN, "smic-controller"))
        type(self).controller = self.started(
            CONTROLLER, "--out", self.out, "--manage-dns", "auto", "--kubeconfig",
            self.cluster.kubeconfig("controller", {"tokenFile": "token"}))
        self.controller.says("published", STARTING)
        self.controller.says("no responder of the mesh answers yet")
        self.assertEqual(self.data()["Corefile"], self.original)

    def test_3_mesh_names_resolve_through_the_clusters_dns(self):
        self.start_proxies()
        self.becomes(f"web.{NS}.mesh", ("NOERROR", [self.mesh_address(NS)]))
        self.becomes(f"nobody.{NS}.mesh", ("NXDOMAIN", []))
        # All else as before.
        self.becomes(f"web.{NS}.svc.cluster.local", ("NOERROR", [self.cluster_ip(NS)]))
        self.controller.says('cluster DNS state="live"', 60)
        self.assertEqual(self.data("smic-dns-backup"), {"coredns.Corefile": self.original})
        for name, _ in DNS:
            pod_ = json.loads(self.cluster.get(f"/api/v1/namespaces/{SYSTEM}/pods/{name}"))
            self.assertNotIn("annotations", pod_["metadata"])
        self.assertNotIn("forbidden", self.controller.text())

    def test_4_a_namespace_opts_in_and_out(self):
        plain = f"web.{PLAIN}.svc.cluster.local"
        self.becomes(plain, ("NOERROR", [self.cluster_ip(PLAIN)]))
        self.cluster.kubectl("label", "namespace", PLAIN, "smic.dev/names=plain")
        self.becomes(plain, ("NOERROR", [self.mesh_address(PLAIN)]))
        self.becomes(f"_http._tcp.{plain}", ("NOERROR", [f"{plain}."]), "SRV")
        # What a search path makes of other names is not there, and says so.
        self.becomes(f"web.{PLAIN}.mesh.{PLAIN}.svc.cluster.local", ("NXDOMAIN", []))
        self.becomes(f"example.org.{PLAIN}.svc.cluster.local", ("NXDOMAIN", []))
        self.becomes(f"web.{NS}.svc.cluster.local", ("NOERROR", [self.cluster_ip(NS)]))
        # An ExternalName is followed to its end, here and outside, by whoever can.
        for name, to, end in (("away", f"web.{NS}.svc.cluster.local", self.cluster_ip(NS)),
                              ("inside", f"web.{NS}.mesh", self.mesh_address(NS))):
            self.cluster.apply(document("v1", "Service", name, PLAIN,
                                        spec={"type": "ExternalName", "externalName": to}))
            self.becomes(f"{name}.{PLAIN}.svc.cluster.local", ("NOERROR", [end, f"{to}."]))
            self.becomes(f"{name}.{PLAIN}.svc.cluster.local", ("NOERROR", [f"{to}."]), "CNAME")
        self.cluster.apply(document("v1", "Service", "lost", PLAIN, spec={
            "type": "ExternalName", "externalName": f"lost.{NS}.svc.cluster.local"}))
        self.becomes(f"lost.{PLAIN}.svc.cluster.local",
                     ("NXDOMAIN", [f"lost.{NS}.svc.cluster.local."]))
        self.cluster.kubectl("label", "namespace", PLAIN, "smic.dev/names-")
        self.becomes(plain, ("NOERROR", [self.cluster_ip(PLAIN)]))
        self.assertNotIn(PLAIN, self.data()["Corefile"])

    def test_5_what_the_owner_overwrites_is_put_back(self):
        changed = self.original.replace("cache 30", "cache 20")
        self.owner_applies(changed)
        eventually(self.has_block, "the block is there again")
        self.assertIn("cache 20", self.data()["Corefile"])
        self.becomes(f"web.{NS}.mesh", ("NOERROR", [self.mesh_address(NS)]))
        self.owner_applies(self.original)
        eventually(lambda: self.has_block() and "cache 20" not in self.data()["Corefile"], "again")

    def test_6_what_is_not_understood_is_left_alone_and_told(self):
        strange = self.original + "mesh:53 {\n    bind {$POD_IP}\n    errors\n}\n"
        self.owner_applies(strange)
        self.controller.says("the zone `mesh` is here already, and not by smic")
        self.assertEqual(self.data()["Corefile"], strange)
        done = self.cli("apply")
        self.assertEqual((done.returncode, self.data()["Corefile"]), (2, strange), done.stderr)
        self.owner_applies(self.original)
        eventually(self.has_block, "the block is there again")

    def test_7_the_responders_go_and_come(self):
        plain = f"web.{PLAIN}.svc.cluster.local"
        self.cluster.kubectl("label", "namespace", PLAIN, "smic.dev/names=plain")
        mesh = f"web.{NS}.mesh"
        self.becomes(plain, ("NOERROR", [self.mesh_address(PLAIN)]))
        self.becomes(mesh, ("NOERROR", [self.mesh_address(NS)]))
        self.end_proxies()
        # Old answers, and no harm to other names.
        for _, address in DNS:
            self.assertEqual(dig(plain, at=address), ("NOERROR", [self.mesh_address(PLAIN)]))
            self.assertEqual(dig(mesh, at=address), ("NOERROR", [self.mesh_address(NS)]))
            self.assertEqual(dig(f"web.{NS}.svc.cluster.local", at=address),
                             ("NOERROR", [self.cluster_ip(NS)]))
        # Then the namespace's names are the cluster's own again, as if it had not opted in.
        self.becomes(plain, ("NOERROR", [self.cluster_ip(PLAIN)]))
        # (By a reload, with which CoreDNS forgets what was old: nobody answers for mesh names.)
        self.start_proxies()
        self.becomes(plain, ("NOERROR", [self.mesh_address(PLAIN)]))
        self.cluster.kubectl("label", "namespace", PLAIN, "smic.dev/names-")
        self.becomes(plain, ("NOERROR", [self.cluster_ip(PLAIN)]))

    # ---- without the controller -----------------------------------------------------------------

    def test_8_restoring_leaves_the_data_byte_for_byte(self):
        self.assertEqual(self.controller.end(), 0)
        self.assertTrue(self.has_block())
        done = self.cli("restore", "--wait")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.data(), {"Corefile": self.original})
        self.assertIsNone(self.data("smic-dns-backup"))
        self.becomes(f"web.{NS}.svc.cluster.local", ("NOERROR", [self.cluster_ip(NS)]))
        again = self.cli("restore", "--wait")
        self.assertEqual((again.returncode, again.stdout), (0, ""), again.stderr)

    def test_9_what_does_not_go_live_is_taken_back(self):
        # Somebody's mistake that no parser sees: CoreDNS does not load this file, and goes on by
        # the one before until it is restarted.
        broken = self.original.replace("    errors\n", "    errors\n    no_such_plugin\n")
        self.owner_applies(broken)
        done = self.cli("apply", "--wait", "--seconds", "8")
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not lead mesh to the mesh; the change was taken back", done.stderr)
        self.assertEqual(self.data(), {"Corefile": broken})
        self.assertEqual(dig(f"web.{NS}.svc.cluster.local"), ("NOERROR", [self.cluster_ip(NS)]))
        self.owner_applies(self.original)

    def test_9b_the_controller_takes_back_what_does_not_go_live_and_waits_for_another_text(self):
        broken = self.original.replace("    errors\n", "    errors\n    no_such_plugin\n")
        self.owner_applies(broken)
        controller = type(self).controller = self.started(
            CONTROLLER, "--out", self.out, "--dns-seconds", "8", "--kubeconfig",
            self.cluster.kubeconfig("controller", {"tokenFile": "token"}))
        # As it is, once more, and without `verify`; then it is left until somebody writes something else.
        eventually(lambda: controller.text().count("cluster DNS written") == 3, lambda: self.tell(), 120)
        controller.says('cluster DNS state="not live"', 60)
        eventually(lambda: self.data() == {"Corefile": broken}, lambda: self.tell())
        for _, address in DNS:
            self.assertEqual(dig(f"web.{NS}.svc.cluster.local", at=address), ("NOERROR", [self.cluster_ip(NS)]))
            self.assertNotEqual(dig(f"web.{NS}.mesh", at=address)[0], "NOERROR")
        self.assertEqual(controller.text().count("cluster DNS written"), 3)
        self.owner_applies(self.original)
        self.becomes(f"web.{NS}.mesh", ("NOERROR", [self.mesh_address(NS)]))
        controller.says('cluster DNS state="live"', 60)
        self.assertEqual(controller.end(), 0)
        self.assertEqual(self.cli("restore", "--wait").returncode, 0)
        self.assertEqual(self.data(), {"Corefile": self.original})

    def test_a_where_files_are_imported_the_block_is_one_of_them(self):
        hooked = corefile(self.cluster, imports="    import custom/*.override\n",
                          ending="import custom/*.server\n")
        self.owner_applies(hooked)
        done = self.cli("apply", "--wait")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.data(), {"Corefile": hooked})
        self.assertEqual(list(self.data("coredns-custom")), ["smic.server"])
        self.assertEqual(dig(f"web.{NS}.mesh"), ("NOERROR", [self.mesh_address(NS)]))
        # It outlives the owner's next apply.
        self.owner_applies(hooked)
        self.assertEqual(list(self.data("coredns-custom")), ["smic.server"])
        done = self.cli("restore", "--wait")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(self.data("coredns-custom"))
        # One that was there before stays, with its data.
        mine = {"other.server": "example.test:53 {\n    bind {$POD_IP}\n"
                "    template ANY ANY {\n        rcode NXDOMAIN\n    }\n}\n"}
        self.cluster.apply(config_map("coredns-custom", **mine))
        done = self.cli("apply", "--wait")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(self.data("coredns-custom")), ["other.server", "smic.server"])
        self.assertEqual(dig("example.test", at=DNS[1][1])[0], "NXDOMAIN")
        self.assertEqual(self.cli("restore", "--wait").returncode, 0)
        self.assertEqual(self.data("coredns-custom"), mine)

    def test_b_kube_dns_gets_stub_domains(self):
        address = f"{PODS}.4"
        dns = KubeDnsPod(self.cluster, "kube-dns-1", address, otherwise=DNS[0][1])
        self.addCleanup(dns.end)
        self.cluster.apply(service_of(SYSTEM, "kube-dns", "10.96.0.10", [(address, "kube-dns-1")])[1])
        self.assertEqual(dig(f"web.{NS}.mesh", at=address)[0], "SERVFAIL")  # there is no upstream
        done = self.cli("apply", "--wait")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(self.data("kube-dns")["stubDomains"])["mesh"], [RESPONDERS])
        self.assertEqual(dig(f"web.{NS}.mesh", at=address), ("NOERROR", [self.mesh_address(NS)]))
        # Made by us, it goes with us.
        self.assertEqual(self.cli("restore", "--wait").returncode, 0)
        self.assertIsNone(self.data("kube-dns"))
        # What others wrote stays, to the blank.
        theirs = {"stubDomains": '{"acme.test" : ["192.0.2.1"]}\n', "upstreamNameservers": "[]"}
        self.cluster.apply(config_map("kube-dns", **theirs))
        self.assertEqual(self.cli("apply", "--wait").returncode, 0)
        self.assertIn("acme.test", json.loads(self.data("kube-dns")["stubDomains"]))
        self.assertEqual(self.cli("restore", "--wait").returncode, 0)
        self.assertEqual(self.data("kube-dns"), theirs)

    def test_c_a_corefile_that_nobody_reads_again_is_refused(self):
        """At the end: a CoreDNS that has seen it is deaf from then on."""
        self.cluster.apply(service_of(SYSTEM, "kube-dns", "10.96.0.10",
                                      [(ip, name) for name, ip in DNS])[1])
        deaf = corefile(self.cluster, reload="")
        self.owner_applies(deaf)
        done = self.cli("apply", "--wait")
        self.assertEqual((done.returncode, self.data()), (2, {"Corefile": deaf}))
        self.assertIn("it has no `reload`", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
