#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/crds on a real API server: accepted, named as the conformance suite asks, and without
loss between the versions that are served."""

import json
import unittest

from cluster import ROOT, Cluster, eventually

CRDS = ROOT / "deploy" / "crds"
NAMES = {  # kind → short name, versions served
    "TrafficTarget": ("tt", ["v1alpha4", "v1alpha3"]),
    "IdentityBinding": ("ib", ["v1alpha4"]),
    "HTTPRouteGroup": ("htr", ["v1alpha4", "v1alpha3"]),
    "TCPRoute": ("tr", ["v1alpha4", "v1alpha3"]),
    "UDPRoute": ("ur", ["v1alpha4"]),
    "TrafficSplit": ("ts", ["v1alpha4", "v1alpha3", "v1alpha2"]),
}

TARGET = {"destination": {"kind": "ServiceAccount", "name": "web", "namespace": "default"},
          "sources": [{"kind": "ServiceAccount", "name": "api"}],
          "rules": [{"kind": "HTTPRouteGroup", "name": "r", "matches": ["m"]}]}
SPECS = {  # valid ones, with everything that every version has
    "TrafficTarget": TARGET,
    "IdentityBinding": {"schemes": {"podLabelSelector": {"matchLabels": {"a": "b"}}}},
    "HTTPRouteGroup": {"matches": [
        {"name": "m", "pathRegex": "/a", "methods": ["*"], "headers": {"x": "y"}},
        {"name": "old", "headers": [{"x": "y"}]}]},
    "TCPRoute": {"matches": {"ports": [80]}},
    "UDPRoute": {"matches": {"ports": [53]}},
    "TrafficSplit": {"service": "web", "backends": [{"service": "v1", "weight": 90}]},
}
REFUSED = [  # kind, spec
    ("TrafficTarget", dict(TARGET, sources=[])),
    ("TrafficTarget", {key: value for key, value in TARGET.items() if key != "destination"}),
    ("IdentityBinding", {"schemes": {}}),
    ("HTTPRouteGroup", {"matches": [{"pathRegex": "/a"}]}),
    ("HTTPRouteGroup", {"matches": [{"name": "m", "methods": ["FETCH"]}]}),
    ("TCPRoute", {"matches": {"ports": [65536]}}),
    ("TrafficSplit", {"service": "web"}),
    ("TrafficSplit", {"service": "web", "backends": [{"service": "v1", "weight": -1}]}),
    ("TrafficSplit", {"service": "web", "backends": [], "matches": [{"kind": "X", "name": "m"}]}),
]


class Crds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.cluster.kubectl("apply", "-f", CRDS)
        cls.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS)
        cls.crds = {crd["spec"]["names"]["kind"]: crd for crd in json.loads(
            cls.cluster.kubectl("get", "crds", "-o", "json").stdout)["items"]}

    def api_version(self, kind, version):
        return self.crds[kind]["spec"]["group"] + "/" + version

    def plural(self, kind, version):
        names = self.crds[kind]["spec"]
        return f"{names['names']['plural']}.{version}.{names['group']}"

    def create(self, kind, version, spec, name="o"):
        text = json.dumps({"apiVersion": self.api_version(kind, version), "kind": kind,
                           "metadata": {"name": name, "namespace": "default"}, "spec": spec})
        return self.cluster.kubectl("create", "--validate=strict", "-f", "-", stdin=text,
                                    check=False)

    def read(self, kind, version, name="o"):
        return json.loads(self.cluster.kubectl("get", self.plural(kind, version), name, "-n",
                                               "default", "-o", "json").stdout)

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

    def test_every_version_reads_back_in_every_other_as_it_was_written(self):
        for kind, (_, served) in NAMES.items():
            for written in served:
                name = f"in-{written}"
                done = self.create(kind, written, SPECS[kind], name)
                self.assertEqual(done.returncode, 0, done.stderr)
                for read in served:
                    with self.subTest(f"{kind} {written} as {read}"):
                        self.assertEqual(self.read(kind, read, name)["spec"], SPECS[kind])

    def test_what_the_schemas_refuse(self):
        for kind, spec in REFUSED:
            with self.subTest(f"{kind} {spec}"):
                done = self.create(kind, "v1alpha4", spec, "refused")
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("nvalid", done.stderr)

    def test_a_write_of_the_object_leaves_its_status_alone(self):
        self.create("TrafficSplit", "v1alpha4", SPECS["TrafficSplit"], "s")
        status = {"observedGeneration": 1, "conditions": [
            {"type": "Accepted", "status": "True", "reason": "x", "message": ""}]}
        patch = lambda *words: self.cluster.kubectl(  # noqa: E731
            "patch", self.plural("TrafficSplit", "v1alpha2"), "s", "-n", "default",
            "--type=merge", *words)
        patch("--subresource=status", "-p", json.dumps({"status": status}))
        # As Flagger does: read, change the weights, write it back as a whole, in its version.
        split = self.read("TrafficSplit", "v1alpha2", "s")
        split["spec"]["backends"][0]["weight"] = 10
        split.pop("status")
        self.cluster.kubectl("replace", "-f", "-", stdin=json.dumps(split))
        after = self.read("TrafficSplit", "v1alpha4", "s")
        self.assertEqual(after["status"], status)
        self.assertEqual(after["spec"]["backends"][0]["weight"], 10)
        self.assertNotIn("matches", after["spec"])

    def test_discovery_lists_what_is_served(self):
        for group, versions in (("split", 3), ("specs", 2), ("access", 2)):
            found = eventually(lambda: self.cluster.get(f"/apis/{group}.smi-spec.io"), group)
            self.assertEqual(len(json.loads(found)["versions"]), versions)


if __name__ == "__main__":
    unittest.main(verbosity=2)
