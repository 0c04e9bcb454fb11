#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The conformance suite's meaning in a cluster: pods are namespaces on two nodes, objects go through the
API server, names through CoreDNS, and smic is what deploy/ installs."""

import contextlib
import sys
import unittest

from cluster import eventually

import conformance  # where `cluster` says
from conformance import APP, PORT, App
from mesh import document
from node_cluster import NodeCluster

GROUPS = {"TrafficTarget": "access", "HTTPRouteGroup": "specs", "TCPRoute": "specs",
          "UDPRoute": "specs", "TrafficSplit": "split"}
PLAIN = {"Service": "services", "ServiceAccount": "serviceaccounts", "Namespace": "namespaces"}


def setUpModule():
    global CLUSTER
    CLUSTER = unittest.enterModuleContext(NodeCluster())
    CLUSTER.install()


class Objects(conformance.Stage, contextlib.AbstractContextManager):
    """A stage of conformance.py: a namespace, and how the tester acts in it."""

    def __init__(self, access):
        self.ns = f"conformance-{access}-{len(CLUSTER.apps)}"
        self.count, self.number = 0, 0
        self.create(document("v1", "Namespace", self.ns, None, metadata={
            "labels": {"smic.dev/access": access, "smic.dev/names": "plain"}}))

    def __exit__(self, *error):
        pass  # the cluster goes as a whole

    def kinds(self, kind):
        for crd in CLUSTER.api.items("/apis/apiextensions.k8s.io/v1/customresourcedefinitions"):
            names = crd["status"]["acceptedNames"]
            if names["kind"] == kind:
                return names["plural"], names["singular"], *names["shortNames"]
        return None

    def path(self, each):
        kind, meta = each["kind"], each["metadata"]
        if kind == "Namespace":
            return f"/api/v1/namespaces/{meta['name']}"
        if kind in PLAIN:
            return f"/api/v1/namespaces/{meta['namespace']}/{PLAIN[kind]}/{meta['name']}"
        return (f"/apis/{each['apiVersion']}/namespaces/{meta['namespace']}/{kind.lower()}s/"
                f"{meta['name']}")

    def create(self, each):
        """As a client does that knows nothing of server-side apply: PUT over what is there."""
        path = self.path(each)
        if CLUSTER.api.find(path) is None:
            CLUSTER.api.post(path.rpartition("/")[0], each)
            return

        def replaced(there):
            new = {**each, "metadata": {**each["metadata"],
                                        "resourceVersion": there["metadata"]["resourceVersion"]}}
            if each["kind"] == "Service":
                new["spec"] = {**each["spec"], "clusterIP": there["spec"]["clusterIP"]}
            there.clear()
            there.update(new)
        CLUSTER.api.edit(path, replaced)

    def apply(self, *documents):
        for each in documents:
            self.create(each)
        self.enforced()

    def delete(self, *documents):
        for each in documents:
            CLUSTER.api.delete(self.path(each))
        self.enforced()

    def reads_back(self, each):
        found = CLUSTER.api.find(self.path(each))
        return found is not None and all(found[part] == each[part] for part in ("spec", "matches", "specs")
                                         if part in each)

    def enforced(self):
        """Every proxy enforces what the API holds now. Within a kind changes are seen in their order,
        so an object of each kind that changed last stands for those before it."""
        CLUSTER.caretaker.settled()
        self.number += 1
        ns, n = self.ns, self.number
        marks = (
            conformance.traffic_target(ns, "mark", "nobody", [(ns, "nobody")],
                                       [("HTTPRouteGroup", "mark", [f"m{n}"])]),
            conformance.http_routes(ns, "mark", {"name": f"m{n}"}),
            conformance.tcp_route(ns, "mark", n),
            dict(conformance.weights(ns, n, 0), metadata={"name": "mark", "namespace": ns}))
        marks[3]["spec"]["service"] = "mark"
        self.create(conformance.app_service(ns, "mark", port=n))
        for each in marks:
            self.create(each)
        for each in marks:
            eventually(lambda: self.programmed(each), f"{each['kind']} mark {n} is enforced:\n"
                       + CLUSTER.last_words(), 20)
        CLUSTER.wait_for_ports(f"{ns}/mark", n)

    def programmed(self, each):
        found = CLUSTER.api.get(self.path(each))
        return any(condition["type"] == "Programmed" and condition["status"] == "True" and
                   condition["observedGeneration"] == found["metadata"]["generation"]
                   for condition in (found.get("status") or {}).get("conditions") or [])

    def pod(self, name, who, labels, ns=None):
        self.count += 1
        app = CLUSTER.app(ns or self.ns, name, who, labels, self.count % 2)
        app.start(sys.executable, APP, name, app.address, PORT).says("ready")
        self.enforced()
        return App(name, app.address)


Access, Spec, Split = conformance.tests_on(Objects)


if __name__ == "__main__":
    unittest.main(verbosity=2)
