#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smic-controller on a real API server, with the rights of deploy/rbac and no others, and a
smic-proxy that enforces what it writes."""

import json
import os
import pathlib
import signal
import unittest

from cluster import PATIENCE, PODS, ROOT, STARTING, Cluster, Process, eventually, run
from mesh import BIN, Client, Echo, account, document, pod, route_group, service, slice_of, split, target

CONTROLLER, PROXY = BIN / "smic-controller", BIN / "smic-proxy"
NS, PORT = "shop", 8080
WEB, BATCH, V1, V2 = 11, 12, 21, 22  # last octets


def at(last):
    return f"{PODS}.{last}"


class Kubernetes(unittest.TestCase):
    """One cluster; the tests change it one after the other, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.out = cls.cluster.path / "out"
        cls.token = cls.cluster.path / "token"
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "rbac")
        cls.rotate_token()
        # Before the CRDs are there: they are picked up when they come.
        cls.controller = cls.started(CONTROLLER, "--address-plan=loopback", "--out", cls.out, "--kubeconfig",
                                     cls.cluster.kubeconfig("controller", {"tokenFile": "token"}))
        cls.controller.says("kind is not served kind=\"TrafficSplit\"", STARTING)
        cls.controller.says("published")
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "crds")
        cls.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f",
                            ROOT / "deploy" / "crds")
        for kind in ("TrafficTarget", "IdentityBinding", "HTTPRouteGroup", "TCPRoute", "UDPRoute",
                     "TrafficSplit"):
            cls.controller.says(f'listed kind="{kind}"')
        for name, last in (("v1", V1), ("v2", V2)):
            cls.addClassCleanup(Echo(name, at(last), PORT).end)
        cls.apply_shop()
        cls.proxy = cls.started(PROXY, "--manifest", cls.out / "manifest.json")

    @classmethod
    def started(cls, *words):
        process = Process(*words)
        cls.addClassCleanup(lambda: process.end() if process.process.poll() is None else None)
        return process

    @classmethod
    def rotate_token(cls):
        """As kubelet does: beside, then over."""
        beside = cls.token.with_suffix(".new")
        beside.write_text(cls.cluster.token("smic-system", "smic-controller"))
        beside.rename(cls.token)

    @classmethod
    def apply_shop(cls):
        running = lambda name, who, last: dict(  # noqa: E731
            pod(NS, name, who, at(last)),
            spec={"serviceAccountName": who, "nodeName": "n1",
                  "containers": [{"name": "c", "image": "none"}]})
        cls.cluster.apply(
            document("v1", "Namespace", NS, None),
            *(account(NS, who) for who in ("web", "batch", "reviews")),
            *(service(NS, name, 80, PORT) for name in ("reviews", "reviews-v1", "reviews-v2")),
            running("web", "web", WEB), running("batch", "batch", BATCH),
            running("v1", "reviews", V1), running("v2", "reviews", V2),
            slice_of(NS, "reviews", PORT, [("v1", at(V1)), ("v2", at(V2))]),
            slice_of(NS, "reviews-v1", PORT, [("v1", at(V1))]),
            slice_of(NS, "reviews-v2", PORT, [("v2", at(V2))]),
            route_group(NS, "any", {"name": "all"}))
        cls.weights(100, 0)
        cls.allow("web")

    @classmethod
    def weights(cls, v1, v2):
        cls.cluster.apply(split(NS, "canary", "reviews", [("reviews-v1", v1), ("reviews-v2", v2)]))

    @classmethod
    def allow(cls, *who):
        cls.cluster.apply(target(NS, "to-reviews", "reviews", who, ("HTTPRouteGroup", "any")))

    # ---- what a caller sees ---------------------------------------------------------------------

    def address(self):
        try:
            manifest = json.loads((self.out / "manifest.json").read_text())
        except OSError:
            return None
        for unit in manifest["units"]:
            if unit["service"] == f"{NS}/reviews":
                return unit["listen_addresses"][0], unit["listen_port"]
        return None

    def ask(self, who=WEB):
        """(status, who answered); None while there is no proxy."""
        address = self.address()
        if address is None:
            return None
        try:
            client = Client(*address, source=at(who))
            status, name, _ = client.request()
            client.close()
            return status, name
        except OSError:
            return None

    def becomes(self, wanted, who=WEB, patience=PATIENCE):
        eventually(lambda: self.ask(who) == wanted,
                   f"{wanted} for {who}; now {self.ask(who)}; the controller said:\n"
                   + self.controller.text()[-3000:], patience)

    # ---- tests ----------------------------------------------------------------------------------

    def test_1_what_the_cluster_says_is_enforced(self):
        self.becomes((200, "v1"))
        self.assertEqual(self.ask(BATCH)[0], 403)

    def test_2_weights_access_and_endpoints_follow_edits(self):
        self.weights(0, 100)
        self.becomes((200, "v2"))
        self.allow("web", "batch")
        self.becomes((200, "v2"), BATCH)
        self.allow("batch")
        self.becomes((403, None))
        self.allow("web")
        self.becomes((200, "v2"))
        self.cluster.apply(slice_of(NS, "reviews-v2", PORT, []))
        eventually(lambda: self.ask() != (200, "v2"), "v2 is out")
        self.cluster.apply(slice_of(NS, "reviews-v2", PORT, [("v2", at(V2))]))
        self.becomes((200, "v2"))
        self.cluster.kubectl("delete", "trafficsplit", "canary", "-n", NS)
        eventually(lambda: self.ask() == (200, "v1"), "the plain Service answers")
        self.weights(100, 0)

    def test_3_a_broken_object_is_told_and_the_rest_goes_on(self):
        # Twice the same backend: the schema cannot tell.
        self.cluster.apply(split(NS, "wrong", "reviews-v1", [("nowhere", 1), ("nowhere", 1)]))
        self.controller.says("TrafficSplit/shop/wrong.json")
        self.weights(0, 100)
        self.becomes((200, "v2"))
        self.cluster.kubectl("delete", "trafficsplit", "wrong", "-n", NS)
        self.weights(100, 0)
        self.becomes((200, "v1"))

    def test_4_it_has_no_more_rights_than_it_needs(self):
        who = ("--as", "system:serviceaccount:smic-system:smic-controller")
        for verb, what in (("get", "secrets"), ("list", "secrets"), ("list", "configmaps"),
                           ("create", "pods"), ("update", "services"), ("delete", "trafficsplits")):
            done = self.cluster.kubectl("auth", "can-i", verb, what, *who, check=False)
            self.assertEqual(done.stdout.strip(), "no", (verb, what))
        self.assertNotIn("forbidden", self.controller.text())

    def test_5_the_api_away_and_back(self):
        self.cluster.kill_apiserver()
        self.controller.says("lost touch with the API")
        self.assertEqual(self.ask(), (200, "v1"))  # the last state stays
        self.cluster.start_apiserver()
        self.weights(0, 100)
        self.becomes((200, "v2"), patience=60)
        self.assertEqual(self.ask(BATCH)[0], 403)

    def test_6_what_happened_while_it_slept_through_a_compaction(self):
        self.controller.process.send_signal(signal.SIGSTOP)
        try:
            self.weights(100, 0)
            self.cluster.apply(document("v1", "Namespace", "passing", None))
            self.cluster.kubectl("delete", "serviceaccount", "batch", "-n", NS)
            self.cluster.kill_apiserver()  # its memory of events goes with it
            self.cluster.compact()
            self.cluster.start_apiserver()
        finally:
            self.controller.process.send_signal(signal.SIGCONT)
        self.becomes((200, "v1"), patience=60)
        self.controller.says("the API forgot where we were")
        self.cluster.apply(account(NS, "batch"))
        self.weights(0, 100)
        self.becomes((200, "v2"))

    def test_7_a_token_that_was_replaced(self):
        self.weights(0, 100)
        self.becomes((200, "v2"))
        # A new ServiceAccount of the same name: tokens of the old one are worth nothing.
        self.cluster.kubectl("delete", "serviceaccount", "smic-controller", "-n", "smic-system")
        self.cluster.kubectl("apply", "-f", ROOT / "deploy" / "rbac")
        self.cluster.kill_apiserver()
        self.cluster.start_apiserver()
        self.controller.says("the token or client certificate is not valid", 60)
        self.assertEqual(self.ask(), (200, "v2"))
        self.rotate_token()
        self.weights(100, 0)
        self.becomes((200, "v1"), patience=60)

    def test_8_a_new_controller_rebuilds_everything_from_the_api(self):
        before = json.loads((self.out / "manifest.json").read_text())
        self.assertEqual(self.controller.end(), 0)
        fresh = self.cluster.path / "fresh"
        again = self.started(CONTROLLER, "--address-plan=loopback", "--out", fresh, "--kubeconfig",
                             self.cluster.path / "controller.kubeconfig")
        again.says("published")
        after = json.loads((fresh / "manifest.json").read_text())
        self.assertEqual({**after, "version": 0}, {**before, "version": 0})
        self.assertEqual(again.end(), 0)

    def test_9_in_a_pod_it_finds_its_way_by_itself(self):
        """As kubelet prepares it, at the fixed place where every pod has it, in a mount namespace."""
        files = self.cluster.path / "serviceaccount"
        files.mkdir()
        (files / "token").write_text(self.cluster.token("smic-system", "smic-controller"))
        (files / "ca.crt").write_text((self.cluster.path / "ca.crt").read_text())
        (files / "namespace").write_text("smic-system")
        place = "/var/run/secrets/kubernetes.io/serviceaccount"
        out = self.cluster.path / "pod"
        environment = f"KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT={self.cluster.port}"
        pod_like = self.started(
            "unshare", "--mount", "sh", "-c",
            f"mount -t tmpfs none /var/run && mkdir -p {place} && "
            f"mount --bind {files} {place} && exec env {environment} {CONTROLLER} --address-plan=loopback --out {out}")
        pod_like.says("published")
        self.assertEqual(pod_like.end(), 0)

    def test_a_server_that_is_not_who_it_should_be_is_not_believed(self):
        for wrong in ({"certificate-authority": "front-proxy-ca.crt"},
                      {"tls-server-name": "kubernetes.example.org"}):
            stranger = self.started(
                CONTROLLER, "--out", self.cluster.path / "none", "--kubeconfig",
                self.cluster.kubeconfig("stranger", {"tokenFile": "token"}, wrong))
            stranger.says("check the cluster's certificate-authority")
            self.assertFalse(os.path.exists(self.cluster.path / "none" / "manifest.json"))
            self.assertEqual(stranger.end(), 1)

    def test_b_a_client_certificate_is_enough(self):
        certified = self.started(CONTROLLER, "--address-plan=loopback", "--out", self.cluster.path / "certified",
                                 "--kubeconfig", self.cluster.admin)
        certified.says("published")
        self.assertTrue(pathlib.Path(self.cluster.path / "certified" / "manifest.json").exists())
        self.assertEqual(certified.end(), 0)

    def test_c_a_network_that_swallows_everything_is_noticed_and_survived(self):
        """No FIN, no RST: only that nobody answers any more."""
        cut = self.started(CONTROLLER, "--out", self.cluster.path / "cut", "--kubeconfig", self.cluster.admin)
        cut.says("published", STARTING)
        swallow = f"add table inet cut; add chain inet cut in {{ type filter hook input priority 0; }}; " \
                  f"add rule inet cut in tcp dport {self.cluster.port} drop"
        run("nft", swallow)
        try:
            cut.says("lost touch with the API", 90)
        finally:
            run("nft", "delete table inet cut")
        before = cut.text().count("info: published")
        # The API server talks to itself by the same way, and needs a while as well.
        edit = '{"spec": {"backends": [{"service": "reviews-v1", "weight": 7}, {"service": "reviews-v2", "weight": 3}]}}'
        eventually(lambda: self.cluster.kubectl("patch", "trafficsplit", "canary", "-n", NS, "--type=merge", "-p", edit,
                                                check=False).returncode == 0, "the API takes an edit", 120)
        eventually(lambda: cut.text().count("info: published") > before, "it is in touch again", 120)
        self.assertEqual(cut.end(), 0, cut.text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
