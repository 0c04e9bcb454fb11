#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The controllers of deploy/, as pods with the rights of their manifests, and the API server that asks
them by their Service: conversion, admission, leading, and what happens when they are away."""

import json
import unittest

from api import ApiError
from cluster import eventually
from mesh import document, split
from node_cluster import DEPLOY, NodeCluster

NS = "shop"


class ControlPlane(unittest.TestCase):
    """One cluster; the tests change it one after the other, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(NodeCluster())
        cls.api = cls.cluster.api
        cls.cluster.kubectl("apply", "-k", DEPLOY)
        cls.cluster.roll_out("Deployment", "smic-controller", cls.cluster.nodes)
        cls.cluster.apply(document("v1", "Namespace", NS, None))

    def leader(self):
        lease = self.api.find("/apis/coordination.k8s.io/v1/namespaces/smic-system/leases/smic-controller")
        holder = ((lease or {}).get("spec") or {}).get("holderIdentity") or ""
        return next((pod for pod in self.cluster.replicas("smic-controller")
                     if holder.startswith(pod.name + "_")), None)

    def path(self, version, name=""):
        return f"/apis/split.smi-spec.io/{version}/namespaces/{NS}/trafficsplits" + (f"/{name}" if name else "")

    def converted(self):
        """Whether the API server reaches a controller that converts, and believes it. A list would not
        tell: where there is no object yet, nobody is asked."""
        try:
            self.api.post(self.path("v1alpha1") + "?dryRun=All", {
                "apiVersion": "split.smi-spec.io/v1alpha1", "kind": "TrafficSplit", "metadata": {"name": "dry"},
                "spec": {"service": "dry", "backends": [{"service": "dry-v1", "weight": "1"}]}})
            return True
        except (ApiError, OSError):
            return False

    def test_1_canary_controllers_read_back_what_they_wrote(self):
        """Flagger and Argo Rollouts compare everything but weights, in versions of their own."""
        weights = {"v1alpha1": ("100", "0"), "v1alpha2": (100, 0), "v1alpha3": (100, 0)}
        for version, (primary, canary) in weights.items():
            with self.subTest(version):
                spec = {"service": "db", "backends": [{"service": "db-primary", "weight": primary},
                                                      {"service": "db-canary", "weight": canary}]}
                name = f"flagger-{version}"
                eventually(self.converted, lambda: f"conversion:\n{self.cluster.last_words()}", 30)
                self.api.post(self.path(version), {
                    "apiVersion": f"split.smi-spec.io/{version}", "kind": "TrafficSplit",
                    "metadata": {"name": name}, "spec": spec})

                def moved(found):
                    self.assertEqual(found["spec"], spec)
                    found["spec"]["backends"][0]["weight"] = canary
                    found["spec"]["backends"][1]["weight"] = primary
                    found.pop("status", None)  # as who writes back what it knows of
                found = self.api.edit(self.path(version, name), moved)
                again = self.api.get(self.path(version, name))
                self.assertEqual(again["spec"], found["spec"])
                self.assertEqual(again["metadata"].get("annotations"), found["metadata"].get("annotations"))
                hub = self.api.get(self.path("v1alpha4", name))["spec"]
                self.assertNotIn("matches", hub)
                self.assertEqual([each["weight"] for each in hub["backends"]], [0, 100])

    def test_2_mistakes_are_refused_where_they_are_made(self):
        twice = split(NS, "twice", "web", [("web-v1", 1), ("web-v1", 1)])
        eventually(lambda: self.refused(twice), lambda: f"admission:\n{self.cluster.last_words()}", 30)
        self.assertIn("web-v1", self.refused(twice))
        self.assertIsNone(self.refused(split(NS, "once", "web", [("web-v1", 1)])))

    def refused(self, each):
        """By whom and why, in words; None if it would be taken. Nothing is written: what is there already is
        sent to nobody a second time."""
        done = self.cluster.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(each), check=False)
        return done.stderr if "denied the request" in done.stderr else None

    def test_3_another_one_leads_when_the_leader_is_killed(self):
        leader = eventually(self.leader, "somebody leads", 30)
        leader.frozen = True
        leader.kill()
        eventually(lambda: self.leader() not in (None, leader), "another one leads", 60)
        self.assertTrue(eventually(self.converted, "it converts", 30))
        leader.frozen = False
        eventually(lambda: leader.restarts == 1 and leader.is_ready, "it is back", 30)

    def test_4_one_is_replaced_by_the_next_and_conversion_never_fails(self):
        for old in self.cluster.replicas("smic-controller"):
            self.cluster.add_replica("Deployment", "smic-controller", old.node).ready()
            self.cluster.caretaker.settled()
            self.assertTrue(self.converted())
            self.assertEqual(old.stop(), 0)
            self.cluster.caretaker.settled()
            for _ in range(10):
                self.assertTrue(self.converted())

    def test_5_without_controllers_nobody_is_blocked(self):
        for pod in self.cluster.replicas("smic-controller"):
            pod.frozen = True
            pod.kill()
            pod.tell(False)
        self.cluster.caretaker.settled()
        self.cluster.apply(split(NS, "unseen", "web", [("web-v1", 1), ("web-v1", 1)]))  # nobody looks
        self.assertEqual(self.api.get(self.path("v1alpha4", "unseen"))["spec"]["service"], "web")
        self.assertFalse(self.converted())
        for pod in self.cluster.replicas("smic-controller"):
            pod.frozen = False
        for pod in self.cluster.replicas("smic-controller"):
            eventually(lambda: pod.is_ready and pod.process.process.poll() is None, "it is back", 60)
        eventually(self.converted, "objects are converted again", 60)

    def test_6_nobody_was_refused_a_right(self):
        for pod in self.cluster.replicas("smic-controller"):
            for line in pod.text().splitlines():
                self.assertNotIn("forbidden", line.lower())


if __name__ == "__main__":
    unittest.main(verbosity=2)
