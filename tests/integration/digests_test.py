#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two builds of one mesh give the same images, whoever compiles them where: every golden case and
every example, twice, with all around it different. docs/distribution.md says how two machines are
compared."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from mesh import ROOT, SMIC, service, yaml_text

GOLDEN = pathlib.Path(ROOT, "tests/golden")
EXAMPLES = pathlib.Path(ROOT, "examples")
WRITTEN = pathlib.Path(__file__).with_name("digests.txt")
CODE = (" aarch64", " x86_64-v2", " x86_64-v3")
TARGETS = "--targets=aarch64,x86_64-v2,x86_64-v3"
PROCESSORS = sorted(os.sched_getaffinity(0))


def options_of(text):
    """Of a golden case; what only the controller has makes no other images."""
    first = text.splitlines()[0] if text.startswith("# options:") else ""
    words = first.removeprefix("# options:").split()
    return [f"--{word}" for word in words if not word.startswith(("include=", "exclude="))]


class Place:
    """A folder with a copy of every case, and surroundings of its own to compile it in."""

    def __init__(self, folder, name, prefix=(), processors=None, **environment):
        self.path = pathlib.Path(folder, name)
        self.temporary = self.path / "tmp"
        self.temporary.mkdir(parents=True)
        self.prefix, self.processors = prefix, processors
        self.environment = {"PATH": os.environ["PATH"], "TMPDIR": str(self.temporary), **environment}

    def run(self, case, *words):
        limit = (lambda: os.sched_setaffinity(0, self.processors)) if self.processors else None
        done = subprocess.run([*self.prefix, SMIC, "compile", *words], cwd=self.path / case,
                              env=self.environment, capture_output=True, timeout=120, preexec_fn=limit)
        assert done.returncode in (0, 2), (case, done.stderr)  # 2: cases about mistakes
        return done.stdout

    def digests(self, case, paths, *words):
        lines = self.run(case, "--emit=digests", *words, *paths).decode().splitlines()
        return sorted(lines)


class Digests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="smic-digests-"))
        no_chance = ("setarch", "--addr-no-randomize") if shutil.which("setarch") else ()
        cls.places = [
            Place(folder, "a", processors=PROCESSORS[:1], LANG="C", SOURCE_DATE_EPOCH="0"),
            Place(folder, "a-folder-with-a-much-longer-name/in/another", no_chance,
                  LC_ALL="tr_TR.UTF-8", TZ="Asia/Tokyo", MALLOC_PERTURB_="165", HOME="/nonexistent")]
        cls.cases = {}
        for golden in sorted(GOLDEN.glob("*/input.yaml")):
            text = golden.read_text(encoding="utf-8")
            cls.cases[golden.parent.name] = options_of(text)
            # Here one file, there a file for each object, named so that they come in another order.
            cls.write(cls.places[0], golden.parent.name, [text])
            cls.write(cls.places[1], golden.parent.name, text.split("\n---\n")[::-1])
        for example in sorted(path for path in EXAMPLES.iterdir() if any(path.rglob("*.yaml"))):
            cls.cases[example.name] = []
            for place in cls.places:
                shutil.copytree(example, place.path / example.name)

    @staticmethod
    def write(place, case, texts):
        (place.path / case).mkdir()
        for number, text in enumerate(texts):
            (place.path / case / f"{number:03}.yaml").write_text(text, encoding="utf-8")

    def test_every_case_has_the_same_digests_in_both_places(self):
        units = 0
        for case, options in self.cases.items():
            one, other = self.places
            files = sorted(str(path) for path in (other.path / case).rglob("*.yaml"))
            expected = one.digests(case, ["."], *options)
            # A document that is no YAML takes what follows it in its file along.
            if case != "broken-document":
                self.assertEqual(other.digests(case, files[::-1], *options), expected, case)
            self.assertEqual(one.digests(case, [str(one.path / case)], *options), expected, case)
            units += len(expected)
        self.assertGreater(units, 100)

    def test_another_machine_made_the_same(self):
        """digests.txt was written on another machine than most that run this. What LLVM made is compared
        where LLVM is the same; SMIC_UPDATE_GOLDEN=1 writes anew what was meant to change."""
        llvm = subprocess.run(["llvm-config-19", "--version"], capture_output=True, text=True).stdout.strip()
        lines = [f"{example.name} {line}" for example in sorted(EXAMPLES.iterdir()) if example.name in self.cases
                 for line in self.places[0].digests(example.name, ["."], TARGETS)]
        if os.environ.get("SMIC_UPDATE_GOLDEN") == "1":
            WRITTEN.write_text("\n".join([f"LLVM {llvm}", *lines]) + "\n")
        made_by, *expected = WRITTEN.read_text().splitlines()
        if made_by != f"LLVM {llvm}":
            lines, expected = ([line for line in each if not line.endswith(CODE)] for each in (lines, expected))
        self.assertEqual(lines, expected)
        self.assertGreater(len(lines), 10)

    def test_nothing_of_where_and_when_is_in_an_image(self):
        for case, options in self.cases.items():
            for place in self.places:
                folder = place.path / "images" / case
                folder.mkdir(parents=True)
                place.run(case, "--emit=image", "-o", str(folder), *options, ".")
                for image in folder.iterdir():
                    data = image.read_bytes()
                    for mark in (b"/tmp", b"smic-digests", b".yaml", str(ROOT).encode(), b"GCC:",
                                 os.uname().nodename.encode()):
                        self.assertNotIn(mark, data, f"{case}: {image.name}")

    def test_a_digest_is_that_of_the_image_and_every_target_has_its_own(self):
        text = yaml_text(service("shop", "web", 80))
        one = self.places[0]
        self.write(one, "one", [text])
        line = one.digests("one", ["."])[0]
        image = one.run("one", "--emit=image", "-o", "-", ".")
        digest = subprocess.run(["sha256sum"], input=image, capture_output=True).stdout.split()[0]
        self.assertEqual(line, f"sha256:{digest.decode()} shop/web:80")


if __name__ == "__main__":
    unittest.main(verbosity=2)
