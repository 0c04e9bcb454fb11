#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Admission of SMI objects by a real API server and a real controller: what a person sees who
applies them, and that a mesh which is down blocks nobody."""

import base64
import json
import unittest

from cluster import ROOT, STARTING, Cluster, eventually
from mesh import document
from webhooks import ServingController

CRDS = ROOT / "deploy" / "crds"


def configuration(client):
    """As deploy/ has it, but for where it asks."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "smic"},
        "webhooks": [{
            "name": "validate.smic.dev", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "failurePolicy": "Ignore", "timeoutSeconds": 3, "clientConfig": client,
            "rules": [{"apiGroups": ["access.smi-spec.io", "specs.smi-spec.io", "split.smi-spec.io"],
                       "apiVersions": ["*"], "resources": ["*"], "scope": "Namespaced",
                       "operations": ["CREATE", "UPDATE"]}]}]}


def split(name, *backends, version="v1alpha4", **more):
    return document(f"split.smi-spec.io/{version}", "TrafficSplit", name, "default", spec={
        "service": "web", "backends": [{"service": each, "weight": weight}
                                       for each, weight in backends], **more})


def group(name, *matches):
    return document("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", name, "default",
                    spec={"matches": list(matches)})


TARGET = document("access.smi-spec.io/v1alpha4", "TrafficTarget", "t", "default", spec={
    "destination": {"kind": "ServiceAccount", "name": "web", "namespace": "other"},
    "sources": [{"kind": "ServiceAccount", "name": "api"}],
    "rules": [{"kind": "TCPRoute", "name": "r"}]})

# What the CRDs' schemas let pass and is wrong all the same: object → parts of what is said.
REFUSED = [
    (split("a", ("v1", 1), ("v1", 2)), ["spec.backends[1].service: ", "twice", "[E13]"]),
    (split("a", ("web", 1)), ["spec.backends[0].service: ", "[E14]"]),
    (split("a", ("v1.elsewhere", 1)), ["spec.backends[0].service: ", "[E15]"]),
    (split("a", ("v1", 1 << 31)), ["spec.backends[0].weight: ", "[E12]"]),
    (split("a"), ["[E12]"]),
    (group("g", {"name": "m", "pathRegex": "/a(b"}), ["spec.matches[0].pathRegex: ", "[E03]"]),
    (group("g", {"name": "m"}, {"name": "m"}), ["spec.matches[1].name: ", "[E02]"]),
    (group("g", {"name": "m", "headers": [{"a": "b", "c": "d"}]}), ["spec.matches[0]", "[E05]"]),
    (TARGET, ["spec.destination.namespace: ", "[E10]"]),
]


