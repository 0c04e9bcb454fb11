#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Edits while traffic flows: every save takes effect, and no request is lost."""

import socket
import time
import unittest

from mesh import (Load, Mesh, eventually, pod, route_group, service, slice_of, split, target,
                  yaml_text)


class Reload(unittest.TestCase):
    def setUp(self):
        self.mesh = self.enterContext(Mesh())
        self.mesh.reviews([("reviews-v1", 1), ("reviews-v2", 0)])
        self.mesh.echo("v1", 21)
        self.mesh.echo("v2", 22)
        self.mesh.start()

    def client(self, name, who):
        client = self.mesh.client(name, who)
        self.addCleanup(client.close)
        return client

    def load(self):
        return Load(*self.mesh.address("reviews"), source=self.mesh.ip(11))

    def says_version(self, number):
        self.mesh.up.says(f"version {number}:")

    def test_a_weight_edit_takes_effect_under_load_and_loses_nothing(self):
        with self.load() as load:
            load.has_seen(200)
            self.assertEqual({seen.who for seen in load.seen}, {"v1"})
            self.mesh.weights([("reviews-v1", 0), ("reviews-v2", 1)])
            self.says_version(2)
            enforced = time.monotonic()
            load.has_seen(200, enforced)
        self.assertEqual(load.failures(), [])
        self.assertEqual({seen.who for seen in load.since(enforced)}, {"v2"})

    def test_many_edits_in_a_row_lose_nothing(self):
        with self.load() as load:
            for version in range(2, 32):
                self.mesh.weights([("reviews-v1", version), ("reviews-v2", 1)])
                self.says_version(version)
            load.has_seen(100, time.monotonic())
        self.assertEqual(load.failures(), [])

    def test_a_rule_edit_denies_the_next_request_and_not_the_one_before(self):
        mesh, client = self.mesh, self.client("reviews", 11)
        self.assertEqual(client.request()[0], 200)
        mesh.write("access.yaml", route_group(mesh.ns, "any", {"name": "all", "pathRegex": "/open"}),
                   target(mesh.ns, "web-to-reviews", "reviews", ["web"], ("HTTPRouteGroup", "any")))
        self.says_version(2)
        self.assertEqual(client.request(path="/closed")[0], 403)
        self.assertEqual(client.request(path="/open")[0], 200)
        (mesh.path / "access.yaml").unlink()
        self.says_version(3)
        self.assertEqual(client.request(path="/open")[0], 403)

    def test_services_come_and_go_while_others_serve(self):
        mesh, ns = self.mesh, self.mesh.ns
        with self.load() as load:
            load.has_seen(50)
            mesh.write("cart.yaml", service(ns, "cart", 80, mesh.port),
                       slice_of(ns, "cart", mesh.port, [("v2", mesh.ip(22))]))
            self.says_version(2)
            self.assertEqual(self.client("cart", 11).request()[:2], (200, "v2"))
            host, port = mesh.address("cart")
            (mesh.path / "cart.yaml").unlink()
            self.says_version(3)
            self.assertNotIn(f"cart.{ns}.mesh", mesh.addresses())
            with self.assertRaises(OSError):
                socket.create_connection((host, port), 5).close()
            load.has_seen(100, time.monotonic())
        self.assertEqual(load.failures(), [])

    def test_an_endpoint_edit_moves_the_traffic(self):
        mesh, ns = self.mesh, self.mesh.ns
        with self.load() as load:
            load.has_seen(50)
            mesh.write("pods.yaml", pod(ns, "web", "web", mesh.ip(11)),
                       pod(ns, "v2", "reviews", mesh.ip(22)),
                       slice_of(ns, "reviews-v1", mesh.port, [("v2", mesh.ip(22))]))
            self.says_version(2)
            enforced = time.monotonic()
            load.has_seen(50, enforced)
        self.assertEqual(load.failures(), [])
        self.assertEqual({seen.who for seen in load.since(enforced)}, {"v2"})

    def test_a_broken_edit_is_reported_and_the_last_good_version_serves(self):
        mesh = self.mesh
        for broken in ("{[ not yaml", yaml_text(split(mesh.ns, "canary", "reviews",
                                                      [("reviews-v2", -1)]))):
            with self.load() as load:
                load.has_seen(50)
                before = mesh.up.text().count("still serving version 1")
                (mesh.path / "split.yaml").write_text(broken)
                eventually(lambda: mesh.up.text().count("still serving version 1") > before,
                           "the broken edit is refused")
                load.has_seen(100, time.monotonic())
            self.assertEqual(load.failures(), [])
            self.assertEqual({seen.who for seen in load.seen}, {"v1"})
        mesh.up.says("E12")  # the first edit may have been told twice
        self.assertRegex(mesh.up.text(), r"split\.yaml:\d+:\d+: error: ")
        mesh.weights([("reviews-v2", 1)])
        self.says_version(2)
        self.assertEqual(self.client("reviews", 11).request()[:2], (200, "v2"))

    def test_a_broken_file_of_services_takes_no_service_away(self):
        mesh = self.mesh
        (mesh.path / "services.yaml").write_text("{{{")
        mesh.up.says("still serving version 1")
        self.assertEqual(len(mesh.addresses()), 3)
        self.assertEqual(self.client("reviews", 11).request()[0], 200)

    def test_editors_that_write_in_steps_lose_nothing(self):
        mesh = self.mesh
        path = mesh.path / "services.yaml"
        text = path.read_text()
        with self.load() as load:
            for version in range(2, 7):
                more = yaml_text(service(mesh.ns, f"extra{version}", 80))
                with open(path, "w", encoding="utf-8") as file:  # truncates
                    for piece in (text[:100], text[100:], "---\n" + more):
                        file.write(piece)
                        file.flush()
                        load.has_seen(5, time.monotonic())
                self.says_version(version)
                path.rename(path.with_suffix(".yaml~"))  # as an editor that keeps a copy
                load.has_seen(5, time.monotonic())
                path.write_text(text + "---\n" + more)
        self.assertEqual(load.failures(), [])
        self.assertNotIn("gone", [line.split()[-1] for line in mesh.up.out
                                  if f"reviews.{mesh.ns}" in line])


if __name__ == "__main__":
    unittest.main(verbosity=2)
