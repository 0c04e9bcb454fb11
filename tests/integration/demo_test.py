#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo of the README: ends by itself, without a terminal, leaves nothing behind."""

import pathlib
import subprocess
import time
import unittest

from mesh import ROOT, SMIC


def still_running(program):
    """Command lines of this program over a copy of the demo's."""
    lines = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:  # ended meanwhile
            continue
        if words[0] == program and any(word.endswith("/canary") for word in words):
            lines.append(" ".join(words))
    return lines


class Demo(unittest.TestCase):
    def test_the_demo_plays_to_its_end_and_loses_no_request(self):
        tree = {path: path.read_bytes() for path in pathlib.Path(ROOT, "examples").rglob("*.yaml")}
        start = time.monotonic()
        done = subprocess.run([ROOT / "examples" / "demo.sh", SMIC], capture_output=True, text=True,
                              timeout=90)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertLess(time.monotonic() - start, 60)
        self.assertNotIn("\x1b", done.stdout)
        self.assertIn(" 0 lost", done.stdout)
        self.assertIn("403", done.stdout)
        self.assertRegex(done.stdout, r"reviews-v2 .* +(9|10|11)\.\d %")
        self.assertRegex(done.stdout, r"first request under the new weights began \d+\.\d ms")
        self.assertRegex(done.stdout, r"E12")
        self.assertEqual(still_running(SMIC), [])
        for path, content in tree.items():
            self.assertEqual(path.read_bytes(), content, path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
