#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic-controller --cache DIR`: a start that finds all, one that finds some of it damaged, another
build's, none of it, and a directory that cannot be written. Whatever happens to the cache, the mesh
is published, and is the same."""

import json
import os
import pathlib
import re
import tempfile
import unittest

from mesh import BIN, Mesh, Process, eventually

CONTROLLER = BIN / "smic-controller"


def another_build():
    """A copy of the program that was linked as another: its build ID changed, or without one a byte
    at its end."""
    program = bytearray(CONTROLLER.read_bytes())
    note = re.search(rb"\x04\0\0\0(.)\0\0\0\x03\0\0\0GNU\0", program, re.DOTALL)
    if note:
        program[note.end()] ^= 0xff
    else:
        program += b"?"
    return bytes(program)


class Cache(unittest.TestCase):
    def setUp(self):
        self.mesh = self.enterContext(Mesh()).reviews([("reviews-v1", 1)])
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="smic-cache-")))
        self.cache, self.out = folder / "new" / "cache", folder / "out"

    def start(self, *before, program=CONTROLLER, cache=None):
        """Publishes the mesh: how many units were compiled for it, and what was said."""
        out = self.out / str(len(list(self.out.iterdir())) if self.out.exists() else 0)
        controller = Process(*before, program, "--resources", self.mesh.path, "--out", out,
                             "--cache", cache or self.cache, "--log=json")
        self.addCleanup(controller.end)
        controller.says('"event":"published"')
        published = next(json.loads(line) for line in controller.err if '"event":"published"' in line)
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        images = {path.name: path.read_bytes() for path in (out / "images").iterdir()}
        return int(published["compiled"]), controller, (manifest["units"], images)

    def files(self):
        return {path: path.stat().st_ino for path in self.cache.glob("*.unit")}

    def test_what_was_compiled_is_found_by_the_next_start(self):
        compiled, controller, expected = self.start()
        self.assertEqual(controller.end(), 0)
        self.assertGreater(compiled, 0)
        self.assertEqual(self.cache.stat().st_mode & 0o777, 0o700)
        made = self.files()
        self.assertEqual(len(made), compiled)
        compiled, controller, found = self.start()
        self.assertEqual((compiled, found, self.files()), (0, expected, made))
        # An edit of weights is another unit, and it alone is compiled and kept.
        self.mesh.weights([("reviews-v1", 1), ("reviews-v2", 2)])
        eventually(lambda: len(self.files()) > len(made), "what changed is kept")
        self.assertEqual(len(self.files()), len(made) + 1)
        self.assertNotIn("cache", "".join(line for line in controller.err if '"warning"' in line))

    def test_a_damaged_file_is_told_and_made_anew(self):
        compiled, controller, expected = self.start()
        controller.end()
        made = sorted(self.files())
        whole = {path: path.read_bytes() for path in made}
        made[0].write_bytes(whole[made[0]][:-1] + b"?")
        made[1].write_bytes(b"")
        again, controller, found = self.start()
        self.assertEqual((again, found), (2, expected))
        told = [json.loads(line)["file"] for line in controller.err if "damaged" in line]
        self.assertEqual(sorted(told), [str(path) for path in made[:2]])
        self.assertEqual({path: path.read_bytes() for path in made}, whole)
        self.assertGreater(compiled, 2)

    def test_another_builds_files_are_not_found_and_left_alone(self):
        program = self.cache.parent.parent / "smic-controller"
        program.write_bytes(another_build())
        program.chmod(0o700)
        compiled, controller, expected = self.start()
        controller.end()
        made = self.files()
        again, controller, found = self.start(program=program)
        self.assertEqual((again, found), (compiled, expected))
        self.assertEqual(len(self.files()), 2 * len(made))
        self.assertLessEqual(made.items(), self.files().items())
        controller.end()
        self.assertEqual(self.start()[0], 0)

    def test_a_directory_that_cannot_be_is_told_and_the_mesh_is_published_without(self):
        _, controller, expected = self.start(cache="/dev/null/x")
        controller.says('"event":"cache not used"')
        self.assertEqual(self.start()[2], expected)

    @unittest.skipIf(os.geteuid() != 0, "mounts a file system of its own")
    def test_a_full_and_a_read_only_file_system_are_told_once_and_the_mesh_is_published_without(self):
        self.cache.mkdir(parents=True)
        _, controller, expected = self.start(cache="/dev/null/x")
        for options, event in (("size=4k,nr_inodes=9", "cache: cannot write"), ("size=1m,ro", "cache not used")):
            mounted = ("unshare", "--mount", "sh", "-c",
                       f'mount -t tmpfs -o {options} none "$0" && exec "$@"', self.cache)
            compiled, controller, found = self.start(*mounted)
            self.assertEqual(found, expected, options)
            self.assertGreater(compiled, 1)
            said = [line for line in controller.err if event in line]
            self.assertEqual(len(said), 1, (options, controller.err))
            self.assertEqual(controller.end(), 0)
        self.assertEqual(self.files(), {})


if __name__ == "__main__":
    unittest.main(verbosity=2)
