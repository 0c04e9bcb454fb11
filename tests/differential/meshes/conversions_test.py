#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random meshes, written in every version of SMI: `smic convert` may change how they read, never what they mean. What a
version cannot say is in an annotation by then, and compiling has to find it there."""

import os
import pathlib
import re
import subprocess
import unittest

from generate import Generator
from write_yaml import text_of

SMIC = pathlib.Path(os.environ.get("SMIC_BIN", pathlib.Path(__file__).resolve().parents[3] / "build/bin")) / "smic"
MESHES = 12
VERSIONS = ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4")


def smic(*words, stdin):
    return subprocess.run([SMIC, *words, "-"], input=stdin, capture_output=True, text=True, timeout=60).stdout


def meaning(text):
    """The units, without the lines that they come from."""
    return re.sub(r' @ "[^"]*" "[^"]*":\d+', "", smic("compile", "--emit=raw-ir", stdin=text))


class Conversions(unittest.TestCase):
    maxDiff = None

    def test_a_mesh_means_the_same_in_every_version(self):
        first = int(os.environ.get("SMIC_SEED", "1"))
        kept = 0
        for seed in range(first, first + MESHES):
            text = text_of(Generator(seed).mesh())
            right = meaning(text)
            for version in VERSIONS:
                converted = smic("convert", "--to", version, stdin=text)
                kept += converted.count("conversion.smic.dev/")
                with self.subTest(f"SMIC_SEED={seed}", version=version):
                    self.assertEqual(meaning(converted), right)
        self.assertGreater(kept, 0, "no mesh had anything that a version cannot say")


if __name__ == "__main__":
    unittest.main(verbosity=2)
