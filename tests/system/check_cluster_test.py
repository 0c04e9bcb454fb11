#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic check` and `smic explain` of a cluster, on a real API server: what they say of its objects is what
they say of the same manifests, by who has the rights of the ClusterRole `smic-read` and no others."""

import json
import unittest

from cluster import PODS, ROOT, Cluster, free_port, run
from mesh import SMIC, account, document, pod, route_group, service, slice_of, split, target

NS, PORT = "shop", 8080


def shop():
    running = lambda name, who, last: dict(  # noqa: E731
        pod(NS, name, who, f"{PODS}.{last}"),
        spec={"serviceAccountName": who, "nodeName": "n1", "containers": [{"name": "c", "image": "none"}]})
    return [
        document("v1", "Namespace", NS, None),
        *(account(NS, who) for who in ("web", "batch", "reviews")),
        *(service(NS, name, 80, PORT) for name in ("reviews", "reviews-v1", "reviews-v2")),
        running("web", "web", 11), running("batch", "batch", 12),
        running("v1", "reviews", 21), running("v2", "reviews", 22),
        *(slice_of(NS, name, PORT, pods) for name, pods in (
            ("reviews", [("v1", f"{PODS}.21"), ("v2", f"{PODS}.22")]), ("reviews-v1", [("v1", f"{PODS}.21")]),
            ("reviews-v2", [("v2", f"{PODS}.22")]))),
        route_group(NS, "get", {"name": "get", "methods": ["GET"]}),
        split(NS, "canary", "reviews", [("reviews-v1", 90), ("reviews-v2", 10)]),
        target(NS, "to-reviews", "reviews", ["web"], ("HTTPRouteGroup", "get"))]


class CheckCluster(unittest.TestCase):
    """The tests change one cluster, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(audited=True))
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "rbac")
        for who in ("reader", "nobody"):
            cls.cluster.apply(document("v1", "ServiceAccount", who, "default"))
        cls.cluster.apply(document(
            "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "reader", None,
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "smic-read"},
            subjects=[{"kind": "ServiceAccount", "name": "reader", "namespace": "default"}]))
        cls.config = {}
        for who in ("reader", "nobody"):
            (cls.cluster.path / f"{who}-token").write_text(cls.cluster.token("default", who))
            cls.config[who] = cls.cluster.kubeconfig(who, {"tokenFile": f"{who}-token"})
        cls.files = cls.cluster.path / "shop.json"
        cls.files.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": shop()}))

    def check(self, *words, who="reader"):
        return run(SMIC, "check", "--kubeconfig", self.config[who], *words, check=False)

    def explain(self, *words, of=None):
        done = run(SMIC, "explain", *(of or ("--kubeconfig", self.config["reader"])), "--format=json",
                   *words, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def requests(self):
        """Of our accounts: (verb, what, status)."""
        for line in (self.cluster.path / "audit.log").read_text().splitlines():
            entry = json.loads(line)
            if entry["user"]["username"].startswith("system:serviceaccount:default:"):
                what = entry.get("objectRef", {}).get("resource") or entry["requestURI"]
                yield entry["verb"], what, entry["responseStatus"]["code"]

    def test_1_kinds_that_are_not_there_yet_are_empty(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^no problems in \d+ resources\n$")

    def test_2_a_cluster_without_mistakes(self):
        self.cluster.kubectl("apply", "-f", ROOT / "deploy" / "crds")
        self.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f",
                             ROOT / "deploy" / "crds")
        self.cluster.apply(*shop())
        done = self.check()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^no problems in \d+ resources\n$")

    def test_3_requests_are_explained_as_for_the_manifests(self):
        for words, outcome in ((("--from", "shop/web", "--to", "reviews.shop"), "forward"),
                               (("--from", "shop/batch", "--to", "reviews.shop"), "deny"),
                               (("--from", "shop/web", "--to", "reviews.shop", "--method", "POST"), "deny"),
                               (("--from-pod", "shop/web", "--to", "reviews.shop"), "forward")):
            found, wanted = self.explain(*words), self.explain(*words, of=(self.files,))
            self.assertEqual(found["outcome"], outcome, words)
            for part in ("outcome", "backends", "mode", "reason"):
                self.assertEqual(found[part], wanted[part], words)
            self.assertEqual([each["resource"] for each in found["because"]],
                             [each["resource"] for each in wanted["because"]])
        forward = self.explain("--from", "shop/web", "--to", "reviews.shop")
        self.assertEqual(forward["route"]["file"], "TrafficSplit/shop/canary.yaml")
        # In a cluster the Service has an address, and so it has one in the mesh.
        address = json.loads(self.cluster.kubectl("get", "service", "reviews", "-n", NS, "-o", "json").stdout)
        octets = address["spec"]["clusterIP"].split(".")[1:]
        self.assertEqual([each.split(".")[1:] for each in forward["addresses"]["node"] if "." in each], [octets])

    def test_4_services_of_the_system_are_not_meshed(self):
        words = ("--from", "shop/web", "--to", "kubernetes.default")
        self.assertEqual(self.explain(*words)["outcome"], "unknown-service")
        self.assertNotEqual(self.explain(*words, "--exclude=nothing")["outcome"], "unknown-service")

    def test_5_a_mistake_is_told_at_its_place(self):
        self.cluster.apply(split(NS, "canary", "reviews", [("reviews-v1", 90), ("reviews-v3", 10)]))
        done = self.check("--format=plain")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^TrafficSplit/shop/canary\.yaml:\d+:\d+: warning: .*reviews-v3.*\[W06\]")
        human = self.check().stdout
        self.assertRegex(human, r"(?m)^ +\d+ \|   - service: reviews-v3$")
        self.assertTrue(human.endswith("1 warning\n"), human)
        told = json.loads(self.check("--format=json").stdout)["diagnostics"]
        self.assertEqual([each["code"] for each in told], ["W06"])

    def test_6_who_has_no_right_is_told_which(self):
        done = self.check(who="nobody")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn('cannot list resource "namespaces"', done.stderr)

    def test_7_everything_was_read_and_nothing_written(self):
        seen = set(self.requests())
        self.assertLessEqual({verb for verb, _, _ in seen}, {"get", "list"})
        refused = {(what, status) for _, what, status in seen if status >= 300}
        # No group of SMI before its CRDs were there; and what the other account may not.
        self.assertEqual({each for each in refused if not each[0].startswith("/apis/")}, {("namespaces", 403)})
        self.assertTrue(all(status == 404 for what, status in refused if what.startswith("/apis/")))
        self.assertEqual({what for verb, what, _ in seen if verb == "list"},
                         {"namespaces", "pods", "serviceaccounts", "services", "endpointslices",
                          "identitybindings", "traffictargets", "httproutegroups", "tcproutes", "udproutes",
                          "trafficsplits"})

    def test_8_what_cannot_be_asked(self):
        for words in ((), (self.files, "--kubeconfig", self.config["reader"]), (self.files, "--context", "x")):
            self.assertEqual(run(SMIC, "check", *words, check=False).returncode, 64, words)
            self.assertEqual(run(SMIC, "explain", *words, "--from", "a/b", "--to", "c.d",
                                 check=False).returncode, 64, words)
        away = self.cluster.kubeconfig("away", {}, {"server": f"https://127.0.0.1:{free_port()}"})
        done = run(SMIC, "check", "--kubeconfig", away, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^smic check: .*127\.0\.0\.1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
