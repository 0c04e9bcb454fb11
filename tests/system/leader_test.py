#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Several controllers on a real API server: one leads, and another takes over when it is killed, stopped or ended."""

import json
import signal
import time
import unittest

from cluster import ROOT, STARTING, Cluster, Process, eventually
from mesh import BIN

LEASE = 6  # seconds: machines are busy when tests run


class Leader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "rbac", "-f", ROOT / "deploy" / "crds")
        cls.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f",
                            ROOT / "deploy" / "crds")
        (cls.cluster.path / "token").write_text(cls.cluster.token("smic-system", "smic-controller"))
        cls.config = cls.cluster.kubeconfig("controller", {"tokenFile": "token"})
        cls.count = 0

    def controller(self):
        type(self).count += 1
        process = Process(BIN / "smic-controller", "--kubeconfig", self.config, "--out",
                          self.cluster.path / f"out-{self.count}", "--lease-seconds", LEASE)
        self.addCleanup(lambda: process.end(9) if process.process.poll() is None else None)
        return process

    def lease(self):
        return json.loads(self.cluster.kubectl("get", "lease", "smic-controller", "-n", "smic-system",
                                               "-o", "json").stdout)["spec"]

    def leading(self):
        """One that leads, alone."""
        one = self.controller()
        one.says("info: leading", STARTING)
        one.says("published", STARTING)
        return one

    def identity(self, process):
        return next(line for line in process.err if "info: leading" in line).split('identity="')[1].rstrip('"')

    def candidate(self):
        two = self.controller()
        two.says("another controller leads", STARTING)
        two.says("published", STARTING)  # it compiles nevertheless
        return two

    def test_one_that_is_killed_is_replaced_when_its_lease_has_run_out(self):
        one = self.leading()
        two = self.candidate()
        before = self.lease()
        self.assertEqual(before["holderIdentity"], self.identity(one))
        self.assertEqual(before["leaseDurationSeconds"], LEASE)
        one.end(signal.SIGKILL)
        start = time.monotonic()
        two.says("info: leading")
        self.assertGreater(time.monotonic() - start, LEASE / 3)  # not while the other could believe in it
        after = self.lease()
        self.assertEqual(after["holderIdentity"], self.identity(two))
        self.assertEqual(after["leaseTransitions"], before["leaseTransitions"] + 1)
        self.assertEqual(two.end(), 0)

    def test_one_that_ends_gives_it_up_at_once(self):
        one = self.leading()
        two = self.candidate()
        self.assertEqual(one.end(), 0)
        eventually(lambda: self.lease()["holderIdentity"] == self.identity(two)
                   if "info: leading" in two.text() else None, "the other leads")
        self.assertNotIn("was not given up", one.text())
        self.assertEqual(two.end(), 0)
        self.assertEqual(self.lease()["holderIdentity"], "")

    def test_one_that_was_stopped_knows_it_when_it_wakes(self):
        one = self.leading()
        two = self.candidate()
        one.process.send_signal(signal.SIGSTOP)
        try:
            two.says("info: leading")
        finally:
            one.process.send_signal(signal.SIGCONT)
        one.says("not leading any more")
        one.says(f'another controller leads leader="{self.identity(two)}"')
        self.assertEqual(self.lease()["holderIdentity"], self.identity(two))
        self.assertEqual(one.end(), 0)
        self.assertEqual(self.lease()["holderIdentity"], self.identity(two))  # not its to give up
        self.assertEqual(two.end(), 0)

    def test_without_the_api_nobody_leads(self):
        one = self.leading()
        self.cluster.kill_apiserver()
        one.says("not leading any more")
        self.cluster.start_apiserver()
        eventually(lambda: one.text().count("info: leading") == 2, "it leads again", STARTING)
        self.assertEqual(one.end(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
