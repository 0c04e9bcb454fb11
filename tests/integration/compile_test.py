#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic compile`: every stage of every example, fixed points, determinism, where output goes."""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from mesh import ROOT, SMIC, service, smic, split, yaml_text

EXAMPLES = ("examples/canary", "examples/access", "examples/headers")
ONE_UNIT = yaml_text(service("shop", "web", 80))


def binary(*words, stdin=None):
    return subprocess.run([SMIC, *words], input=stdin, capture_output=True, timeout=60, cwd=ROOT)


class Compile(unittest.TestCase):
    def test_every_example_compiles_to_every_stage(self):
        for example in EXAMPLES:
            for stage in ("raw-ir", "ir", "graph", "llvm", "asm", "manifest"):
                done = smic("compile", f"--emit={stage}", example)
                self.assertEqual(done.returncode, 0, f"{example} {stage}: {done.stderr}")
                self.assertIn("shop" if "access" not in example else "library", done.stdout)

    def test_printed_rule_ir_is_a_fixed_point(self):
        for example in EXAMPLES:
            for stage in ("ir", "raw-ir"):
                once = smic("compile", f"--emit={stage}", example).stdout
                twice = smic("compile", f"--emit={stage}", "-", stdin=once)
                self.assertEqual(twice.returncode, 0, twice.stderr)
                self.assertEqual(twice.stdout, once)

    def test_images_are_bit_identical_twice_and_by_way_of_rule_ir(self):
        digests = []
        for source in (["examples"], ["examples"], ["-"]):
            text = smic("compile", "--emit=raw-ir", "examples").stdout if source == ["-"] else None
            with tempfile.TemporaryDirectory() as folder:
                done = smic("compile", "--emit=image", "-o", folder, *source, stdin=text)
                self.assertEqual(done.returncode, 0, done.stderr)
                digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                                for path in pathlib.Path(folder).iterdir()})
        self.assertGreater(len(digests[0]), 3)
        self.assertEqual(digests[0], digests[1])
        self.assertEqual(digests[0], digests[2])

    def test_a_cache_gives_the_same_images_and_survives_what_is_done_to_it(self):
        def images(*words):
            with tempfile.TemporaryDirectory() as folder:
                done = smic("compile", "--emit=image", "-o", folder, *words, "examples")
                self.assertEqual(done.returncode, 0, done.stderr)
                return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}

        expected = images()
        with tempfile.TemporaryDirectory() as folder:
            cache = pathlib.Path(folder) / "new" / "cache"
            self.assertEqual(images("--cache", cache), expected)
            self.assertEqual(cache.stat().st_mode & 0o777, 0o700)
            files = sorted(cache.iterdir())
            self.assertGreater(len(files), 3)
            self.assertEqual({path.suffix for path in files}, {".unit"})
            made = {path: path.stat().st_ino for path in files}
            self.assertEqual(images("--cache", cache), expected)
            self.assertEqual({path: path.stat().st_ino for path in files}, made, "nothing was compiled again")
            files[0].write_bytes(files[0].read_bytes()[:-1] + b"?")
            files[1].write_bytes(b"")
            self.assertEqual(images("--cache", cache), expected)
            again = {path: path.stat().st_ino for path in sorted(cache.iterdir())}
            self.assertEqual(set(again), set(made))
            manifest = smic("compile", "--emit=manifest", "--cache", cache, "examples")
            self.assertEqual(manifest.stdout, smic("compile", "--emit=manifest", "examples").stdout)

    def test_a_cache_that_cannot_be_written_is_told(self):
        done = smic("compile", "--cache", "/dev/null/x", "-", stdin=ONE_UNIT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/dev/null/x", done.stderr)

    def test_one_unit_goes_to_a_file_or_down_a_pipe(self):
        piped = binary("compile", "--emit=object", "-", stdin=ONE_UNIT.encode())
        self.assertEqual(piped.returncode, 0, piped.stderr)
        self.assertEqual(piped.stdout[:4], b"\x7fELF")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "web.image"
            done = smic("compile", "--emit=image", "-o", path, "-", stdin=ONE_UNIT)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(path.read_bytes().startswith(b"SMICIMG"))

    def test_several_units_go_to_a_directory_and_nowhere_else(self):
        done = smic("compile", "--emit=object", "examples/canary")
        self.assertEqual(done.returncode, 64)
        self.assertIn("-o", done.stderr)
        with tempfile.TemporaryDirectory() as folder:
            done = smic("compile", "--emit=object", "-o", folder + "/new", "examples/canary")
            self.assertEqual(done.returncode, 0, done.stderr)
            names = sorted(path.name for path in pathlib.Path(folder, "new").iterdir())
        self.assertEqual(names, ["shop_reviews-v1_9080.o", "shop_reviews-v2_9080.o",
                                 "shop_reviews_9080.o"])

    def test_every_target_compiles(self):
        for target in ("x86_64-v2", "aarch64"):
            done = binary("compile", "--emit=object", f"--target={target}", "-", stdin=ONE_UNIT.encode())
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(smic("compile", "--target=pdp11", "-", stdin=ONE_UNIT).returncode, 64)

    def test_images_for_several_targets_are_a_file_each(self):
        with tempfile.TemporaryDirectory() as folder:
            done = smic("compile", "--emit=image", "--targets=x86_64-v3,aarch64", "-o", folder, "-", stdin=ONE_UNIT)
            self.assertEqual(done.returncode, 0, done.stderr)
            files = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
            stem = min(files, key=len).removesuffix(".image")
            self.assertEqual(set(files), {f"{stem}.image", f"{stem}.aarch64.image", f"{stem}.x86_64-v3.image"})
            done = smic("compile", "--emit=manifest", "--targets=x86_64-v3,aarch64", "-", stdin=ONE_UNIT)
            [unit] = json.loads(done.stdout)["units"]
            digest = lambda name: "sha256:" + hashlib.sha256(files[name]).hexdigest()  # noqa: E731
            self.assertEqual(unit["image"], digest(f"{stem}.image"))
            self.assertEqual(unit["native"], {target: digest(f"{stem}.{target}.image")
                                              for target in ("aarch64", "x86_64-v3")})
            single = pathlib.Path(folder) / "single"
            smic("compile", "--emit=image", "--target=aarch64", "-o", single, "-", stdin=ONE_UNIT)
            self.assertEqual(single.read_bytes(), files[f"{stem}.aarch64.image"])
        self.assertEqual(smic("compile", "--emit=image", "--targets=aarch64", "-", stdin=ONE_UNIT).returncode, 64)
        self.assertEqual(smic("compile", "--targets=aarch64,vax", "-", stdin=ONE_UNIT).returncode, 64)
        tables = smic("compile", "--emit=manifest", "--targets=portable", "-", stdin=ONE_UNIT)
        self.assertNotIn("native", json.loads(tables.stdout)["units"][0])

    def test_a_manifest_names_images_and_loopback_addresses(self):
        done = smic("compile", "--emit=manifest", "examples/canary")
        manifest = json.loads(done.stdout)
        self.assertEqual(len(manifest["units"]), 3)
        self.assertEqual(smic("compile", "--emit=manifest", "examples/canary").stdout, done.stdout)

    def test_the_same_input_gives_the_same_bytes_whatever_surrounds_it(self):
        files = sorted(str(path) for path in pathlib.Path(ROOT, "examples/canary").rglob("*.yaml"))
        first = smic("compile", "--emit=manifest", *files)
        self.assertIn("sha256:", first.stdout)
        for files, environment in ((files[::-1], {}), (files, {"LC_ALL": "tr_TR.UTF-8", "LANG": "C"}),
                                   (files, {"MALLOC_PERTURB_": "165"}), (files, {})):
            again = subprocess.run([SMIC, "compile", "--emit=manifest", *files], cwd=ROOT, text=True,
                                   capture_output=True, timeout=60, env={**os.environ, **environment})
            self.assertEqual(again.stdout, first.stdout)

    def test_passes_can_be_shown_timed_and_left_out(self):
        help_text = smic("compile", "--help").stdout
        name = help_text.split("passes:\n")[1].split()[0]
        done = smic("compile", "--time", f"--print-after={name}", "examples/canary")
        self.assertIn(f"# after {name}", done.stderr)
        self.assertRegex(done.stderr, rf"{name} +\d+\.\d us +\d+ -> \d+ rules")
        self.assertEqual(smic("compile", f"--disable-pass={name}", "examples/canary").returncode, 0)
        self.assertEqual(smic("compile", "--disable-pass=nonsense", "examples/canary").returncode, 64)

    def test_the_ir_can_be_shown_after_every_pass(self):
        names = smic("compile", "--help").stdout.split("passes:\n")[1].split("\n\n")[0].splitlines()
        done = smic("compile", "--print-after=all", "examples/canary")
        for name in (line.split()[0] for line in names):
            self.assertIn(f"# after {name}\n", done.stderr)

    def test_stats_tell_how_patterns_are_told_apart_and_why(self):
        unit = ('unit shop/web:80 http enforce\n  source s0 = { shop/a }\n'
                '  match m0 = path ~ "/api/[0-9]+" @ "g" "g":1\n'
                '  match m1 = path ~ "/.*a.{30}" and header "x-tag" ~ "b+" @ "g" "g":2\n'
                '  route r0 -> shop/web:80 @ "s" "s":1\n'
                '  allow to shop/web from s0 when m0 or m1 @ "t" "t":1\n')
        human = smic("compile", "--stats=human", "-", stdin=unit)
        self.assertEqual(human.returncode, 0, human.stderr)
        self.assertIn("its automaton alone goes beyond 10000 states", human.stdout)
        self.assertIn("tables: it has an op that is never code", human.stdout)
        told = json.loads(smic("compile", "--stats=json", "-", stdin=unit).stdout)["units"][0]
        self.assertEqual([(each["subject"], each["form"], each["patterns"]) for each in told["automata"]],
                         [("path", "bits", ["/.*a.{30}"]), ("path", "automaton", ["/api/[0-9]+"]),
                          ("x-tag", "automaton", ["b+"])])
        self.assertEqual(told["match"], "tables")
        self.assertGreater(told["image_bytes"], told["table_bytes"])
        self.assertTrue(told["image"].startswith("sha256:"))

    def test_what_is_good_is_written_although_something_is_broken(self):
        text = yaml_text(service("shop", "web", 80), split("shop", "s", "web", [("v2", -1)]))
        done = smic("compile", "-", stdin=text)
        self.assertEqual(done.returncode, 2)
        self.assertIn("E12", done.stderr)
        self.assertIn("unit shop/web:80", done.stdout)

    def test_a_reader_that_has_seen_enough_is_no_failure(self):
        done = subprocess.run(["bash", "-o", "pipefail", "-c",
                               f"{SMIC} compile --emit=llvm examples | head -n 3"],
                              capture_output=True, text=True, timeout=60, cwd=ROOT)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
