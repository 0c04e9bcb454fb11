#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic up`: addresses, identities, fairness, start with errors, drain."""

import json
import re
import signal
import socket
import threading
import unittest

from mesh import Mesh, Process, SMIC, eventually, smic, split


class Up(unittest.TestCase):
    def mesh(self, *options):
        return self.enterContext(Mesh(*options))

    def reviews(self, *options, weights=(("reviews-v1", 90), ("reviews-v2", 10))):
        mesh = self.mesh(*options).reviews(weights)
        mesh.echo("v1", 21)
        mesh.echo("v2", 22)
        return mesh.start()

    def client(self, mesh, name, who):
        client = mesh.client(name, who)
        self.addCleanup(client.close)
        return client

    def test_addresses_are_a_map_from_mesh_name_to_port_to_address(self):
        mesh = self.reviews()
        addresses = mesh.addresses()
        self.assertEqual(set(addresses), {f"{name}.{mesh.ns}.mesh"
                                          for name in ("reviews", "reviews-v1", "reviews-v2")})
        for ports in addresses.values():
            self.assertEqual(list(ports), ["80"])
            self.assertRegex(ports["80"], r"^127\.(?!0\.)\d+\.\d+\.\d+:80$")
        for path in ("/healthz", "/metrics", "/config"):
            self.assertEqual(mesh.get_admin(path)[0], 200, path)

    def test_whoever_gets_an_answer_of_admin_gets_addresses(self):
        mesh = self.mesh().reviews()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            mesh.admin = f"127.0.0.1:{probe.getsockname()[1]}"
        up = Process(SMIC, "up", mesh.path, "--admin", mesh.admin)
        mesh.started.append(up)

        def answered():
            try:
                return mesh.get_admin("/healthz")
            except ConnectionRefusedError:
                return None
        self.assertEqual(eventually(answered, "admin answers")[0], 200)
        self.assertEqual(len(mesh.addresses()), 3)

    def test_the_table_shows_names_addresses_and_routes(self):
        mesh = self.reviews()
        said = mesh.up.text()
        self.assertIn(f"reviews.{mesh.ns}.mesh", said)
        self.assertIn("reviews-v1 90, reviews-v2 10", said)
        self.assertRegex(said, rf"{re.escape(mesh.ip(11))} +{mesh.ns}/web")

    def test_a_split_is_fair_through_the_mesh_address(self):
        mesh = self.reviews("--workers=1")
        client = self.client(mesh, "reviews", 11)
        answers = [client.request(path="/reviews/7") for _ in range(1000)]
        self.assertEqual({status for status, _, _ in answers}, {200})
        second = sum(who == "v2" for _, who, _ in answers)
        self.assertLessEqual(abs(second - 100), 5)

    def test_who_calls_is_decided_by_the_source_address(self):
        mesh = self.reviews()
        self.assertEqual(self.client(mesh, "reviews", 11).request()[0], 200)
        status, who, body = self.client(mesh, "reviews", 12).request()
        self.assertEqual((status, who), (403, None))
        self.assertEqual(self.client(mesh, "reviews", 99).request()[0], 403)  # nobody's address
        # No header makes somebody else of a caller.
        forged = {"X-Forwarded-For": mesh.ip(11), "Host": f"reviews.{mesh.ns}.mesh"}
        self.assertEqual(self.client(mesh, "reviews", 12).request(headers=forged)[0], 403)

    def test_permissive_access_lets_everybody_in(self):
        mesh = self.reviews("--access=permissive")
        self.assertEqual(self.client(mesh, "reviews", 12).request()[0], 200)

    def test_the_portable_engine_decides_alike(self):
        mesh = self.reviews("--engine=portable")
        self.assertEqual(self.client(mesh, "reviews", 11).request()[0], 200)
        self.assertEqual(self.client(mesh, "reviews", 12).request()[0], 403)

    def test_explain_and_the_proxy_agree(self):
        mesh = self.reviews()
        for who, last in (("web", 11), ("batch", 12)):
            done = smic("explain", mesh.path, "--from", f"{mesh.ns}/{who}", "--to",
                        f"reviews.{mesh.ns}", "--format=json")
            outcome = json.loads(done.stdout)["outcome"]
            status = self.client(mesh, "reviews", last).request()[0]
            self.assertEqual((outcome, status), {"web": ("forward", 200), "batch": ("deny", 403)}[who])

    def test_it_starts_with_what_is_good_and_says_what_is_not(self):
        mesh = self.mesh().reviews()
        mesh.write("broken.yaml", split(mesh.ns, "bad", "reviews-v1", [("reviews-v2", -1)]))
        mesh.echo("v1", 21)
        mesh.echo("v2", 22)
        mesh.start()
        mesh.up.says("E12")
        mesh.up.says("starting without what is broken")
        self.assertEqual(self.client(mesh, "reviews", 11).request()[0], 200)

    def test_a_directory_that_is_not_there_is_exit_code_1(self):
        done = smic("up", "/nonexistent/mesh")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent/mesh", done.stderr)

    def test_a_second_mesh_on_the_same_addresses_is_refused_with_advice(self):
        mesh = self.reviews()
        second = Process(SMIC, "up", mesh.path)
        self.addCleanup(second.end)
        second.process.wait(20)
        self.assertEqual(second.end(), 1)
        self.assertRegex(second.text(), r"127\.\d+\.\d+\.\d+:80: .*in use")
        self.assertEqual(self.client(mesh, "reviews", 11).request()[0], 200)

    def test_ctrl_c_ends_an_idle_mesh_at_once(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            mesh = self.reviews()
            self.client(mesh, "reviews", 11).request()
            self.assertEqual(mesh.up.end(number), 0)

    def test_sigterm_finishes_what_is_in_flight(self):
        mesh = self.mesh().reviews([("reviews-v1", 1)])
        mesh.echo("v1", 21, "--delay-ms=700")
        mesh.start()
        client, answers = self.client(mesh, "reviews", 11), []
        asking = threading.Thread(target=lambda: answers.append(client.request()))
        asking.start()
        # In flight is what the proxy counts as such; the metric tells without a guess in time.
        eventually(lambda: in_flight(mesh) > 0, "the request is in flight")
        self.assertEqual(mesh.up.end(), 0)
        asking.join(20)
        self.assertEqual([(status, who) for status, who, _ in answers], [(200, "v1")])
        self.assertNotIn("cut off", mesh.up.text())


def in_flight(mesh):
    text = mesh.get_admin("/metrics")[1]
    found = re.findall(r"(?m)^smic_\w*(?:active|in_flight|open)\w*(?:\{[^}]*\})? (\d+)", text)
    return sum(map(int, found))


if __name__ == "__main__":
    unittest.main(verbosity=2)
