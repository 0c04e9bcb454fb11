#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cluster with addresses of both families: mesh names lead to one of each, and what holds by IPv4 holds by
IPv6, also for a Service that has nothing else."""

import ipaddress
import unittest

from cluster import eventually
from mesh import target
from mesh_objects import NS, TCP, Shop, TrafficOfAll, http_service
from node_cluster import DualStackCluster

MESH = ipaddress.ip_network("fd73:6d69:6300::/48")


class DualStack(unittest.TestCase):
    """One cluster; the tests change it one after the other, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(DualStackCluster())
        cls.shop = Shop(cls.cluster)
        cls.web, cls.batch = cls.shop.web, cls.shop.batch
        cls.cluster.caretaker.settled()
        cls.cluster.install()
        cls.shop.policy()

    def mesh_address(self, app, service):
        """The IPv6 one, as a URL has it, as soon as the name is known."""
        name = f"{service}.{NS}.mesh"
        found = eventually(lambda: app.dig(name, "AAAA")[1], lambda: f"{name} has an AAAA record\n"
                           f"{app.dig(name, 'AAAA')}\n{self.cluster.last_words()}", 60)
        self.assertEqual(len(found), 1, found)
        self.assertIn(ipaddress.ip_address(found[0]), MESH)
        return f"[{found[0]}]"

    def by_six(self, app, service="reviews"):
        return f"http://{self.mesh_address(app, service)}/"

    def all_become(self, who):
        for app in self.web:
            self.shop.becomes(app, (200, who), self.by_six(app))
            self.shop.becomes(app, (200, who), f"http://{app.dig(f'reviews.{NS}.mesh')[1][0]}/")
        for app in self.batch:
            self.shop.becomes(app, (403, None), self.by_six(app))
            self.shop.becomes(app, (403, None), f"http://{app.dig(f'reviews.{NS}.mesh')[1][0]}/")

    def test_1_names_have_an_address_of_each_family(self):
        path = f"/api/v1/namespaces/{NS}/services/reviews"
        four, six = self.cluster.api.get(path)["spec"]["clusterIPs"]
        for app in self.web:
            got = ipaddress.ip_address(self.mesh_address(app, "reviews").strip("[]"))
            self.assertEqual(int(got) & 0xffff, int(ipaddress.ip_address(six)) & 0xffff)
            self.assertEqual(app.dig(f"reviews.{NS}.mesh"), ("NOERROR", ["240." + four.partition(".")[2]]))

    def test_2_what_is_allowed_passes_and_nothing_else(self):
        self.all_become("v1")
        for app in self.web:
            db, clock = (self.mesh_address(app, name).strip("[]") for name in ("db", "clock"))
            eventually(lambda: self.shop.tcp(app, host=db) == "db\nhello\n", "TCP")
            eventually(lambda: self.shop.udp(app, host=clock) == "clock: hello", "UDP")
        for app in self.batch:
            self.assertEqual(self.shop.tcp(app, host=db), "")
            self.assertEqual(self.shop.udp(app, host=clock), "")

    def test_3_backends_are_reached_by_the_family_of_the_caller_or_the_other(self):
        """A Service of IPv6 alone has no address of IPv4, and its pods are reached all the same."""
        only = http_service(NS, "only-six", {"app": "reviews", "version": "v2"})
        only["spec"].update(ipFamilyPolicy="SingleStack", ipFamilies=["IPv6"])
        self.cluster.apply(only)
        self.cluster.caretaker.settled()
        for app in self.web:
            self.shop.becomes(app, (200, "v2"), self.by_six(app, "only-six"))
            self.assertEqual(app.dig(f"only-six.{NS}.mesh"), ("NOERROR", []))
            self.shop.becomes(app, (200, "v2"), self.shop.url("only-six"))
        for app in self.batch:
            self.shop.becomes(app, (403, None), self.by_six(app, "only-six"))

    def test_4_traffic_stays_on_its_own_node(self):
        for here, app in enumerate(self.web):
            self.assertEqual(self.shop.by_node(app, url=self.by_six(app)),
                             [10.0 if i == here else 0.0 for i in range(2)])
        for node in self.cluster.nodes:
            routes = node.run("ip", "-6", "route", "show", "table", "local").stdout
            self.assertIn(f"local {MESH} dev lo", routes)

    def test_5_changes_and_a_hand_over_lose_nothing(self):
        with (TrafficOfAll(self.shop, self.shop.urls("AAAA")) as six,
              TrafficOfAll(self.shop, self.shop.urls("A")) as four):
            self.shop.weights(0, 1)
            self.all_become("v2")
            for old in self.cluster.replicas("smic-proxy"):
                self.cluster.add_replica("DaemonSet", "smic-proxy", old.node).ready()
                old.stop()
            self.shop.weights(1, 0)
            self.all_become("v1")
        print(f"by IPv6: {six}", flush=True)
        print(f"by IPv4: {four}", flush=True)

    def test_6_who_is_allowed_is_edited(self):
        self.shop.allow("batch")
        for app in self.web:
            self.shop.becomes(app, (403, None), self.by_six(app))
        for app in self.batch:
            self.shop.becomes(app, (200, "v1"), self.by_six(app))
        self.cluster.apply(target(NS, "to-db", "db", ["batch"], ("TCPRoute", "sql")))
        db = self.mesh_address(self.batch[0], "db").strip("[]")
        for app in self.batch:
            eventually(lambda: self.shop.tcp(app, host=db) == "db\nhello\n", f"{db}:{TCP}")
        for app in self.web:
            self.assertEqual(self.shop.tcp(app, host=db), "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