class Admission(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.cluster.kubectl("apply", "-f", CRDS)
        cls.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS)
        cls.controller = ServingController(cls.cluster)
        cls.addClassCleanup(lambda: cls.controller.end())
        cls.configure({"url": cls.controller.url("/validate"), "caBundle": cls.controller.bundle})
        eventually(lambda: "E12" in cls.create(split("a")).stderr, "mistakes are told", STARTING)

    @classmethod
    def configure(cls, client):
        cls.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(configuration(client)))

    @classmethod
    def create(cls, thing, *more):
        return cls.cluster.kubectl("create", *more, "-f", "-", stdin=json.dumps(thing), check=False)

    def tried(self, thing):
        """What is said of it; it is not kept."""
        done = self.create(thing, "--dry-run=server")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def applied(self, thing):
        self.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(thing))
        self.addCleanup(self.cluster.kubectl, "delete", thing["kind"].lower(),
                        thing["metadata"]["name"], "-n", "default")

    def admitted(self, thing, *more):
        done = self.create(thing, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.addCleanup(self.cluster.kubectl, "delete", thing["kind"].lower() + "." +
                        thing["apiVersion"].split("/")[0], thing["metadata"]["name"],
                        "-n", "default", check=False)
        return done.stderr

    def test_a_mistake_is_told_to_who_applies_it(self):
        for thing, parts in REFUSED:
            with self.subTest(thing):
                done = self.create(thing)
                self.assertNotEqual(done.returncode, 0)
                for part in ["validate.smic.dev", *parts]:
                    self.assertIn(part, done.stderr)

    def test_objects_may_come_in_any_order(self):
        """What is not there yet is shown, and refuses nothing."""
        told = self.admitted(split("early", ("v1", 1), matches=[
            {"kind": "HTTPRouteGroup", "name": "later"}]))
        self.assertIn("[W06]", told)
        self.assertIn("spec.service: ", told)

    def test_what_is_there_is_not_missing(self):
        for name in ("web", "v1"):
            self.applied(document("v1", "Service", name, "default", spec={
                "selector": {"app": name}, "ports": [{"port": 80}]}))
        self.applied(group("canary", {"name": "m", "headers": [{"x": "y"}]}))
        # The controller hears of them a moment later than we do.
        matches = [{"kind": "HTTPRouteGroup", "name": "canary"}]
        eventually(lambda: "W06" not in self.tried(split("good", ("v1", 1))) and
                   "W01" not in self.tried(split("good", ("v1", 1), matches=matches)),
                   "the Services are known")
        told = self.tried(split("slip", ("v11", 1), ("v1", 1), matches=matches))
        self.assertIn("spec.backends[0].service: ", told)
        self.assertIn("did you mean `v1`?", told)
        self.assertNotIn("backends[1]", told)
        # An edit is looked at as it is to be, in any version, and what was tried leaves no trace.
        self.admitted(split("good", ("v1", 1)))
        eventually(lambda: "[W10]" in self.tried(split("rival", ("v1", 1))), "the split is known")
        self.assertNotIn("[W10]", self.cluster.kubectl(
            "patch", "ts", "good", "-n", "default", "--type=merge", "-p",
            json.dumps({"spec": {"backends": [{"service": "v1", "weight": 2}]}})).stderr)
        self.assertIn("[W06]", self.cluster.kubectl(
            "patch", "ts.v1alpha2.split.smi-spec.io", "good", "-n", "default", "--type=merge", "-p",
            json.dumps({"spec": {"backends": [{"service": "gone", "weight": 2}]}}),
            "--dry-run=server").stderr)

    def test_warnings_are_shown(self):
        told = self.admitted(split("zero", ("v1", 0)))
        self.assertIn("Warning: ", told)
        self.assertIn("[W09]", told)
        self.assertIn("[W17]", self.admitted(group("never", {"name": "m", "pathRegex": "api/.*"})))

    def test_what_stood_before_the_webhook_can_be_labelled_and_deleted(self):
        self.cluster.kubectl("delete", "validatingwebhookconfiguration", "smic")
        bad = split("old", ("web", 1))
        eventually(lambda: self.create(bad).returncode == 0, "nobody asks us any more", STARTING)
        self.configure({"url": self.controller.url("/validate"), "caBundle": self.controller.bundle})
        eventually(lambda: "E12" in self.create(split("a")).stderr, "we are asked", STARTING)
        self.cluster.kubectl("label", "ts", "old", "-n", "default", "a=b")
        changed = json.dumps({"spec": {"backends": [{"service": "web", "weight": 2}]}})
        done = self.cluster.kubectl("patch", "ts", "old", "-n", "default", "--type=merge", "-p",
                                    changed, check=False)
        self.assertIn("[E14]", done.stderr)
        self.cluster.kubectl("delete", "ts", "old", "-n", "default")

    def test_z_a_mesh_that_is_down_blocks_nobody(self):
        self.controller.end()
        self.admitted(split("free", ("web", 1)))

    def test_authorities_are_filled_in_and_kept(self):
        """By a controller that may write, wherever the API server is sent to its Service."""
        self.addCleanup(self.configure, {"url": self.controller.url("/validate"),
                                         "caBundle": self.controller.bundle})
        service = {"namespace": "smic-system", "name": "smic-controller"}
        self.cluster.kubectl("create", "namespace", "smic-system")
        self.cluster.kubectl("delete", "validatingwebhookconfiguration", "smic")
        self.configure({"service": dict(service, path="/validate")})
        self.cluster.kubectl("apply", "-f", "-", stdin=json.dumps({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": "v1alpha1.metrics.smi-spec.io"},
            "spec": {"group": "metrics.smi-spec.io", "version": "v1alpha1", "service": service,
                     "groupPriorityMinimum": 100, "versionPriority": 100}}))
        self.addCleanup(self.cluster.kubectl, "delete", "apiservice", "v1alpha1.metrics.smi-spec.io")
        writer = ServingController(self.cluster, writes=True)
        self.addCleanup(writer.end)
        paths = {"crd/trafficsplits.split.smi-spec.io":
                 "{.spec.conversion.webhook.clientConfig.caBundle}",
                 "crd/traffictargets.access.smi-spec.io":
                 "{.spec.conversion.webhook.clientConfig.caBundle}",
                 "validatingwebhookconfiguration/smic": "{.webhooks[0].clientConfig.caBundle}",
                 "apiservice/v1alpha1.metrics.smi-spec.io": "{.spec.caBundle}"}

        def known(name, path):
            text = self.cluster.kubectl("get", name, "-o", f"jsonpath={path}").stdout
            return base64.b64decode(text) == writer.authority.read_bytes()
        for name, path in paths.items():
            eventually(lambda: known(name, path), f"{name} has the authority", STARTING)
        self.cluster.kubectl("apply", "-f", CRDS)  # again: what others wrote stays
        for name, path in paths.items():
            self.assertTrue(known(name, path))


if __name__ == "__main__":
    unittest.main(verbosity=2)
