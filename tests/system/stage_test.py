#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stage that the system tests of a whole cluster stand on: what is played behaves as in a cluster,
where a test's meaning hangs on it."""

import unittest

from cluster import eventually
from mesh_objects import HTTP, Shop, Traffic
from node_cluster import NodeCluster


class Stage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(NodeCluster())
        cls.shop = Shop(cls.cluster, "stage")
        cls.cluster.caretaker.settled()

    def test_names_and_services_lead_to_pods_of_all_nodes(self):
        for app in self.shop.web:
            self.assertEqual(app.dig("kubernetes.default.svc.cluster.local"), ("NOERROR", ["10.96.0.1"]))
            self.assertEqual(app.dig("nobody.stage.svc.cluster.local")[0], "NXDOMAIN")
            seen = {self.shop.ask(app, "http://reviews/")[1] for _ in range(20)}
            self.assertEqual(seen, {"v1", "v2"})

    def test_a_pod_is_seen_under_its_own_address_and_reaches_itself(self):
        v1 = self.shop.v1
        server = self.shop.web[1].start("python3", "-u", "-m", "http.server", "8000")
        for app, host in ((self.shop.web[0], self.shop.web[1].address), (v1, self.shop.web[1].address)):
            eventually(lambda: app.curl(f"http://{host}:8000/")[0] == 200, "an answer")
            server.says(app.address)
        self.assertEqual(self.shop.ask(v1, f"http://reviews-v1.{self.shop.ns}/"), (200, "v1"))

    def test_pods_that_are_not_ready_get_nothing(self):
        more = self.cluster.echo("stage", "more", "reviews", {"app": "reviews", "version": "v1"}, 1, HTTP)
        seen = lambda: {self.shop.ask(self.shop.web[0], "http://reviews-v1/")[1] for _ in range(12)}  # noqa: E731
        eventually(lambda: seen() == {"v1", "more"}, "both answer")
        more.tell(False)
        self.cluster.caretaker.settled()
        self.assertEqual(seen(), {"v1"})

    def test_a_node_can_be_cut_off_and_nothing_written_is_left(self):
        before = self.cluster.everything()
        web, far = self.shop.web[0], f"http://{self.shop.v2.address}:{HTTP}/"
        self.cluster.nodes[0].partition(True)
        self.assertEqual(self.shop.ask(web, f"http://{self.shop.v1.address}:{HTTP}/"), (200, "v1"))
        self.assertEqual(self.shop.ask(web, far, "-m", "1")[0], 0)
        self.cluster.nodes[0].partition(False)
        eventually(lambda: self.shop.ask(web, far) == (200, "v2"), "it is mended")
        self.assertEqual(self.cluster.everything(), before)

    def test_the_cluster_outlives_its_api(self):
        url = f"http://reviews.{self.shop.ns}/"
        with Traffic(self.shop.web[0], url) as traffic:
            self.cluster.kill_apiserver()
            for _ in range(10):
                self.assertEqual(self.shop.ask(self.shop.web[1], url)[0], 200)
            self.cluster.start_apiserver()
            self.cluster.caretaker.settled()
        self.assertEqual(set(traffic.seen[url]["statuses"]), {"200"}, traffic.seen)

    def test_dns_follows_its_config_map(self):
        path = "/api/v1/namespaces/kube-system/configmaps/coredns"
        corefile = self.cluster.api.get(path)["data"]["Corefile"]
        block = 'stage.test:53 {\n    hosts {\n        10.1.2.3 a.stage.test\n    }\n}\n'
        self.cluster.api.merge(path, {"data": {"Corefile": corefile + block}})
        web = self.shop.web[0]
        eventually(lambda: web.dig("a.stage.test") == ("NOERROR", ["10.1.2.3"]), "it is live", 30)
        self.cluster.api.merge(path, {"data": {"Corefile": corefile}})
        eventually(lambda: web.dig("a.stage.test")[0] != "NOERROR", "it is gone", 30)

    def test_tokens_of_pods_are_bound_to_them(self):
        dns = self.cluster.dns
        review = self.cluster.api.post("/apis/authentication.k8s.io/v1/tokenreviews", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
            "spec": {"token": dns.token("someone"), "audiences": ["someone"]}})["status"]
        self.assertTrue(review["authenticated"], review)
        extra = review["user"]["extra"]
        self.assertEqual(extra["authentication.kubernetes.io/pod-name"], [dns.name])
        self.assertEqual(extra["authentication.kubernetes.io/node-name"], ["node1"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
