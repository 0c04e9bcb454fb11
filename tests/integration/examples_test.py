#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every example: clean under `smic check`, explained as its README says, and live."""

import json
import re
import socket
import unittest

from mesh import PATIENCE, ROOT, Mesh, eventually, smic

EXAMPLES = ROOT / "examples"


def explained(example, who, to, *words):
    done = smic("explain", f"examples/{example}", "--from", who, "--to", to, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(":")[0]


class Examples(unittest.TestCase):
    def live(self, example, ns, port, *options):
        """`smic up` over the example, in a namespace and on addresses of this test's own."""
        mesh = self.enterContext(Mesh(*options))
        mesh.port = port
        for path in sorted((EXAMPLES / example).glob("*.yaml")):
            text = path.read_text().replace("127.0.0.", mesh.net + ".")
            text = re.sub(rf"(?m)^( *namespace: ){ns}$", rf"\g<1>{mesh.ns}", text)
            text = re.sub(rf"(?m)^(kind: Namespace\nmetadata:\n  name: ){ns}$", rf"\g<1>{mesh.ns}", text)
            (mesh.path / path.name).write_text(text)
        return mesh

    def client(self, mesh, name, who, port):
        client = mesh.client(name, who, port)
        self.addCleanup(client.close)
        return client

    def test_every_example_is_clean_and_has_a_readme(self):
        folders = [path for path in EXAMPLES.iterdir() if path.is_dir()]
        self.assertEqual(sorted(path.name for path in folders), ["access", "canary", "headers", "policies", "streams"])
        for folder in folders:
            self.assertTrue((folder / "README.md").exists(), folder)
            done = smic("check", folder)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertNotIn("warning:", done.stdout)

    def test_canary(self):
        path = ("--path", "/reviews/7")
        self.assertEqual(explained("canary", "shop/web", "reviews.shop", *path), "forward")
        self.assertEqual(explained("canary", "shop/batch", "reviews.shop", *path), "deny")
        self.assertEqual(explained("canary", "shop/web", "reviews.shop", "--path", "/admin"), "deny")

        mesh = self.live("canary", "shop", 9080)
        mesh.echo("v1", 21)
        mesh.echo("v2", 22)
        mesh.start()
        client = self.client(mesh, "reviews", 11, 9080)
        answers = [client.request(path="/reviews/7")[:2] for _ in range(200)]
        second = answers.count((200, "v2"))
        self.assertEqual(answers.count((200, "v1")) + second, 200)
        self.assertTrue(10 <= second <= 30, second)
        self.assertEqual(self.client(mesh, "reviews", 12, 9080).request(path="/reviews/7")[0], 403)

    def test_access(self):
        ask = lambda who, method, path: explained(  # noqa: E731
            "access", f"library/{who}", "catalogue.library", "--method", method, "--path", path)
        table = [("reader", "GET", "/books", 200), ("reader", "GET", "/books/7", 200),
                 ("reader", "HEAD", "/books/7", 200), ("reader", "POST", "/books", 403),
                 ("reader", "PUT", "/books/7/loan", 403), ("desk", "PUT", "/books/7/loan", 200),
                 ("desk", "DELETE", "/books/7/loan", 200), ("desk", "GET", "/books", 200),
                 ("desk", "GET", "/metrics", 403), ("archive", "GET", "/metrics", 200),
                 ("archive", "GET", "/books", 403), ("catalogue", "GET", "/books", 403)]
        mesh = self.live("access", "library", 9000)
        mesh.echo("catalogue", 41)
        mesh.start()
        address = {"reader": 31, "desk": 32, "archive": 33, "catalogue": 41}
        for who, method, path, status in table:
            with self.subTest(who=who, method=method, path=path):
                self.assertEqual(ask(who, method, path), "forward" if status == 200 else "deny")
                client = self.client(mesh, "catalogue", address[who], 8000)
                self.assertEqual(client.request(method, path)[0], status)

    def test_headers(self):
        mesh = self.live("headers", "shop", 9080)
        mesh.echo("v1", 51)
        mesh.echo("v2", 52)
        mesh.start()
        client = self.client(mesh, "reviews", 11, 9080)
        for headers, who in (({"User-Agent": "Mozilla/5.0 Firefox/128.0"}, "v2"),
                             ({"Cookie": "theme=dark; insider=1"}, "v2"),
                             ({"Cookie": "insider=1; theme=dark"}, "v2"),
                             ({"Cookie": "insider=10"}, "v1"), ({"User-Agent": "curl/8"}, "v1"),
                             ({}, "v1")):
            self.assertEqual(client.request(headers=headers)[:2], (200, who), headers)

    def test_streams(self):
        for who, orders, metrics in (("web", "forward", "forward"), ("batch", "deny", "forward"),
                                     ("orders", "deny", "deny")):
            self.assertEqual(explained("streams", f"shop/{who}", "orders.shop"), orders)
            self.assertEqual(explained("streams", f"shop/{who}", "metrics.shop"), metrics)

        mesh = self.live("streams", "shop", 5432, "--workers=1", "--access-log=json")
        mesh.echo("orders", 63, "--protocol=tcp")
        mesh.port = 8125
        mesh.echo("metrics-v1", 64, "--protocol=udp")
        mesh.echo("metrics-v2", 65, "--protocol=udp")
        mesh.start()
        self.assertRegex(mesh.up.text(), rf"orders.{mesh.ns}.mesh +127[.\d]+:5432 +tcp +enforce")
        self.assertRegex(mesh.up.text(), rf"metrics.{mesh.ns}.mesh +127[.\d]+:8125 +udp +enforce")
        ports = mesh.addresses()[f"metrics.{mesh.ns}.mesh"]
        self.assertEqual(ports, {"8125": ports["8125"], "8125/udp": ports["8125"]})

        def connect(last):
            connection = socket.create_connection(mesh.address("orders", 5432), PATIENCE,
                                                  (mesh.ip(last), 0))
            self.addCleanup(connection.close)
            return connection.makefile("rwb", buffering=0)
        web = connect(61)
        self.assertEqual(web.readline(), b"orders\n")
        web.write(b"SELECT 1\n")
        self.assertEqual(web.readline(), b"SELECT 1\n")
        self.assertEqual(connect(62).readline(), b"")  # closed at once

        def client(last):
            udp = socket.socket(type=socket.SOCK_DGRAM)
            self.addCleanup(udp.close)
            udp.settimeout(PATIENCE)
            udp.bind((mesh.ip(last), 0))
            udp.connect(mesh.address("metrics", 8125))
            return udp

        def asked(udp):
            udp.send(b"jobs:1|c")
            return udp.recv(100)
        flows = [client(61 + i % 2) for i in range(40)]
        answers = [asked(udp) for udp in flows]
        self.assertEqual(answers.count(b"metrics-v1: jobs:1|c"), 30)
        self.assertEqual(answers.count(b"metrics-v2: jobs:1|c"), 10)
        self.assertEqual([asked(udp) for udp in flows], answers)  # a flow stays where it is

        # An edit cuts what it forbids: batch's flows, and not those of web.
        text = (mesh.path / "access.yaml").read_text()
        (mesh.path / "access.part").write_text(text.replace("name: batch", "name: nobody"))
        (mesh.path / "access.part").rename(mesh.path / "access.yaml")
        mesh.up.says("version 2")
        flows[1].send(b"jobs:1|c")
        dropped = re.compile(r'(?m)^smic_udp_datagrams_dropped_total\{reason="denied"\} 1$')
        eventually(lambda: dropped.search(mesh.get_admin("/metrics")[1]), "a datagram is dropped")
        self.assertEqual(asked(flows[0]), answers[0])
        mesh.up.end()
        lines = [json.loads(line) for line in mesh.up.out if line.startswith("{")]
        told = [(line["protocol"], line["identity"].split("/")[1], line["status"]) for line in lines]
        self.assertEqual(told.count(("udp", "web", 200)), 20)
        self.assertEqual(told.count(("udp", "batch", 200)), 20)
        self.assertEqual(told.count(("udp", "batch", 403)), 1)
        self.assertIn(("tcp", "batch", 403), told)
        denied = next(line for line in lines if line["status"] == 403 and line["protocol"] == "udp")
        self.assertIn("no TrafficTarget allows", denied["reason"])
        self.assertIn("TrafficSplit", denied["route"])

    def test_policies(self):
        self.assertEqual(explained("policies", "shop/default", "ledger.shop"), "forward")
        mesh = self.live("policies", "shop", 9080)
        mesh.echo("quotes", 61)
        mesh.echo("reports", 62, "--delay-ms=2000")
        mesh.echo("ledger", 63, "--status=500")
        mesh.start()
        quotes = self.client(mesh, "quotes", 11, 9080)
        answers = [quotes.request()[0] for _ in range(50)]
        self.assertEqual(answers[:5], [200] * 5)
        self.assertIn(429, answers)
        self.assertEqual(self.client(mesh, "reports", 11, 9080).request()[0], 504)
        ledger = self.client(mesh, "ledger", 11, 9080)
        self.assertEqual([ledger.request()[0] for _ in range(6)], [500] * 5 + [503])
        self.assertIn("circuit-breaker", ledger.request()[2])


if __name__ == "__main__":
    unittest.main(verbosity=2)
