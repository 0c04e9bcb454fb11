#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""metrics.smi-spec.io through the API server's own aggregator: known traffic through a real proxy
is what `kubectl get --raw` tells."""

import json
import ssl
import time
import unittest
import urllib.error
import urllib.request

from cluster import PODS, ROOT, STARTING, Cluster, Process, eventually, free_port
from mesh import BIN, Client, Echo, account, document, service, slice_of, split
from webhooks import ServingController

NS, PORT = "shop", 8080
WEB, V1, V2 = 11, 21, 22
REQUESTS, DELAY_MS = 60, 30
API = "/apis/metrics.smi-spec.io/v1alpha1"
KINDS = {"namespaces", "nodes", "pods", "replicationcontrollers", "services", "daemonsets",
         "deployments", "replicasets", "statefulsets", "jobs", "trafficsplits"}


def at(last):
    return f"{PODS}.{last}"


def owner(kind, name):
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "0-1-2", "controller": True}]


def workload(kind, name, labels):
    return document("apps/v1", kind, name, NS, metadata={"labels": labels}, spec={
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}},
                     "spec": {"containers": [{"name": "c", "image": "none"}]}}})


def pod_of(deployment, last, app):
    """As a Deployment's controllers would have made it."""
    return document("v1", "Pod", f"{deployment}-5d4-a", NS, metadata={
        "labels": {"app": app, "pod-template-hash": "5d4"},
        "ownerReferences": owner("ReplicaSet", f"{deployment}-5d4")},
        spec={"serviceAccountName": app, "nodeName": "n1",
              "containers": [{"name": "c", "image": "none"}]},
        status={"phase": "Running", "podIP": at(last), "podIPs": [{"ip": at(last)}]})


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "crds")
        cls.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f",
                            ROOT / "deploy" / "crds")
        cls.cluster.kubectl("create", "namespace", "smic-system")
        cls.objects()
        admin = f"127.0.0.1:{free_port()}"
        tokens, token = cls.cluster.path / "tokens", cls.cluster.path / "token-of-n1"
        tokens.write_text("secret n1\n")
        token.write_text("secret\n")
        cls.health = f"127.0.0.1:{free_port()}"
        cls.controller = ServingController(cls.cluster, "--tokens", tokens, "--proxies", admin,
                                           "--access", "permissive", "--health", cls.health,
                                           "--address-plan", "loopback")
        cls.addClassCleanup(cls.controller.end)
        for name, last, more in (("v1", V1, ()), ("v2", V2, ("--status", "503"))):
            cls.addClassCleanup(Echo(name, at(last), PORT, "--delay-ms", DELAY_MS, *more).end)
        cls.proxy = Process(
            BIN / "smic-proxy", "--controller", f"https://localhost:{cls.controller.port}",
            "--node", "n1", "--trust", cls.controller.authority.parent / "trust.pem", "--token",
            token, "--state", cls.cluster.path / "state", "--admin", admin, "--workers", "1")
        cls.addClassCleanup(cls.proxy.end)
        cls.register()
        cls.traffic(admin)

    @classmethod
    def objects(cls):
        cls.cluster.apply(
            document("v1", "Namespace", NS, None), document("v1", "Node", "n1", None),
            account(NS, "web"), account(NS, "reviews"),
            workload("Deployment", "web", {"tier": "front"}),
            workload("Deployment", "reviews-v1", {"tier": "back"}),
            workload("Deployment", "reviews-v2", {"tier": "back"}),
            workload("Deployment", "idle", {}),
            pod_of("web", WEB, "web"), pod_of("reviews-v1", V1, "reviews"),
            pod_of("reviews-v2", V2, "reviews"),
            *(service(NS, name, 80, PORT) for name in ("reviews", "reviews-v1", "reviews-v2")),
            slice_of(NS, "reviews-v1", PORT, [("reviews-v1-5d4-a", at(V1))]),
            slice_of(NS, "reviews-v2", PORT, [("reviews-v2-5d4-a", at(V2))]),
            split(NS, "canary", "reviews", [("reviews-v1", 2), ("reviews-v2", 1)]))

    @classmethod
    def register(cls):
        """The Service leads to this machine's loopback, where the controller listens."""
        cls.cluster.apply(
            document("v1", "Service", "smic-controller", "smic-system", spec={
                "type": "ExternalName", "externalName": "localhost",
                "ports": [{"port": cls.controller.port}]}),
            document("apiregistration.k8s.io/v1", "APIService", "v1alpha1.metrics.smi-spec.io",
                     None, spec={
                         "group": "metrics.smi-spec.io", "version": "v1alpha1",
                         "groupPriorityMinimum": 100, "versionPriority": 100,
                         "caBundle": cls.controller.bundle,
                         "service": {"namespace": "smic-system", "name": "smic-controller",
                                     "port": cls.controller.port}}))
        cls.cluster.kubectl("wait", "--for=condition=Available", f"--timeout={int(STARTING)}s",
                            "apiservice/v1alpha1.metrics.smi-spec.io")

    @classmethod
    def traffic(cls, admin):
        def address():
            try:
                with urllib.request.urlopen(f"http://{admin}/addresses", timeout=5) as answer:
                    return json.loads(answer.read()).get(f"reviews.{NS}.mesh", {}).get("80")
            except OSError:
                return None
        host, _, port = eventually(address, "an address of reviews", STARTING).rpartition(":")
        client = Client(host, int(port), source=at(WEB))

        def answered():
            try:
                return client.request()[0]
            except OSError:
                client.close()
                return None
        first = eventually(answered, "the proxy answers", STARTING)
        cls.seen, cls.took = [first], []
        for _ in range(REQUESTS - 1):
            began = time.monotonic()
            cls.seen.append(client.request()[0])
            cls.took.append(time.monotonic() - began)
        client.close()

    # ---- questions ------------------------------------------------------------------------------

    def get(self, path, query="t=10m"):
        return json.loads(self.cluster.kubectl("get", "--raw", f"{API}{path}?{query}").stdout)

    def metric(self, item, name):
        found = next(each for each in item["metrics"] if each["name"] == name)
        text = found["value"]
        return float(text[:-1]) / 1000 if text.endswith("m") else float(text)

    def counts(self, item):
        return int(self.metric(item, "success_count")), int(self.metric(item, "failure_count"))

    @property
    def expected(self):
        return self.seen.count(200), self.seen.count(503)

    def total(self):
        try:
            item = self.get(f"/namespaces/{NS}")
        except AssertionError:
            return None  # no proxy was read yet
        return self.counts(item)

    def setUp(self):
        self.assertEqual(sum(self.expected), REQUESTS)
        eventually(lambda: self.total() == self.expected,
                   f"{self.expected} for the namespace; the controller said:\n"
                   + self.controller.text()[-2000:], STARTING)

    def test_counts_are_those_of_the_traffic(self):
        good, bad = self.expected
        self.assertGreater(bad, 0)
        for path, wanted in ((f"/namespaces/{NS}/deployments/reviews-v1", (good, 0)),
                             (f"/namespaces/{NS}/deployments/reviews-v2", (0, bad)),
                             (f"/namespaces/{NS}/replicasets/reviews-v1-5d4", None),
                             (f"/namespaces/{NS}/pods/reviews-v2-5d4-a", (0, bad)),
                             (f"/namespaces/{NS}/deployments/web", (0, 0)),
                             ("/nodes/n1", (good, bad))):
            with self.subTest(path):
                if wanted is None:  # there is no such object, whatever pods say
                    with self.assertRaisesRegex(AssertionError, "not found"):
                        self.get(path)
                else:
                    self.assertEqual(self.counts(self.get(path)), wanted)

    def test_quantiles_are_near_those_that_the_client_saw(self):
        item = self.get(f"/namespaces/{NS}")
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
            with self.subTest(name):
                seen = sorted(self.took)[int(share * (len(self.took) - 1))]
                told = self.metric(item, f"{name}_response_latency")
                # A bucket is an eighth to a quarter wide; the client's own time is in `seen`.
                self.assertGreater(told, DELAY_MS / 1000 * 0.8)
                self.assertLess(told, max(self.took) * 1.3)
                if share == 0.5:
                    self.assertAlmostEqual(told, seen, delta=0.3 * seen)

    def test_edges_name_the_peers(self):
        good, bad = self.expected
        edges = self.get(f"/namespaces/{NS}/deployments/web/edges")["items"]
        self.assertEqual({each["edge"]["resource"]["name"]: self.counts(each) for each in edges},
                         {"reviews-v1": (good, 0), "reviews-v2": (0, bad)})
        self.assertEqual({each["edge"]["direction"] for each in edges}, {"to"})
        [edge] = self.get(f"/namespaces/{NS}/deployments/reviews-v1/edges")["items"]
        self.assertEqual((edge["edge"]["direction"], edge["edge"]["resource"]["name"]),
                         ("from", "web"))
        [edge, other] = self.get(f"/namespaces/{NS}/edges")["items"]
        self.assertEqual({edge["edge"]["direction"], other["edge"]["direction"]}, {"from", "to"})

    def test_a_split_tells_its_backends(self):
        good, bad = self.expected
        items = self.get(f"/namespaces/{NS}/trafficsplits/canary")["items"]
        self.assertEqual([(each["backend"], self.counts(each)) for each in items], [
            ({"apex": "reviews", "name": "reviews-v1", "weight": 2}, (good, 0)),
            ({"apex": "reviews", "name": "reviews-v2", "weight": 1}, (0, bad))])

    def test_lists_have_all_objects_and_selectors_mean_what_they_always_mean(self):
        names = lambda query: [each["metadata"]["name"] for each in  # noqa: E731
                               self.get(f"/namespaces/{NS}/deployments", query)["items"]]
        self.assertEqual(names("t=1m"), ["idle", "reviews-v1", "reviews-v2", "web"])
        self.assertEqual(names("labelSelector=tier%20in%20(back)"), ["reviews-v1", "reviews-v2"])
        self.assertEqual(len(self.get("/pods")["items"]), 3)

    def test_discovery_and_what_there_is_not(self):
        listed = self.cluster.kubectl("api-resources", "--api-group=metrics.smi-spec.io",
                                      "-o", "name").stdout.split()
        self.assertEqual({each.split(".")[0] for each in listed}, KINDS)
        for path in (f"/namespaces/{NS}/deployments/none", f"/namespaces/{NS}/widgets"):
            done = self.cluster.kubectl("get", "--raw", API + path, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("NotFound", done.stderr)

    def plain(self, path):
        with urllib.request.urlopen(f"http://{self.health}{path}", timeout=20) as answer:
            return answer.read().decode()

    def test_health_figures_and_topology_at_the_plain_address(self):
        self.assertEqual(self.plain("/readyz"), "ok\n")
        self.assertIn('smic_controller_requests_total{path="/apis",code="200"}',
                      self.plain("/metrics"))
        mesh = json.loads(self.plain("/topology"))
        self.assertEqual(mesh["nodes"], ["n1"])
        self.assertIn({"service": "shop/reviews", "port": 80, "protocol": "http"},
                      mesh["services"])
        self.assertEqual([each["split"] for each in mesh["splits"]], ["shop/canary"])

    def test_nobody_else_is_answered(self):
        context = ssl.create_default_context(cafile=self.controller.authority)
        for certificate in (None, "admin"):
            if certificate:
                path = self.cluster.certificates.path
                context.load_cert_chain(path(f"{certificate}.crt"), path(f"{certificate}.key"))
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(self.controller.url(API), context=context, timeout=20)
            self.assertEqual(refused.exception.code, 401)


if __name__ == "__main__":
    unittest.main(verbosity=2)
