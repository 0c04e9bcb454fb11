#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The images of deploy/image, as far as they can be had without a container tool: the same script
makes the same root, and the programs run in it with the rights that the manifests give them."""

import json
import os
import pathlib
import re
import tempfile
import unittest

from cluster import ROOT, eventually, run
from container import Images, run_container, start_container
from mesh import BIN, Echo, account, document, pod, service, slice_of, yaml_text

CONTROLLER = {"runAsUser": 65532, "runAsGroup": 65532, "runAsNonRoot": True,
              "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False,
              "capabilities": {"drop": ["ALL"]}}
PROXY = {**CONTROLLER, "runAsUser": 0, "runAsGroup": 0, "runAsNonRoot": False,
         "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}
MIB = 1 << 20
LIMITS = {"smic-controller": 64 * MIB, "smic-proxy": 20 * MIB}  # whole file systems
PROGRAMS = {"smic-controller": CONTROLLER, "smic-proxy": PROXY}


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run("ip", "link", "set", "lo", "up")
        cls.images = Images()

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="smic-image-")
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name)
        path.chmod(0o755)
        return path

    def start(self, program, *words, mounts=()):
        folder = self.folder()
        process = start_container(folder, self.images.copy(program, folder / "root"),
                                  [f"/usr/bin/{program}", *words], mounts=mounts,
                                  security=PROGRAMS[program])
        self.addCleanup(lambda: process.end() if process.process.poll() is None else None)
        return process

    def test_small_and_with_nothing_that_is_not_needed(self):
        for program, limit in LIMITS.items():
            size = self.images.size(program)
            print(f"{program}: {size / MIB:.1f} MiB")
            self.assertLess(size, limit)
            inside = {path.name for path in self.images.root(program).rglob("*")}
            self.assertFalse(inside & {"sh", "bash", "busybox", "apt", "dpkg", "python3"}, inside)

    def test_they_start_with_the_rights_that_they_will_have(self):
        for program, security in PROGRAMS.items():
            done = run_container(self.images.copy(program, self.folder() / "root"),
                                 [f"/usr/bin/{program}", "--help"], security=security)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"usage: {program}", done.stdout)

    def test_names_are_resolved_or_told_as_not_to_be_found(self):
        """In an image without what getaddrinfo loads, this is where it would crash."""
        folder = self.folder()
        (folder / "config").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://api.nowhere.invalid:6443"}}],
            "users": [{"name": "u", "user": {"token": "t"}}]}))
        (folder / "config").chmod(0o644)
        hosts = folder / "hosts"
        hosts.write_text("127.0.0.1 localhost\n127.0.0.9 api.nowhere.invalid\n")
        out = folder / "out"
        out.mkdir()
        os.chown(out, 65532, 65532)
        mounts = [{"from": str(folder / "config"), "to": "/config"}, {"from": str(out), "to": "/out"}]
        for more, told in (([], r"resolve|not known|name resolution"),
                           ([{"from": str(hosts), "to": "/etc/hosts"}], r"127\.0\.0\.9|refused")):
            process = self.start("smic-controller", "--kubeconfig", "/config", "--out", "/out",
                                 mounts=mounts + more)
            eventually(lambda: re.search(told, process.text()), f"{told}:\n{process.text()}", 30)
            self.assertIsNone(process.process.poll())
            process.end()

    def test_from_resources_to_an_answer_inside(self):
        folder = self.folder()
        mesh, out = folder / "mesh", folder / "out"
        mesh.mkdir()
        out.mkdir()
        os.chown(out, 65532, 65532)
        backend = Echo("one", "127.0.0.21")
        self.addCleanup(backend.end)
        (mesh / "mesh.yaml").write_text(yaml_text(
            document("v1", "Namespace", "shop", None, metadata={"labels": {"smic.dev/access": "permissive"}}),
            account("shop", "web"), service("shop", "reviews", 80, backend.port),
            pod("shop", "one", "web", "127.0.0.21"),
            slice_of("shop", "reviews", backend.port, [("one", "127.0.0.21")])))
        shared = [{"from": str(out), "to": "/out"}]
        controller = self.start("smic-controller", "--resources", "/mesh", "--out", "/out",
                                mounts=[{"from": str(mesh), "to": "/mesh", "read_only": True}, *shared])
        controller.says("published")
        proxy = self.start("smic-proxy", "--manifest", "/out/manifest.json", "--admin", "127.0.0.1:0",
                           mounts=shared)
        proxy.says("listening")
        address = re.search(r'listening address="([\d.:]+)"', proxy.text()).group(1)
        self.assertIn('"name": "one"', run("curl", "-sS", "-m", "10", f"http://{address}/").stdout)
        self.assertEqual(proxy.end(), 0)
        self.assertEqual(controller.end(), 0)

    def test_the_definition_builds_what_is_tested_here(self):
        text = (ROOT / "deploy" / "image" / "Containerfile").read_text()
        for program in PROGRAMS:
            self.assertIn(f"stage_root /{program.removeprefix('smic-')} build/bin/{program}", text)
            self.assertIn(f'ENTRYPOINT ["/usr/bin/{program}"]', text)
            self.assertTrue((BIN / program).exists())
        self.assertIn("USER 65532:65532", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
