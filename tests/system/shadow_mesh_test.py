#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smic installed from deploy-shadow/ into a cluster of two nodes: mesh names lead to shadow Services, and
those to the proxy of the pod's own node, which sees who calls."""

import unittest

from cluster import ROOT, eventually
from mesh_objects import HTTP, NS, TCP, Shop, TrafficOfAll, http_service
from node_cluster import NodeCluster

OURS = "smic-system"
DEPLOY = ROOT / "deploy-shadow"


class ShadowMesh(unittest.TestCase):
    """One cluster; the tests change it one after the other, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(NodeCluster())
        cls.shop = Shop(cls.cluster)
        cls.web, cls.batch = cls.shop.web, cls.shop.batch
        cls.cluster.caretaker.settled()
        cls.before = cls.cluster.everything()
        cls.cluster.install(what=DEPLOY)
        cls.shop.policy()

    def shadow(self, name):
        found = self.cluster.api.items(f"/api/v1/namespaces/{OURS}/services?labelSelector=mesh.smic.dev/shadow")
        return next((each for each in found if each["metadata"]["annotations"]["mesh.smic.dev/shadow-of"] ==
                     f"{NS}/{name}"), None)

    def all_become(self, who):
        for app in self.web:
            self.shop.becomes(app, (200, who))
        for app in self.batch:
            self.shop.becomes(app, (403, None))

    def test_1_mesh_names_lead_to_shadow_services(self):
        for app in self.web:
            address = lambda: (self.shadow("reviews") or {"spec": {}})["spec"].get("clusterIP")  # noqa: E731
            eventually(lambda: app.dig(f"reviews.{NS}.mesh") == ("NOERROR", [address()]),
                       lambda: f"{address()}: {app.dig(f'reviews.{NS}.mesh')}\n{self.cluster.last_words()}", 60)

    def test_2_what_is_allowed_passes_and_nothing_else(self):
        self.all_become("v1")
        for app in self.web:
            eventually(lambda: self.shop.tcp(app) == "db\nhello\n", "TCP")
            eventually(lambda: self.shop.udp(app) == "clock: hello", "UDP")
        for app in self.batch:
            self.assertEqual(self.shop.tcp(app), "")
            self.assertEqual(self.shop.udp(app), "")

    def test_3_traffic_stays_on_its_own_node(self):
        for here, app in enumerate(self.web):
            self.assertEqual(self.shop.by_node(app), [10.0 if i == here else 0.0 for i in range(2)])

    def test_4_the_proxy_has_no_capability_and_listens_on_the_nodes_address_alone(self):
        for node in self.cluster.nodes:
            self.assertEqual(node.run("ip", "route", "show", "table", "local", "proto", "115").stdout, "")
            unit = next(each for each in self.cluster.config(node)["units"] if each["service"] == f"{NS}/reviews")
            port = unit["listen_port"]
            self.assertEqual(node.run("curl", "-sS", "-m", "5", "-o", "/dev/null",
                                      f"http://127.0.0.1:{port}/", check=False).returncode, 7)  # refused
        for pod in self.cluster.replicas("smic-proxy"):
            self.assertNotIn("cannot be had", pod.text())

    def test_5_weights_change_under_load_and_a_service_comes_and_goes(self):
        with TrafficOfAll(self.shop) as traffic:
            self.shop.weights(0, 100)
            self.all_become("v2")
            self.shop.weights(100, 0)
            self.all_become("v1")
            self.cluster.apply(http_service(NS, "late", {"app": "reviews", "version": "v2"}))
            url = self.shop.url("late")
            for app in self.web:
                self.shop.becomes(app, (200, "v2"), url, 60)
            self.cluster.api.delete(f"/api/v1/namespaces/{NS}/services/late")
            eventually(lambda: self.shadow("late") is None, "its shadow is gone")
        print(f"weights and Services changed: {traffic.count} requests, none lost, none let through", flush=True)

    def test_6_a_shadow_that_is_deleted_is_back_and_leads_on(self):
        self.all_become("v1")
        uid = self.shadow("reviews")["metadata"]["uid"]
        self.cluster.api.delete(f"/api/v1/namespaces/{OURS}/services/{self.shadow('reviews')['metadata']['name']}")
        eventually(lambda: (self.shadow("reviews") or {"metadata": {"uid": uid}})["metadata"]["uid"] != uid,
                   "another one")
        for app in self.web:  # under another address, once DNS has forgotten the old one
            self.shop.becomes(app, (200, "v1"), patience=60)

    def test_7_a_proxy_is_replaced_without_a_lost_request(self):
        proxy = next(pod for pod in self.cluster.replicas("smic-proxy") if pod.node is self.web[0].node)
        with TrafficOfAll(self.shop) as traffic:
            self.cluster.roll_out("DaemonSet", "smic-proxy", [proxy.node])
            proxy.stop()
        print(f"proxy replaced: {traffic.count} requests, none lost, none let through", flush=True)

    def test_8_uninstalled_nothing_is_left(self):
        self.cluster.kubectl("delete", "trafficsplits,traffictargets,httproutegroups,tcproutes,udproutes",
                             "--all", "-n", NS)
        self.cluster.uninstall(DEPLOY)
        self.cluster.caretaker.settled()
        now = self.cluster.everything()
        self.assertEqual({key: now.get(key) for key in self.before}, self.before)
        self.assertEqual(set(now) - set(self.before), set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
