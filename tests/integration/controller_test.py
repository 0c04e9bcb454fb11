#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic-controller --resources --out`: what it publishes, and `smic-proxy` that follows it."""

import json
import os
import subprocess
import tempfile
import unittest

from mesh import BIN, Client, Mesh, Process, eventually

CONTROLLER, PROXY = str(BIN / "smic-controller"), str(BIN / "smic-proxy")


class Controller(unittest.TestCase):
    def setUp(self):
        self.mesh = self.enterContext(Mesh()).reviews([("reviews-v1", 1)])
        self.out = self.enterContext(tempfile.TemporaryDirectory(prefix="smic-out-"))
        self.controller = Process(CONTROLLER, "--resources", self.mesh.path, "--out", self.out)
        self.addCleanup(self.controller.end)
        self.controller.says("published")

    def manifest(self):
        with open(self.out + "/manifest.json", encoding="utf-8") as file:
            return json.load(file)

    def test_an_edit_is_published_whole_and_a_broken_one_is_not(self):
        self.assertEqual((self.manifest()["version"], len(self.manifest()["units"])), (1, 3))
        (self.mesh.path / "split.yaml").write_text("{{{")
        self.controller.says("not published")
        self.assertEqual(self.manifest()["version"], 1)
        self.mesh.weights([("reviews-v2", 1)])
        eventually(lambda: self.manifest()["version"] == 2, "version 2 is published")
        self.assertEqual(self.controller.end(), 0)

    def test_a_proxy_follows_what_the_controller_publishes(self):
        self.mesh.echo("v1", 21)
        self.mesh.echo("v2", 22)
        proxy = Process(PROXY, "--manifest", self.out + "/manifest.json")
        self.addCleanup(proxy.end)
        unit = next(unit for unit in self.manifest()["units"]
                    if unit["service"] == f"{self.mesh.ns}/reviews")

        def answered_by():
            try:
                client = Client(unit["listen_address"], unit["listen_port"], self.mesh.ip(11))
                status, who, _ = client.request()
                client.close()
                return who if status == 200 else None
            except OSError:
                return None
        self.assertEqual(eventually(answered_by, "the proxy serves"), "v1")
        self.mesh.weights([("reviews-v2", 1)])
        eventually(lambda: answered_by() == "v2", "the proxy follows")
        self.assertEqual(proxy.end(), 0)

    def test_help_and_wrong_usage(self):
        run = lambda *words: subprocess.run([CONTROLLER, *words], capture_output=True, text=True)  # noqa: E731
        self.assertEqual(run("--help").returncode, 0)
        self.assertIn("manifest.json", run("--help").stdout)
        for words in ((), ("--resources=x",), ("--kube", "x"), ("--out=x", "--context=y"),
                      ("--resources=x", "--kubeconfig=y", "--out=z")):
            self.assertEqual(run(*words).returncode, 64, words)
        self.assertEqual(run("--out=/tmp/x", "--kubeconfig=/nonexistent").returncode, 1)
        self.assertEqual(run("--resources=/nonexistent", "--out=/tmp/x").returncode, 1)

    def test_outside_of_a_pod_it_says_what_to_give(self):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("KUBERNETES_")}
        done = subprocess.run([CONTROLLER, "--out=/tmp/x"], capture_output=True, text=True,
                              env=environment)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--kubeconfig", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
