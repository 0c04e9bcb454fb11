#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input of any kind: a clear error, soon; never a crash, a hang or lost traffic."""

import os
import pathlib
import tempfile
import unittest

from mesh import Mesh, document, route_group, service, smic, split, target, yaml_text


class HostileInput(unittest.TestCase):
    def check(self, text, *codes, exit_code=2):
        done = smic("check", "--format=plain", "-", stdin=text, timeout=60)
        self.assertEqual(done.returncode, exit_code, done.stdout[-2000:] + done.stderr[-2000:])
        for code in codes:
            self.assertIn(code, done.stdout)
        return done.stdout

    def test_ten_megabytes_of_brackets(self):
        for character in "[{-*":
            done = smic("check", "-", stdin=character * 10_000_000, timeout=60)
            self.assertEqual(done.returncode, 2, (character, done.returncode, done.stderr[-500:]))
            self.assertLess(len(done.stdout), 100_000)

    def test_ten_megabytes_of_brackets_as_rule_ir_and_json(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a.smir", "a.json", "a.yaml"):
                path = pathlib.Path(folder) / name
                path.write_text("[" * 10_000_000)
                done = smic("check", path, timeout=60)
                self.assertEqual(done.returncode, 2, (name, done.returncode, done.stderr[-500:]))

    def test_billion_laughs(self):
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
        self.check("\n".join(lines), exit_code=2)

    def test_regex_bombs_are_refused_or_compiled_but_bounded(self):
        for regex in ("(a|a)*b" * 50, "((a{1,100}){1,100}){1,100}", "(.*a){20}x", "(" * 5000,
                      "[ab]*a[ab]{30}"):
            text = yaml_text(service("shop", "web", 80),
                             route_group("shop", "bomb", {"name": "m", "pathRegex": "/" + regex}),
                             target("shop", "t", "web", ["a"], ("HTTPRouteGroup", "bomb")))
            done = smic("check", "--format=plain", "-", stdin=text, timeout=60)
            self.assertIn(done.returncode, (0, 2), regex)
            if done.returncode == 2:
                self.assertIn("E03", done.stdout)
            compiled = smic("compile", "--emit=graph", "-", stdin=text, timeout=60)
            self.assertEqual(compiled.returncode, done.returncode)

    def test_dangling_references_are_warnings(self):
        text = yaml_text(service("shop", "web", 80), split("shop", "s", "web", [("gone", 1)]),
                         split("shop", "r", "nobody", [("web", 1)]),
                         target("shop", "t", "nobody", ["ghost"], ("HTTPRouteGroup", "missing")))
        self.check(text, "W01", "W06", exit_code=0)

    def test_bytes_of_every_kind(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "noise.yaml"
            for noise in (bytes(range(256)) * 100, b"\xff\xfe" * 1000, b"\0" * 1000,
                          b"key: \xc3\x28\n", b"%YAML 9.9\n---\n", b"--- !!python/object:os.system x\n"):
                path.write_bytes(noise)
                done = smic("check", path)
                self.assertIn(done.returncode, (0, 2), (noise[:20], done.stderr))

    def test_odd_shapes(self):
        for text in ("", "---\n---\n", "null", "5", "[]", "kind: Service", "apiVersion: v1\nkind: []\n",
                     yaml_text(document("v1", "Service", "", "shop")),
                     yaml_text(document("split.smi-spec.io/v1alpha9", "TrafficSplit", "s", "x"))):
            done = smic("check", "-", stdin=text)
            self.assertIn(done.returncode, (0, 2), (text, done.stderr))

    def test_a_running_mesh_survives_all_of_it(self):
        with Mesh() as mesh:
            mesh.reviews([("reviews-v1", 1)])
            mesh.echo("v1", 21)
            mesh.start()
            client = mesh.client("reviews", 11)
            for text in ("[" * 10_000_000, "\0\1\2", "a: &a [*a]", "- " * 100_000):
                mesh.up.err.clear()
                (mesh.path / "noise.yaml").write_text(text)
                mesh.up.says("still serving version 1")
                self.assertEqual(client.request()[0], 200, text[:20])
                os.unlink(mesh.path / "noise.yaml")
                self.assertEqual(client.request()[0], 200, text[:20])
            client.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
