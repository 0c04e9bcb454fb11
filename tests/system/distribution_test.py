#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two controllers with the rights of deploy/rbac on a real API server: keys and epochs that they share
there, proxies that the API server tells apart by their tokens."""

import base64
import http.client
import json
import ssl
import unittest

from cluster import ROOT, STARTING, Cluster, eventually, free_port

from distributed import Relay  # where `cluster` says
from mesh import BIN, Process, account, document, pod, service, smic

OWN, NS = "smic-system", "shop"


class Replica(Process):
    def __init__(self, cluster, name):
        self.port = free_port()
        user = {"token": cluster.token(OWN, "smic-controller")}
        super().__init__(BIN / "smic-controller", "--kubeconfig", cluster.kubeconfig(name, user),
                         "--listen", f"127.0.0.1:{self.port}")
        self.url = f"https://localhost:{self.port}"
        self.says("ready", STARTING)


class Distribution(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "rbac")
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "crds")
        placed = lambda ns, name, who, node, last: dict(  # noqa: E731
            pod(ns, name, who, f"10.244.0.{last}"),
            spec={"serviceAccountName": who, "nodeName": node, "containers": [{"name": "c", "image": "none"}]})
        node = lambda name: document("v1", "Node", name, None)  # noqa: E731
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "status"},
                "rules": [{"nonResourceURLs": ["/v1/status"], "verbs": ["get"]}]}
        binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                   "metadata": {"name": "status"},
                   "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "status"},
                   "subjects": [{"kind": "ServiceAccount", "name": "watcher", "namespace": NS}]}
        cls.cluster.apply(document("v1", "Namespace", NS, None), node("n1"), node("n2"), role, binding,
                          *(account(NS, who) for who in ("web", "watcher")), account(OWN, "smic-proxy"),
                          service(NS, "reviews", 80, 8080),
                          placed(NS, "web", "web", "n1", 11), placed(NS, "batch", "web", "n2", 12),
                          placed(OWN, "proxy-1", "smic-proxy", "n1", 1), placed(OWN, "proxy-2", "smic-proxy", "n2", 2))
        cls.one = cls.started(Replica(cls.cluster, "one"))
        cls.other = cls.started(Replica(cls.cluster, "other"))

    @classmethod
    def started(cls, process):
        cls.addClassCleanup(lambda: process.end() if process.process.poll() is None else None)
        return process

    def object(self, kind, name):
        return json.loads(self.cluster.kubectl("get", kind, name, "-n", OWN, "-o", "json").stdout)["data"]

    def token(self, ns, who, *words):
        return self.cluster.kubectl("create", "token", who, "-n", ns, *words).stdout.strip()

    def proxy_token(self, number):
        return self.token(OWN, "smic-proxy", "--audience", "smic-controller", "--bound-object-kind", "Pod",
                          "--bound-object-name", f"proxy-{number}")

    def ask(self, path, token, replica=None):
        """(status, first line or body)"""
        authority = self.cluster.path / "trusted.crt"
        authority.write_text(self.object("configmap", "smic-trust")["ca.crt"])
        context = ssl.create_default_context(cafile=str(authority))
        connection = http.client.HTTPSConnection("localhost", (replica or self.one).port, timeout=20, context=context)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        said = answer.readline() if answer.status == 200 else answer.read()
        connection.close()
        return answer.status, said.decode()

    def start_proxy(self, number, *replicas):
        home = self.cluster.path / f"proxy-{number}"
        home.mkdir(exist_ok=True)
        (home / "trust.pem").write_text(self.object("configmap", "smic-trust")["trust.pem"])
        (home / "token").write_text(self.proxy_token(number))
        return self.started(Process(BIN / "smic-proxy", "--controller", ",".join(each.url for each in replicas),
                                    "--node", f"n{number}", "--trust", home / "trust.pem", "--token", home / "token",
                                    "--state", home / "state", "--admin", "127.0.0.1:0"))

    def test_1_replicas_share_their_keys_and_no_epoch(self):
        ring = json.loads(base64.b64decode(self.object("secret", "smic-keys")["keys.json"]))
        trust = self.object("configmap", "smic-trust")
        self.assertEqual(trust["ca.crt"], ring["authorities"][0]["certificate"])
        self.assertNotIn("PRIVATE", json.dumps(trust))
        self.assertEqual(self.object("configmap", "smic-distribution")["epoch"], "2")  # and none is lost later
        token = self.proxy_token(1)
        heads = [json.loads(self.ask("/v1/watch?node=n1", token, each)[1])["state"] for each in (self.one, self.other)]
        self.assertEqual(heads[0]["mesh"], heads[1]["mesh"])
        self.assertEqual(heads[0]["local"], heads[1]["local"])
        self.assertEqual(heads[0]["key"], heads[1]["key"])
        self.assertEqual({head["epoch"] for head in heads}, {1, 2})

    def test_2_a_token_is_of_the_node_that_its_pod_runs_on(self):
        watch = "/v1/watch?node="
        self.assertEqual(self.ask(watch + "n1", self.proxy_token(1))[0], 200)
        code, said = self.ask(watch + "n2", self.proxy_token(1))
        self.assertEqual(code, 403)
        self.assertIn("the token is of a pod on the node n1, not on n2", said)
        code, said = self.ask(watch + "n1", self.token(OWN, "smic-proxy", "--audience", "smic-controller"))
        self.assertEqual(code, 403)
        self.assertIn("bound to a pod", said)
        self.assertEqual(self.ask(watch + "n1", self.token(OWN, "smic-proxy"))[0], 401)  # the API's audience
        code, said = self.ask(watch + "n1", self.token(NS, "web", "--audience", "smic-controller"))
        self.assertEqual(code, 403)
        self.assertIn("system:serviceaccount:shop:web is not", said)
        self.assertEqual(self.ask(watch + "n1", "rubbish")[0], 401)

    def test_3_the_status_is_for_whom_rbac_lets_see_it(self):
        self.assertEqual(self.ask("/v1/status", self.token(NS, "watcher", "--audience", "smic-controller"))[0], 200)
        code, said = self.ask("/v1/status", self.token(NS, "web", "--audience", "smic-controller"))
        self.assertEqual(code, 403)
        self.assertIn("/v1/status", said)

    def test_4_behind_one_address_every_edit_is_told_to_the_replica_that_is_followed(self):
        common = Relay(self.one.port, self.other.port)
        self.addCleanup(common.close)
        proxies = [self.start_proxy(number, common) for number in (1, 2)]
        watcher = self.token(NS, "watcher", "--audience", "smic-controller")
        status = lambda replica: json.loads(self.ask("/v1/status", watcher, replica)[1])  # noqa: E731

        def known(replica, above):
            said = status(replica)
            return said["version"] > above and {node["node"] for node in said["nodes"]
                                                if node["current"] and node["connected"]} == {"n1", "n2"}
        for replica in (self.one, self.other):
            eventually(lambda: known(replica, 0), "both nodes are known")
        for edit in range(5):
            before = [status(replica)["version"] for replica in (self.one, self.other)]
            self.cluster.apply(service(NS, f"edit-{edit}", 80, 8080))
            for replica, above in zip((self.one, self.other), before):
                eventually(lambda: known(replica, above), lambda: f"edit {edit}: {status(replica)}")
        self.assertEqual(common.accepted, 2, "nothing but two watches")
        for proxy in proxies:
            proxy.end()

    def test_5_proxies_follow_whichever_replica_is_there(self):
        one, two = self.start_proxy(1, self.one, self.other), self.start_proxy(2, self.other, self.one)
        for proxy in (one, two):
            proxy.says("enforcing version=")
        watcher = self.token(NS, "watcher", "--audience", "smic-controller")
        for replica in (self.one, self.other):  # each knows of the node that follows the other
            eventually(lambda: {node["node"] for node in json.loads(self.ask("/v1/status", watcher, replica)[1])["nodes"]
                                if node["current"] and node["connected"]} == {"n1", "n2"}, "all nodes are known")
        state = self.cluster.path / "proxy-1" / "state" / "state"
        eventually(state.exists, "it is kept")
        self.assertIn("local pod 10.244.0.11", state.read_text())
        self.assertNotIn("local pod 10.244.0.12", state.read_text())
        self.one.end(9)
        admin = self.cluster.path / "watcher"
        admin.write_text(self.token(NS, "watcher", "--audience", "smic-controller"))
        waiting = smic("status", "--controller", self.other.url, "--trust", self.cluster.path / "trusted.crt",
                       "--token", admin, "--wait", "--timeout", "60", timeout=90)
        self.assertEqual(waiting.returncode, 0, waiting.stdout + waiting.stderr)
        self.assertIn("2 of 2 nodes", waiting.stdout)
        self.cluster.apply(service(NS, "ratings", 80, 8080))
        eventually(lambda: "mesh unit shop ratings" in state.read_text(), "an edit after that", STARTING)
        self.assertNotIn("refused", one.text() + two.text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
