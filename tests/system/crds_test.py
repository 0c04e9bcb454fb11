#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/crds on a real API server, converted by a real controller: accepted, named as the
conformance suite asks, and without loss between the versions; written as Flagger and Argo write."""

import copy
import http.client
import json
import ssl
import unittest

from cluster import ROOT, Cluster, eventually
from webhooks import ServingController

CRDS = ROOT / "deploy" / "crds"
ALL = ["v1alpha4", "v1alpha3", "v1alpha2", "v1alpha1"]
NAMES = {  # kind → short name, versions served
    "TrafficTarget": ("tt", ALL),
    "IdentityBinding": ("ib", ["v1alpha4"]),
    "HTTPRouteGroup": ("htr", ALL),
    "TCPRoute": ("tr", ALL),
    "UDPRoute": ("ur", ["v1alpha4"]),
    "TrafficSplit": ("ts", ALL),
}

API = [{"kind": "ServiceAccount", "name": "api"}]
WEB = {"kind": "ServiceAccount", "name": "web", "namespace": "default"}
RULES = [{"kind": "HTTPRouteGroup", "name": "r", "matches": ["m", "a"]},
         {"kind": "TCPRoute", "name": "t"}]
TARGET = {"spec": {"destination": WEB, "sources": API, "rules": RULES}}
MATCHES = [{"name": "m", "pathRegex": "/a", "methods": ["*"]}, {"name": "a"}]
WITH_HEADERS = [dict(MATCHES[0], headers={"x": "y", "a": "b"}),
                {"name": "old", "headers": [{"x": "y"}, {"x": "z"}]}]
BACKENDS = [{"service": "v2", "weight": 90}, {"service": "v1", "weight": 10}]
SPLIT = {"service": "web", "backends": BACKENDS}
CONDITION = [{"kind": "HTTPRouteGroup", "name": "r"}]

# Kind → version → objects as a person may write them in it, without metadata. Each with something
# that another version cannot say, and one with as little as possible.
WRITTEN = {
    "TrafficTarget": {
        "v1alpha1": [
            {"destination": dict(WEB, port=8080), "sources": API, "specs": RULES},
            {"destination": WEB}],
        "v1alpha2": [
            {"spec": {"destination": dict(WEB, port=8080), "sources": API, "rules": RULES}},
            {"spec": {"destination": WEB}}],
        "v1alpha3": [TARGET, {"spec": {"destination": WEB, "sources": API, "rules": [
            {"kind": "UDPRoute", "name": "u"}]}}],
        "v1alpha4": [{"spec": {
            "destination": WEB, "rules": RULES, "sources": API + [
                {"kind": "IdentityBinding", "name": "b", "group": "access.smi-spec.io"}]}}],
    },
    "HTTPRouteGroup": {
        "v1alpha1": [{"matches": MATCHES}, {"matches": []}],
        "v1alpha2": [{"matches": WITH_HEADERS}],
        "v1alpha3": [{"spec": {"matches": WITH_HEADERS}}],
        "v1alpha4": [{"spec": {"matches": WITH_HEADERS}}, {"spec": {"matches": MATCHES}}],
    },
    "TCPRoute": {
        "v1alpha1": [{}], "v1alpha2": [{}], "v1alpha3": [{"spec": {}}, {}],
        "v1alpha4": [{"spec": {"matches": {"name": "n", "ports": [80, 443]}}},
                     {"spec": {"matches": {"ports": []}}}, {"spec": {"matches": {}}},
                     {"spec": {}}, {}],
    },
    "TrafficSplit": {
        "v1alpha1": [
            {"spec": dict(SPLIT, backends=[{"service": "v2", "weight": "90"},
                                           {"service": "v1", "weight": "10"}])},
            {"spec": dict(SPLIT, backends=[{"service": "v2", "weight": "1"},
                                           {"service": "v1", "weight": "500m"}])},
            {"spec": SPLIT}],  # numbers, which are quantities too
        "v1alpha2": [{"spec": SPLIT}],
        "v1alpha3": [{"spec": SPLIT}, {"spec": dict(SPLIT, matches=CONDITION)},
                     {"spec": dict(SPLIT, matches=[])}],
        "v1alpha4": [{"spec": SPLIT}, {"spec": dict(SPLIT, matches=[
            dict(CONDITION[0], apiGroup="specs.smi-spec.io")])}],
    },
}
# What some of them are in another version: (kind, version, index, other version) → body.
SEEN = {
    ("TrafficSplit", "v1alpha1", 0, "v1alpha4"): {"spec": SPLIT},
    ("TrafficSplit", "v1alpha1", 1, "v1alpha4"): {"spec": dict(SPLIT, backends=[
        {"service": "v2", "weight": 1000}, {"service": "v1", "weight": 500}])},
    ("TrafficSplit", "v1alpha3", 1, "v1alpha2"): {"spec": SPLIT},
    ("TrafficSplit", "v1alpha4", 0, "v1alpha1"): WRITTEN["TrafficSplit"]["v1alpha1"][0],
    ("HTTPRouteGroup", "v1alpha2", 0, "v1alpha4"): {"spec": {"matches": WITH_HEADERS}},
    ("HTTPRouteGroup", "v1alpha4", 0, "v1alpha1"): {"matches": [MATCHES[0], {"name": "old"}]},
    ("TCPRoute", "v1alpha4", 0, "v1alpha1"): {},
    ("TCPRoute", "v1alpha1", 0, "v1alpha4"): {"spec": {"matches": {"ports": []}}},
    ("TrafficTarget", "v1alpha1", 0, "v1alpha4"): TARGET,
}
HUB = {  # valid ones, for the rest
    "IdentityBinding": {"schemes": {"podLabelSelector": {"matchLabels": {"a": "b"}}}},
    "UDPRoute": {"matches": {"ports": [53]}},
}
REFUSED = [  # kind, spec
    ("TrafficTarget", dict(TARGET["spec"], sources=[])),
    ("TrafficTarget", {key: value for key, value in TARGET["spec"].items()
                       if key != "destination"}),
    ("IdentityBinding", {"schemes": {}}),
    ("HTTPRouteGroup", {"matches": [{"pathRegex": "/a"}]}),
    ("HTTPRouteGroup", {"matches": [{"name": "m", "methods": ["FETCH"]}]}),
    ("TCPRoute", {"matches": {"ports": [65536]}}),
    ("TrafficSplit", {"service": "web"}),
    ("TrafficSplit", {"service": "web", "backends": [{"service": "v1", "weight": -1}]}),
    ("TrafficSplit", {"service": "web", "backends": [], "matches": [{"kind": "X", "name": "m"}]}),
]


def body_of(thing):
    return {key: value for key, value in thing.items()
            if key not in ("apiVersion", "kind", "metadata", "status")}


class Crds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.cluster.kubectl("apply", "-f", CRDS)
        cls.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS)
        cls.crds = {crd["spec"]["names"]["kind"]: crd for crd in json.loads(
            cls.cluster.kubectl("get", "crds", "-o", "json").stdout)["items"]}
        cls.controller = ServingController(cls.cluster)
        cls.addClassCleanup(cls.controller.end)
        cls.controller.convert_for_cluster()
        path = cls.cluster.certificates.path
        context = ssl.create_default_context(cafile=path("ca.crt"))
        context.load_cert_chain(path("admin.crt"), path("admin.key"))
        cls.connection = http.client.HTTPSConnection("127.0.0.1", cls.cluster.port,
                                                     context=context, timeout=30)

    def call(self, method, path, body=None, good=True):
        self.connection.request(method, path, body and json.dumps(body),
                                {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        told = json.loads(answer.read())
        if good:
            self.assertLess(answer.status, 300, told)
        return told

    def collection(self, kind, version):
        crd = self.crds[kind]["spec"]
        return (f"/apis/{crd['group']}/{version}/namespaces/default/{crd['names']['plural']}")

    def document(self, kind, version, name, body):
        return {"apiVersion": f"{self.crds[kind]['spec']['group']}/{version}", "kind": kind,
                "metadata": {"name": name, "namespace": "default"}, **copy.deepcopy(body)}

    def create(self, kind, version, name, body):
        path = self.collection(kind, version)
        self.addCleanup(self.call, "DELETE", f"{path}/{name}", None, False)
        return self.call("POST", path, self.document(kind, version, name, body))

    def read(self, kind, version, name):
        return self.call("GET", f"{self.collection(kind, version)}/{name}")

    def put(self, thing):
        meta = thing["metadata"]
        version = thing["apiVersion"].split("/")[1]
        return self.call("PUT", f"{self.collection(thing['kind'], version)}/{meta['name']}", thing)

    def test_names_and_versions(self):
        self.assertEqual(set(self.crds), set(NAMES))
        for kind, (short, served) in NAMES.items():
            with self.subTest(kind):
                crd = self.crds[kind]
                self.assertEqual(crd["status"]["acceptedNames"]["shortNames"], [short])
                self.assertEqual([each["name"] for each in crd["spec"]["versions"]
                                  if each["served"]], served)
                self.assertEqual(crd["status"]["storedVersions"], ["v1alpha4"])
                # A schema that is not structural would be told here, and not be pruned by.
                conditions = {each["type"]: each["status"] for each in crd["status"]["conditions"]}
                self.assertNotEqual(conditions.get("NonStructuralSchema"), "True")
                self.assertTrue(all("status" in each["subresources"]
                                    for each in crd["spec"]["versions"]))

    def test_each_version_reads_back_in_every_other_and_is_what_it_was_once_written_back(self):
        count = 0
        for kind, by_version in WRITTEN.items():
            for written, bodies in by_version.items():
                for index, body in enumerate(bodies):
                    name = f"{written}-{index}"
                    self.create(kind, written, name, body)
                    for other in ALL:
                        with self.subTest(f"{kind} {written} {index} as {other}"):
                            self.pass_through(kind, written, name, body, other,
                                              SEEN.get((kind, written, index, other)))
                            count += 1
        self.assertGreater(count, 90)

    def pass_through(self, kind, written, name, body, other, seen):
        thing = self.read(kind, other, name)
        if seen is not None:
            self.assertEqual(body_of(thing), seen)
        self.put(thing)
        back = self.read(kind, written, name)
        self.assertEqual(body_of(back), body)
        self.assertNotIn("annotations", back["metadata"])

    def test_a_list_has_objects_of_all_origins(self):
        for version in ALL:
            self.create("TrafficSplit", version, f"of-{version}",
                        WRITTEN["TrafficSplit"][version][0])
        for version in ALL:
            items = self.call("GET", self.collection("TrafficSplit", version))["items"]
            self.assertEqual([each["metadata"]["name"] for each in items],
                             sorted(f"of-{each}" for each in ALL))
            self.assertEqual({each["apiVersion"] for each in items},
                             {f"split.smi-spec.io/{version}"})

    def test_kinds_of_one_version_read_back(self):
        for kind, spec in HUB.items():
            self.create(kind, "v1alpha4", "o", {"spec": spec})
            self.assertEqual(self.read(kind, "v1alpha4", "o")["spec"], spec)

    def test_what_the_schemas_refuse(self):
        for kind, spec in REFUSED:
            with self.subTest(f"{kind} {spec}"):
                told = self.call("POST", self.collection(kind, "v1alpha4"),
                                 self.document(kind, "v1alpha4", "refused", {"spec": spec}), False)
                self.assertEqual(told.get("reason"), "Invalid", told)

    def set_status(self, kind, name):
        """As the controller writes it, in the newest version."""
        status = {"observedGeneration": 1, "conditions": [
            {"type": "Accepted", "status": "True", "reason": "x", "message": "",
             "lastTransitionTime": "2024-05-01T10:00:00Z"}]}
        thing = self.read(kind, "v1alpha4", name)
        self.call("PUT", f"{self.collection(kind, 'v1alpha4')}/{name}/status",
                  dict(thing, status=status))
        return status

    def test_flagger_sees_only_what_it_wrote(self):
        """Reads, compares all but the weights, changes those, writes the whole object back."""
        for version in ("v1alpha1", "v1alpha2", "v1alpha3"):
            with self.subTest(version):
                weigh = str if version == "v1alpha1" else int
                name = f"podinfo-{version}"
                backends = lambda canary: [  # noqa: E731
                    {"service": "podinfo-canary", "weight": weigh(canary)},
                    {"service": "podinfo-primary", "weight": weigh(100 - canary)}]
                mine = {"service": "podinfo", "backends": backends(0)}
                self.create("TrafficSplit", version, name, {"spec": mine})
                status = self.set_status("TrafficSplit", name)
                for canary in (5, 50, 100, 0):
                    thing = self.read("TrafficSplit", version, name)
                    self.assertEqual(thing["spec"], mine)
                    mine = dict(mine, backends=backends(canary))
                    thing["spec"] = mine
                    thing.pop("status")  # it has no such field
                    self.put(thing)
                    after = self.read("TrafficSplit", "v1alpha4", name)
                    self.assertEqual(after["status"], status)
                    self.assertEqual(after["spec"]["backends"][0]["weight"], canary)
                    self.assertNotIn("matches", after["spec"])
                    self.assertNotIn("annotations", after["metadata"])

    def test_argo_rollouts_may_list_the_root_among_the_backends(self):
        """v1alpha1, and a merge patch of the weights."""
        backends = lambda canary: [{"service": "root-canary", "weight": str(canary)},  # noqa: E731
                                   {"service": "root", "weight": str(100 - canary)}]
        self.create("TrafficSplit", "v1alpha1", "argo",
                    {"spec": {"service": "root", "backends": backends(0)}})
        status = self.set_status("TrafficSplit", "argo")
        plural = "trafficsplits.v1alpha1.split.smi-spec.io"
        self.cluster.kubectl("patch", plural, "argo", "-n", "default", "--type=merge", "-p",
                             json.dumps({"spec": {"backends": backends(30)}}))
        after = self.read("TrafficSplit", "v1alpha1", "argo")
        self.assertEqual(after["spec"], {"service": "root", "backends": backends(30)})
        self.assertEqual(after["status"], status)

    def test_server_side_apply_in_an_old_version_keeps_what_others_own(self):
        manifest = lambda weight: json.dumps(self.document(  # noqa: E731
            "TrafficSplit", "v1alpha1", "applied",
            {"spec": {"service": "web", "backends": [{"service": "v1", "weight": weight}]}}))
        self.addCleanup(self.cluster.kubectl, "delete", "ts", "applied", "-n", "default")
        for weight in ("1", "2"):
            self.cluster.kubectl("apply", "--server-side", "-f", "-", stdin=manifest(weight))
            status = self.set_status("TrafficSplit", "applied")
        after = self.read("TrafficSplit", "v1alpha4", "applied")
        self.assertEqual(after["spec"]["backends"], [{"service": "v1", "weight": 2}])
        self.assertEqual(after["status"], status)

    def test_discovery_lists_what_is_served(self):
        for group in ("split", "specs", "access"):
            found = eventually(lambda: self.cluster.get(f"/apis/{group}.smi-spec.io"), group)
            self.assertEqual([each["version"] for each in json.loads(found)["versions"]], ALL)


if __name__ == "__main__":
    unittest.main(verbosity=2)
