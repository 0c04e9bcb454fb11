#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/README.md as a new user reads it: every command of it, in order, and what should come of it."""

import os
import re
import shlex
import subprocess
import unittest

from cluster import ROOT, eventually
from mesh import BIN, SMIC
from node_cluster import NodeCluster

READY = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
         "availableReplicas": 2, "currentNumberScheduled": 2, "desiredNumberScheduled": 2,
         "updatedNumberScheduled": 2, "numberAvailable": 2, "numberReady": 2, "numberMisscheduled": 0}


class Walkthrough(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(NodeCluster())
        cls.shop = {}
        home = cls.cluster.path / "home"
        (home / ".kube").mkdir(parents=True)
        (home / ".kube" / "config").write_text(cls.cluster.admin.read_text().replace(
            '"ca.crt"', f'"{cls.cluster.path}/ca.crt"').replace('"admin.', f'"{cls.cluster.path}/admin.'))
        cls.environment = dict(os.environ, HOME=str(home), KUBECONFIG=str(home / ".kube" / "config"),
                               PATH=f"{BIN}:{os.environ['PATH']}")
        cls.before = cls.cluster.everything()

    def commands(self):
        text = (ROOT / "deploy" / "README.md").read_text()
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
            yield from block.splitlines()

    # ---- what the cluster does after a command --------------------------------------------------

    def run_command(self, line):
        """Its output, if it is one that this machine can run."""
        words = shlex.split(line)
        if words[0] == "podman":
            return None
        if words[:2] == ["kubectl", "-n"] and words[3] == "exec":
            return self.run_in_pod(words[4].removeprefix("deploy/"), words[words.index("--") + 1:])
        if words[:3] == ["kubectl", "delete", "-k"]:
            return self.cluster.uninstall_objects()
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, timeout=150,
                              env=self.environment)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}\n"
                         + self.cluster.last_words())
        self.play(words)
        return done.stdout

    def play(self, words):
        """The controllers of the cluster that are not there."""
        if words[:3] == ["kubectl", "apply", "-k"]:
            for kind, name in (("Deployment", "smic-controller"), ("DaemonSet", "smic-proxy")):
                self.cluster.roll_out(kind, name, self.cluster.nodes)
                self.report(kind, name, "smic-system")
        elif "docs/walkthrough/pods.yaml" in words:
            for node, name in enumerate(("reviews-v1", "reviews-v2", "web", "batch")):
                self.shop[name] = self.start_shop(name, node % 2)
                self.report("Deployment", name, "shop")
        elif words[:4] == ["kubectl", "-n", "smic-system", "scale"]:
            for pod in self.cluster.replicas("smic-controller"):
                pod.stop()
        self.cluster.caretaker.settled()

    def report(self, kind, name, ns):
        path = f"/apis/apps/v1/namespaces/{ns}/{kind.lower()}s/{name}"
        generation = self.cluster.api.get(path)["metadata"]["generation"]
        count = self.cluster.api.get(path)["spec"].get("replicas", 2)
        self.cluster.api.merge(f"{path}/status", {"status": {
            key: generation if key == "observedGeneration" else min(value, count)
            for key, value in READY.items()}})

    def start_shop(self, name, node):
        template = self.cluster.workload("Deployment", name, "shop")["spec"]["template"]
        app = self.cluster.app("shop", f"{name}-1", template["spec"]["serviceAccountName"],
                               template["metadata"]["labels"], node)
        if "args" in template["spec"]["containers"][0]:
            app.start(SMIC, *template["spec"]["containers"][0]["args"])
            eventually(lambda: app.processes[-1].out, f"{name} listens")
        return app

    def run_in_pod(self, name, words):
        return self.shop[name].run(*words).stdout

    # ---- the page -------------------------------------------------------------------------------

    def expect(self, line, wanted):
        """Asked until it is so: a reader is slower than a few seconds of DNS."""
        seen = []

        def so():
            try:
                seen[:] = [self.run_command(line)]
            except AssertionError as error:  # curl itself failed: the name is not there yet
                seen[:] = [str(error)]
                return None
            return re.search(wanted, seen[0] or "")
        try:
            eventually(so, f"{line} → {wanted}", 60)
        except (AssertionError, subprocess.SubprocessError) as error:
            raise AssertionError(f"{error}; it was {seen}\n{self.cluster.last_words()}") from None

    def test_every_command_does_what_the_page_says(self):
        answers = iter((r'"name": "reviews-v[12]"',  # past the mesh
                        r"403", r'"name": "reviews-v[12]"', r"denied", r'"name": "reviews-v2"', r"denied"))
        for line in self.commands():
            with self.subTest(line):
                if " exec " in line:
                    self.expect(line, next(answers))
                else:
                    self.run_command(line)
        self.assertEqual(list(answers), [])
        after = self.cluster.everything()
        corefile = ("configmaps", "kube-system", "coredns")
        self.assertEqual(after[corefile], self.before[corefile])
        left = {name for name in set(after) - set(self.before) if name[1] != "shop" and name[2] != "shop"}
        self.assertEqual(left, set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
