#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The conformance suite's meaning on `smic up`: pods are loopback addresses, names come from its DNS."""

import random
import re
import sys
import unittest

import conformance
from conformance import APP, PORT, App
from mesh import ROOT, Mesh, Process, document, eventually, pod


class Directory(conformance.Stage, Mesh):
    """A stage of conformance.py. All objects are in one file, so an apply is one version."""

    def __init__(self, access):
        super().__init__("--dns", "127.0.0.1:0")
        self.objects, self.applied = {}, 0
        self.apps = []  # (namespace, name, labels, address)
        self.put(document("v1", "Namespace", self.ns, None, metadata={
            "labels": {"smic.dev/access": access, "smic.dev/names": "plain"}}))
        self.flush()
        self.start()
        self.up.says("dns: ")
        self.dns = next(line for line in self.up.out if "  dns: " in line).split()[-1]

    def kinds(self, kind):
        for file in (ROOT / "deploy" / "crds").glob("*.yaml"):
            text = file.read_text()
            if re.search(rf"^    kind: {kind}$", text, re.M):
                return (*(re.search(rf"^    {what}: \[?(\w+)", text, re.M).group(1)
                          for what in ("plural", "singular", "shortNames")),)
        return None

    def put(self, each):
        self.objects[self.key(each)] = each

    @staticmethod
    def key(each):
        meta = each["metadata"]
        return each["kind"], meta.get("namespace"), meta["name"]

    def apply(self, *documents):
        for each in documents:
            self.put(each)
        self.flush()
        self.enforced()

    def delete(self, *documents):
        for each in documents:
            self.objects.pop(self.key(each))
        self.flush()
        self.enforced()

    def reads_back(self, each):
        return self.objects.get(self.key(each)) == each

    def flush(self):
        """With what a cluster would have made of it: slices, and a Service that numbers this state."""
        self.applied += 1
        marker = conformance.app_service(self.ns, f"state-{self.applied}")
        self.write("objects.yaml", *self.objects.values(), *self.slices(), marker)

    def slices(self):
        for each in [each for each in self.objects.values() if each["kind"] == "Service"]:
            meta, spec = each["metadata"], each["spec"]
            yield document(
                "discovery.k8s.io/v1", "EndpointSlice", f"{meta['name']}-1", meta["namespace"],
                metadata={"labels": {"kubernetes.io/service-name": meta["name"]}}, addressType="IPv4",
                ports=[{"name": port["name"], "port": port["targetPort"], "protocol": port["protocol"]}
                       for port in spec["ports"]],
                endpoints=[{"addresses": [address], "conditions": {"ready": True},
                            "targetRef": {"kind": "Pod", "name": name, "namespace": ns}}
                           for ns, name, labels, address in self.apps
                           if ns == meta["namespace"] and spec["selector"].items() <= labels.items()])

    def enforced(self):
        marker = f"state-{self.applied}.{self.ns}.mesh"
        eventually(lambda: marker in self.addresses(), f"{marker}:\n{self.up.text()[-3000:]}")

    def pod(self, name, who, labels, ns=None):
        ns, address = ns or self.ns, self.ip(11 + len(self.apps))
        process = Process(sys.executable, APP, name, address, PORT, self.dns)
        self.started.append(process)
        process.says("ready")
        self.apps.append((ns, name, labels, address))
        self.apply(pod(ns, name, who, address))
        return App(name, address)


Access, Spec, Split = conformance.tests_on(Directory)


if __name__ == "__main__":
    unittest.main(verbosity=2)
