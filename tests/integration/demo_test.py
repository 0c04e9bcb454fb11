#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo of the README: ends by itself, without a terminal, leaves nothing behind."""

import pathlib
import re
import subprocess
import time
import unittest

from mesh import ROOT, SMIC


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
        left = subprocess.run(["pgrep", "-f", re.escape(SMIC) + " (up|echo) .*canary"],
                              capture_output=True, text=True)
        self.assertEqual(left.stdout, "")
        for path, content in tree.items():
            self.assertEqual(path.read_bytes(), content, path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
