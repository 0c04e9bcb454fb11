# SPDX-License-Identifier: Apache-2.0
"""Containers without a container runtime: images as staged roots, processes with the rights of a
securityContext."""

import atexit
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from cluster import ROOT, Process, part, run
from mesh import BIN

HERE = pathlib.Path(__file__).resolve().parent
NAMESPACES = ("unshare", "--mount", "--uts", sys.executable, HERE / "enter_container.py")


class Images:
    """Each program of ours as its image has it, made by deploy/image/stage_root once a test run."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="smic-images-")
        atexit.register(self.folder.cleanup)
        self.made = {}

    def root(self, name):
        if name not in self.made:
            root = pathlib.Path(self.folder.name) / name
            if name == "coredns":  # static, as in its own image
                for folder in ("usr/bin", "etc"):
                    (root / folder).mkdir(parents=True)
                shutil.copy(part(name), root / "usr" / "bin" / name)
            else:
                run(ROOT / "deploy" / "image" / "stage_root", root, BIN / name)
            self.made[name] = root
        return self.made[name]

    def copy(self, name, to):
        """A root of its own for a container; files are shared, so it costs nothing."""
        shutil.copytree(self.root(name), to, symlinks=True, copy_function=hard_link)
        return to

    def size(self, name):
        return int(run("du", "-sb", self.root(name)).stdout.split()[0])


def hard_link(source, target, **_):
    pathlib.Path(target).hardlink_to(source)


def container(folder, root, command, *, mounts=(), environment=None, security=None,
              hostname="container"):
    """The words that become a container; its configuration is kept in the folder. `security` is a
    securityContext, of which the defaults are those of Kubernetes."""
    security = security or {}
    capabilities = security.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        raise AssertionError("containers here drop all capabilities but those that they name")
    user = security.get("runAsUser", 0)
    if security.get("runAsNonRoot") and user == 0:
        raise AssertionError("runAsNonRoot, but it would run as root")
    config = pathlib.Path(folder) / "container.json"
    config.write_text(json.dumps({
        "hostname": hostname, "root": str(root), "mounts": list(mounts), "user": user,
        "group": security.get("runAsGroup", user),
        "read_only_root": security.get("readOnlyRootFilesystem", False),
        # Who is not root gets no capability: Kubernetes has none that are ambient.
        "capabilities": (capabilities.get("add") or []) if user == 0 else [],
        "no_new_privileges": not security.get("allowPrivilegeEscalation", True),
        "environment": {"PATH": "/usr/bin", **(environment or {})},
        "command": [str(word) for word in command]}))
    return [*map(str, NAMESPACES), str(config)]


def run_container(*words, **options):
    with tempfile.TemporaryDirectory(prefix="smic-container-") as folder:
        return subprocess.run(container(folder, *words, **options), capture_output=True, text=True,
                              timeout=60)


def start_container(folder, *words, **options):
    return Process(*container(folder, *words, **options))
