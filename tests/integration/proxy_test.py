#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic-proxy` as a program: what it says, what it refuses, how it reloads and ends."""

import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from mesh import BIN, MACHINE, Client, Load, Mesh, Process, eventually

CONTROLLER, PROXY = str(BIN / "smic-controller"), str(BIN / "smic-proxy")


class Proxy(unittest.TestCase):
    def setUp(self):
        self.mesh = self.enterContext(Mesh()).reviews([("reviews-v1", 1)])
        self.mesh.echo("v1", 21)
        self.out = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="smic-out-")))
        controller = Process(CONTROLLER, "--resources", self.mesh.path, "--out", self.out)
        controller.says("published")
        controller.end()
        self.manifest = self.out / "manifest.json"

    def start(self, *options):
        proxy = Process(PROXY, f"--manifest={self.manifest}", "--admin=127.0.0.1:0", *options)
        self.addCleanup(proxy.end)
        for unit in self.units():
            proxy.says(f'listening address="{unit["listen_addresses"][0]}:{unit["listen_port"]}"')
        line = next(line for line in proxy.err if "admin address" in line)
        self.admin = line.split('"')[1]
        return proxy

    def units(self):
        return json.loads(self.manifest.read_text())["units"]

    def client(self, last):
        unit = next(unit for unit in self.units() if unit["service"] == f"{self.mesh.ns}/reviews")
        return unit["listen_addresses"][0], unit["listen_port"], self.mesh.ip(last)

    def ask(self, path):
        with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=20) as answer:
            return answer.read().decode()

    def probe(self, what, socket):
        return subprocess.run([PROXY, f"--{what}={socket}"], capture_output=True, text=True, timeout=60)

    def test_a_probe_asks_one_process_where_two_share_the_ports(self):
        """As while a DaemonSet hands over: the new one is not ready because the old one is."""
        old_socket, new_socket = self.out / "old.sock", self.out / "new.sock"
        self.assertEqual(self.probe("ready", old_socket).returncode, 1)
        old = self.start(f"--admin-socket={old_socket}")
        self.assertEqual(old_socket.stat().st_mode & 0o777, 0o600)
        for what in ("ready", "live"):
            self.assertEqual(self.probe(what, old_socket).returncode, 0)
        new = Process(PROXY, f"--manifest={self.manifest}", f"--admin={self.admin}",
                      f"--admin-socket={new_socket}")
        self.addCleanup(new.end)
        new.says("admin address")
        eventually(lambda: self.probe("ready", new_socket).returncode == 0, "the new one is ready")
        slow = Client(*self.client(11))
        self.assertEqual(slow.request()[0], 200)
        self.assertEqual(old.end(), 0)
        gone = self.probe("live", old_socket)
        self.assertEqual(gone.returncode, 1)
        self.assertIn("No such file", gone.stderr)
        self.assertEqual(self.probe("ready", new_socket).returncode, 0)
        self.assertIn("smic_units", self.ask("/metrics"))
        self.assertEqual(Client(*self.client(11)).request()[0], 200)

    def test_what_a_killed_process_left_does_not_stand_in_the_way(self):
        socket = self.out / "admin.sock"
        self.start(f"--admin-socket={socket}").end(signal.SIGKILL)
        self.assertTrue(socket.exists())
        self.assertIn("refused", self.probe("live", socket).stderr)
        self.start(f"--admin-socket={socket}")
        self.assertEqual(self.probe("live", socket).returncode, 0)

    def test_it_enforces_and_tells_what_it_did(self):
        proxy = self.start("--access-log=json", "--workers=1")
        self.assertEqual(Client(*self.client(11)).request(path="/reviews/1?x")[:2], (200, "v1"))
        status, _, body = Client(*self.client(12)).request()
        self.assertEqual(status, 403)
        self.assertIn(f"no TrafficTarget allows {self.mesh.ns}/batch to {self.mesh.ns}/reviews", body)
        eventually(lambda: len(proxy.out) == 2, "two lines of access log")
        first, second = map(json.loads, proxy.out)
        self.assertEqual((first["status"], first["path"], first["identity"], first["reason"]),
                         (200, "/reviews/1?x", f"{self.mesh.ns}/web", ""))
        self.assertIn("split.yaml:", first["route"])
        self.assertEqual((second["status"], second["identity"]), (403, f"{self.mesh.ns}/batch"))
        self.assertTrue(second["reason"].startswith("denied; mode=enforce; "))
        self.assertIn('code="4xx"} 1', self.ask("/metrics"))
        addresses = json.loads(self.ask("/addresses"))
        host, port, _ = self.client(11)
        self.assertEqual(addresses[f"reviews.{self.mesh.ns}.mesh"], {"80": f"{host}:{port}"})
        config = json.loads(self.ask("/config"))
        self.assertEqual(config["units"], self.units())
        best = MACHINE[0] if MACHINE else "portable"
        self.assertIn("code targets=", proxy.text())
        self.assertEqual(set(config["targets"].values()), {best})
        self.assertIn(f"{self.mesh.ns}/reviews:80", config["targets"])
        self.assertIn(f'smic_units_by_target{{target="{best}"}} {len(self.units())}', self.ask("/metrics"))
        with self.assertRaises(urllib.error.HTTPError):
            self.ask("/nothing")

    def test_a_bad_manifest_or_image_is_refused_and_the_last_good_one_stays(self):
        proxy = self.start()
        good = self.manifest.read_text()
        with Load(*self.client(11)) as load:
            load.has_seen(20)
            self.manifest.write_text("{")
            proxy.process.send_signal(signal.SIGHUP)
            proxy.says("manifest refused")
            newer = json.loads(good)
            newer["version"] += 1
            missing = "sha256:" + "0" * 64
            newer["units"][0]["image"] = missing
            newer["units"][0]["native"] = {target: missing for target in newer["units"][0]["native"]}
            self.manifest.write_text(json.dumps(newer))
            eventually(lambda: "0000" in proxy.text(), "the image is missed")
            newer = json.loads(good)
            newer["version"] += 2
            self.manifest.write_text(json.dumps(newer))
            proxy.says(f'enforcing version="{newer["version"]}"')
            load.has_seen(100)
        self.assertEqual(load.failures(), [])
        self.assertEqual(proxy.end(), 0)

    def test_a_damaged_image_is_no_start(self):
        for image in (self.out / "images").iterdir():
            image.write_bytes(image.read_bytes()[:-1])
        done = subprocess.run([PROXY, f"--manifest={self.manifest}"], capture_output=True,
                              text=True, timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn("has the bytes of", done.stderr)

    def test_it_runs_the_code_that_it_is_told_to_and_asks_for_no_other(self):
        """The images of all targets but one are taken away: nothing is missed."""
        if "x86_64-v2" not in MACHINE:
            self.skipTest("needs an x86-64 CPU")
        kept = {unit["native"]["x86_64-v2"] for unit in self.units()}
        for image in (self.out / "images").iterdir():
            if f"sha256:{image.name}" not in kept:
                image.unlink()
        proxy = self.start("--targets=x86_64-v2")
        self.assertIn('code targets="x86_64-v2"', proxy.text())
        self.assertEqual(set(json.loads(self.ask("/config"))["targets"].values()), {"x86_64-v2"})
        self.assertEqual(Client(*self.client(11)).request()[0], 200)

    def test_without_code_for_its_cpu_it_interprets_the_tables(self):
        units = self.units()
        self.assertEqual({tuple(unit["native"]) for unit in units},
                         {("aarch64", "x86_64-v2", "x86_64-v3")})
        for image in (self.out / "images").iterdir():
            if f"sha256:{image.name}" not in {unit["image"] for unit in units}:
                image.unlink()
        self.start("--engine=portable")
        self.assertEqual(set(json.loads(self.ask("/config"))["targets"].values()), {"portable"})
        self.assertEqual(Client(*self.client(11)).request()[0], 200)
        self.assertEqual(Client(*self.client(12)).request()[0], 403)

    def test_targets_that_this_machine_cannot_run_are_wrong_usage(self):
        for options, reason in ((["--targets=vax"], "this machine runs no code for `vax`"),
                                (["--targets=x86_64-v2", "--engine=portable"], "runs none")):
            done = subprocess.run([PROXY, f"--manifest={self.manifest}", *options],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 64)
            self.assertIn(reason, done.stderr)

    def test_images_may_be_named_by_digest_with_a_suffix(self):
        images = self.out / "other"
        images.mkdir()
        for image in (self.out / "images").iterdir():
            shutil.copy(image, images / f"sha256-{image.name}.img")
        self.start(f"--images={images}")
        self.assertEqual(Client(*self.client(11)).request()[0], 200)

    def test_a_successor_takes_over_while_the_first_drains(self):
        first = self.start()
        with Load(*self.client(11)) as load:
            load.has_seen(50)
            self.start()
            self.assertEqual(first.end(), 0)
            load.has_seen(200)
        self.assertEqual(load.failures(), [])

    def test_help_and_wrong_usage(self):
        run = lambda *words: subprocess.run([PROXY, *words], capture_output=True, text=True)  # noqa: E731
        self.assertEqual(run("--help").returncode, 0)
        self.assertIn("--manifest", run("--help").stdout)
        for words in ((), ("--manifest=x", "--workers=many"), ("--manifest=x", "--access-log=y"),
                      ("--manifest=x", "--engine=z"), ("--what",)):
            self.assertEqual(run(*words).returncode, 64, words)
        self.assertEqual(run("--manifest=/nonexistent").returncode, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
