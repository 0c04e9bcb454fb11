#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic-controller --resources --out`: what it publishes, and `smic-proxy` that follows it."""

import json
import os
import pathlib
import signal
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
                client = Client(unit["listen_addresses"][0], unit["listen_port"], self.mesh.ip(11))
                status, who, _ = client.request()
                client.close()
                return who if status == 200 else None
            except OSError:
                return None
        self.assertEqual(eventually(answered_by, "the proxy serves"), "v1")
        self.mesh.weights([("reviews-v2", 1)])
        eventually(lambda: answered_by() == "v2", "the proxy follows")
        self.assertEqual(proxy.end(), 0)

    def test_a_file_of_settings_and_flags_that_win(self):
        settings = self.mesh.path.parent / (self.mesh.path.name + "-settings.yaml")
        self.addCleanup(settings.unlink)
        settings.write_text(f"resources: {self.mesh.path}\nout: /nonexistent/x\naccess: permissive\nlog: json\n")
        again = Process(CONTROLLER, "--config", settings, "--out", self.out + "/again")
        self.addCleanup(again.end)
        again.says('"event":"ready"')
        started = json.loads(again.err[0])
        self.assertEqual((started["event"], started["access"], started["out"], started["read-only"]),
                         ("smic-controller", "permissive", self.out + "/again", "false"))
        # SIGHUP: what can change does, what cannot is told, and a mistake changes nothing.
        again.process.send_signal(signal.SIGHUP)
        again.says('"event":"reloaded"')
        settings.write_text(f"resources: {self.mesh.path}\naccess: permissive\nlog: text\n"
                            f"exclude: {self.mesh.ns}/reviews-*\ncache: /nonexistent/x\n")
        again.process.send_signal(signal.SIGHUP)
        again.says('info: settings taken settings="log, exclude"')
        again.says('warning: settings that need a restart settings="cache"')

        def meshed():
            return {unit["service"] for unit in json.loads(
                (pathlib.Path(self.out) / "again" / "manifest.json").read_text())["units"]}
        kept = f"{self.mesh.ns}/reviews"
        eventually(lambda: kept in meshed() and not any(each.startswith(kept + "-") for each in meshed()),
                   "two Services are not meshed any more")
        # What contradicts itself is told, and changes nothing.
        settings.write_text(f"resources: {self.mesh.path}\nmesh-zones: no_zone!\n")
        again.process.send_signal(signal.SIGHUP)
        again.says("error: settings not taken reason=")
        self.assertFalse(any(each.startswith(kept + "-") for each in meshed()))
        settings.write_text("log: verse\n")
        again.process.send_signal(signal.SIGHUP)
        again.says("error: settings not read again")
        again.says("[E71]")
        self.assertEqual(again.end(), 0)
        self.assertIn("stopped", again.err[-1])

    def test_mistakes_in_a_file_of_settings_end_it_at_once(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write("resource: x\n")
            file.flush()
            for program in (CONTROLLER, PROXY):
                done = subprocess.run([program, "--config", file.name], capture_output=True, text=True)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(":1:1: error: `resource` is no setting", done.stderr)
                self.assertIn("[E70]", done.stderr)

    def test_the_proxy_takes_a_file_of_settings(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(f"manifest: {self.out}/manifest.json\nworkers: 1\nadmin: 127.0.0.1:0\nlog: json\n")
            file.flush()
            proxy = Process(PROXY, "--config", file.name, "--workers=2")
            self.addCleanup(proxy.end)
            proxy.says('"event":"enforcing"')
            started = json.loads(proxy.err[0])
            self.assertEqual((started["event"], started["workers"], started["engine"]),
                             ("smic-proxy", "2", "native"))
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
