#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shadow Services on a real API server, with the rights of deploy-shadow/ and no others: made, mended,
taken away, and left alone by a controller that starts again."""

import json
import unittest

from api import Api
from cluster import ROOT, STARTING, Cluster, Process, eventually
from mesh import BIN, account, document

NS, OURS = "shop", "smic-system"
SERVICES = f"/api/v1/namespaces/{OURS}/services"
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{OURS}/endpointslices"
PORTS = "20000-20009"


def service(name, *ports):
    return document("v1", "Service", name, NS, spec={"selector": {"app": name}, "ports": [
        {"name": f"p{i}", "port": port, "protocol": protocol} for i, (port, protocol) in enumerate(ports)]})


class Shadow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(audited=True))
        path = cls.cluster.certificates.path
        cls.api = Api(cls.cluster.address, cls.cluster.port, path("ca.crt"), path("admin.crt"), path("admin.key"))
        cls.addClassCleanup(cls.api.close)
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "rbac", "-f", ROOT / "deploy" / "crds",
                            "-f", ROOT / "deploy-shadow" / "rbac.yaml")
        cls.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f",
                            ROOT / "deploy" / "crds")
        cls.cluster.apply(document("v1", "Namespace", NS, None), account(NS, "web"))
        for number in (1, 2):
            cls.api.post("/api/v1/nodes", document("v1", "Node", f"n{number}", None))
            cls.node_address(number, f"10.77.0.{number}")
        (cls.cluster.path / "token").write_text(cls.cluster.token(OURS, "smic-controller"))
        cls.config = cls.cluster.kubeconfig("controller", {"tokenFile": "token"})
        cls.count = 0
        cls.begin()
        cls.cluster.apply(service("web", (80, "TCP"), (53, "UDP"), (53, "TCP")))

    @classmethod
    def node_address(cls, number, address):
        cls.api.merge(f"/api/v1/nodes/n{number}/status", {"status": {
            "addresses": [{"type": "InternalIP", "address": address}]}})

    @classmethod
    def begin(cls, *words):
        cls.count += 1
        cls.out = cls.cluster.path / f"out-{cls.count}"
        cls.controller = Process(BIN / "smic-controller", "--kubeconfig", cls.config, "--out", cls.out,
                                 "--address-plan=shadow", f"--shadow-ports={PORTS}", "--manage-dns=off", *words)
        cls.addClassCleanup(lambda process=cls.controller: process.end(9)
                            if process.process.poll() is None else None)
        cls.controller.says("info: leading", STARTING)
        cls.controller.says("published", STARTING)

    @classmethod
    def end(cls):
        if cls.controller.end() != 0:
            raise AssertionError(cls.controller.text())

    # ---- what there is --------------------------------------------------------------------------

    def shadows(self):
        """By whose they are."""
        found = self.api.items(f"{SERVICES}?labelSelector=mesh.smic.dev/shadow")
        return {each["metadata"]["annotations"].get("mesh.smic.dev/shadow-of"): each for each in found}

    def slices(self):
        found = self.api.items(f"{SLICES}?labelSelector=mesh.smic.dev/shadow")
        return {each["metadata"]["name"]: each for each in found}

    def slice_of(self, shadow):
        return self.slices().get(shadow["metadata"]["name"] + "-v4")

    def units(self):
        """What a proxy is told: where the ports of a Service are listened for, and where its name leads."""
        manifest = json.loads((self.out / "manifest.json").read_text())
        names = {each["service"]: each["mesh_addresses"] for each in manifest["names"]["services"]}
        self.assertEqual(manifest.get("mesh_ranges", []), [])
        return {(unit["service"], unit["port"], unit["protocol"] == "udp"):
                (unit["listen_addresses"], unit["listen_port"], names[unit["service"]])
                for unit in manifest["units"]}

    def stands(self, name):
        """Its shadow, once everything about it is right."""
        def right():
            shadow = self.shadows().get(f"{NS}/{name}")
            found = self.slice_of(shadow) if shadow else None
            if not found:
                return None
            spec = shadow["spec"]
            ports = {(each["port"], each["protocol"] == "UDP"): each["targetPort"] for each in spec["ports"]}
            wanted = {(NS + "/" + name, *port): (["0.0.0.0"], target, spec["clusterIPs"])
                      for port, target in ports.items()}
            units = {key: value for key, value in self.units().items() if key[0] == f"{NS}/{name}"}
            good = (spec.get("selector") is None and spec["internalTrafficPolicy"] == "Local" and
                    spec["type"] == "ClusterIP" and wanted and units == wanted and
                    [each["uid"] for each in found["metadata"].get("ownerReferences") or []] ==
                    [shadow["metadata"]["uid"]] and
                    sorted(each["port"] for each in found["ports"] or []) == sorted(ports.values()) and
                    [(each["nodeName"], each["addresses"]) for each in found["endpoints"] or []] ==
                    self.nodes())
            return shadow if good else None
        return eventually(right, lambda: f"{name} stands: {self.shadows().get(NS + '/' + name)}\n"
                          f"{self.slices()}\n{self.units()}\n{self.controller.text()[-3000:]}")

    def nodes(self):
        return [(each["metadata"]["name"], [each["status"]["addresses"][0]["address"]])
                for each in self.api.items("/api/v1/nodes")]

    def targets(self, name):
        return {each["name"]: each["targetPort"] for each in self.shadows()[f"{NS}/{name}"]["spec"]["ports"]}

    def writes(self):
        """What the controller wrote to Services and slices since the last time."""
        seen = []
        for line in (self.cluster.path / "audit.log").read_text().splitlines():
            entry = json.loads(line)
            if (entry["user"]["username"] == f"system:serviceaccount:{OURS}:smic-controller" and
                    entry["verb"] in ("create", "patch", "update", "delete") and
                    entry.get("objectRef", {}).get("resource") in ("services", "endpointslices")):
                seen.append((entry["verb"], entry["objectRef"]["resource"], entry["responseStatus"]["code"]))
        fresh, type(self).seen = seen[getattr(self, "seen", 0):], len(seen)
        return fresh

    def told(self, service, reason, note):
        path = f"/apis/events.k8s.io/v1/namespaces/{NS}/events"
        eventually(lambda: any(each["regarding"]["name"] == service and each["reason"] == reason and
                               each["note"] == note for each in self.api.items(path)),
                   lambda: f"an Event: {self.api.items(path)}")

    # ---- tests, in the order of their names --------------------------------------------------------

    def test_1_a_meshed_service_has_a_shadow_that_leads_to_every_nodes_own_proxy(self):
        shadow = self.stands("web")
        self.assertTrue(shadow["metadata"]["name"].startswith("mesh-"))
        self.assertEqual(sorted(self.targets("web")), ["tcp-53", "tcp-80", "udp-53"])
        self.assertTrue(all(20000 <= port <= 20009 for port in self.targets("web").values()))
        self.assertEqual(set(self.shadows()), {f"{NS}/web"})  # and none of system Services, or of shadows

    def test_2_what_somebody_edits_or_deletes_is_mended(self):
        shadow = self.stands("web")
        targets, path = self.targets("web"), f"{SERVICES}/{shadow['metadata']['name']}"
        ports = shadow["spec"]["ports"]
        for edit in ({"spec": {"internalTrafficPolicy": "Cluster"}}, {"spec": {"selector": {"app": "mine"}}},
                     {"spec": {"type": "NodePort"}}, {"spec": {"ports": ports[:1]}},
                     {"spec": {"ports": [{**ports[0], "targetPort": 15020}, *ports[1:]]}},
                     {"metadata": {"annotations": {"mesh.smic.dev/shadow-of": "some/body"}}},
                     {"metadata": {"labels": {"mesh.smic.dev/shadow": None}}}):
            self.api.merge(path, edit)
            eventually(lambda: self.shadows().get(f"{NS}/web") is not None, f"{edit} is mended")
            self.stands("web")
            self.assertEqual(set(self.targets("web")), set(targets))
        found = f"{SLICES}/{shadow['metadata']['name']}-v4"
        for edit in ({"endpoints": []}, {"ports": []}, {"metadata": {"ownerReferences": []}}):
            self.api.merge(found, edit)
            self.stands("web")
        self.api.delete(found)
        self.stands("web")
        self.api.delete(path)
        eventually(lambda: self.shadows().get(f"{NS}/web", {}).get("metadata", {}).get("uid") not in
                   (None, shadow["metadata"]["uid"]), "another one stands")
        self.stands("web")

    def test_3_a_restart_writes_nothing_and_every_port_stays(self):
        self.stands("web")
        targets = self.targets("web")
        self.end()
        self.writes()
        self.begin()
        self.stands("web")
        # Whatever the controller found amiss it writes before what comes later: edits before new Services,
        # and all that one look has found before the slices of those.
        self.cluster.apply(service("marker", (80, "TCP")))
        self.stands("marker")
        self.assertEqual(self.writes(), [("create", "services", 201), ("create", "endpointslices", 201)])
        self.assertEqual(self.targets("web"), targets)
        self.api.delete(f"/api/v1/namespaces/{NS}/services/marker")
        eventually(lambda: set(self.shadows()) == {f"{NS}/web"}, "the marker's is gone")

    def test_4_what_went_while_nobody_led_is_taken_away(self):
        self.cluster.apply(service("late", (80, "TCP")))
        name = self.stands("late")["metadata"]["name"]
        self.end()
        self.api.delete(f"/api/v1/namespaces/{NS}/services/late")
        self.begin()
        eventually(lambda: set(self.shadows()) == {f"{NS}/web"}, "its Service is gone")
        eventually(lambda: f"{name}-v4" not in self.slices(), "its slice is gone")
        self.assertFalse(any(key[0] == f"{NS}/late" for key in self.units()))
        self.stands("web")

    def test_5_ports_come_and_go_and_the_others_stay(self):
        self.stands("web")
        before = self.targets("web")
        self.cluster.apply(service("web", (80, "TCP"), (53, "UDP"), (53, "TCP"), (9090, "TCP")))
        eventually(lambda: "tcp-9090" in self.targets("web"), "the fourth port")
        self.stands("web")
        self.assertEqual({name: port for name, port in self.targets("web").items() if name != "tcp-9090"}, before)
        self.cluster.apply(service("web", (80, "TCP"), (53, "UDP"), (53, "TCP")))
        eventually(lambda: self.targets("web") == before, "it is gone again")
        self.stands("web")

    def test_6_nodes_come_and_go(self):
        self.stands("web")
        self.api.post("/api/v1/nodes", document("v1", "Node", "n3", None))
        self.node_address(3, "10.77.0.3")
        self.assertEqual(len(self.nodes()), 3)
        self.stands("web")
        self.api.delete("/api/v1/nodes/n3")
        self.stands("web")

    def test_7_a_range_that_is_used_up_is_told_and_what_becomes_free_is_used(self):
        self.stands("web")  # two of ten TCP ports
        for i in range(8):
            self.cluster.apply(service(f"more-{i}", (80, "TCP")))
        for i in range(8):
            self.stands(f"more-{i}")
        self.cluster.apply(service("one-too-many", (80, "TCP")))
        self.controller.says(f"every port of {PORTS} is in use")
        self.assertNotIn(f"{NS}/one-too-many", self.shadows())
        self.told("one-too-many", "NoMeshAddress", f"it has no mesh address: every port of {PORTS} is in use")
        free = self.targets("more-3")["tcp-80"]
        self.api.delete(f"/api/v1/namespaces/{NS}/services/more-3")
        self.stands("one-too-many")
        self.assertEqual(self.targets("one-too-many")["tcp-80"], free)
        self.told("one-too-many", "Healed", "nothing is wrong with it any more")
        for name in ("one-too-many", *(f"more-{i}" for i in range(8) if i != 3)):
            self.api.delete(f"/api/v1/namespaces/{NS}/services/{name}")
        eventually(lambda: set(self.shadows()) == {f"{NS}/web"}, "all of them are gone", 30)
        eventually(lambda: len(self.slices()) == 1, "and their slices")

    def test_8_of_two_controllers_one_writes_and_both_say_the_same(self):
        self.stands("web")
        other = Process(BIN / "smic-controller", "--kubeconfig", self.config, "--out",
                        self.cluster.path / "other", "--address-plan=shadow", f"--shadow-ports={PORTS}",
                        "--manage-dns=off")
        self.addCleanup(lambda: other.end(9) if other.process.poll() is None else None)
        other.says("published", STARTING)
        self.cluster.apply(service("both", (80, "TCP")))
        self.stands("both")
        said = lambda out: json.loads((out / "manifest.json").read_text())["units"]  # noqa: E731
        eventually(lambda: said(self.cluster.path / "other") == said(self.out), "they say the same")
        self.api.delete(f"/api/v1/namespaces/{NS}/services/both")
        eventually(lambda: set(self.shadows()) == {f"{NS}/web"}, "it is gone")
        self.assertNotIn("shadow object not written", self.controller.text() + other.text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
