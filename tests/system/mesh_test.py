#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""smic installed from deploy/ into a cluster of two nodes, used, broken in every way that comes to mind
while traffic flows, and taken out again. The traffic is counted, by HTTP, TCP and UDP: whoever may must
always get an answer, and whoever may not must never."""

import json
import signal
import unittest

from cluster import eventually
from mesh import document
from mesh_objects import HTTP, NS, Shop, Traffic, TrafficOfAll, http_service
from node_cluster import DEPLOY, NodeCluster

SYSTEM = "smic-system"


def told(what, traffic):
    print(f"{what}: {traffic}", flush=True)


class Mesh(unittest.TestCase):
    """One cluster; the tests change it one after the other, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(NodeCluster())
        cls.shop = Shop(cls.cluster)
        cls.web, cls.batch = cls.shop.web, cls.shop.batch
        cls.cluster.caretaker.settled()
        cls.before = cls.cluster.everything()
        cls.cluster.install()
        cls.shop.policy()

    def controllers(self):
        return self.cluster.replicas("smic-controller")

    def proxies(self):
        return self.cluster.replicas("smic-proxy")

    def leader(self):
        lease = self.cluster.api.find(
            f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/smic-controller")
        holder = ((lease or {}).get("spec") or {}).get("holderIdentity") or ""
        return next((pod for pod in self.controllers() if holder.startswith(pod.name)), None)

    def all_become(self, who):
        """On both nodes: web gets an answer of `who`, batch is refused."""
        for app in self.web:
            self.shop.becomes(app, (200, who))
        for app in self.batch:
            self.shop.becomes(app, (403, None))

    # ---- used ------------------------------------------------------------------------------------

    def test_01_mesh_names_resolve_in_pods_through_the_clusters_dns(self):
        for app in self.web:
            eventually(lambda: app.dig(f"reviews.{NS}.mesh")[0] == "NOERROR",
                       f"reviews.{NS}.mesh resolves: {app.dig(f'reviews.{NS}.mesh')}", 60)
            status, addresses = app.dig(f"reviews.{NS}.mesh")
            cluster_ip = self.cluster.api.get(
                f"/api/v1/namespaces/{NS}/services/reviews")["spec"]["clusterIP"]
            self.assertEqual(addresses, ["240." + cluster_ip.partition(".")[2]])
            self.assertEqual(app.dig(f"nobody.{NS}.mesh")[0], "NXDOMAIN")
            self.assertEqual(app.dig(f"reviews.{NS}.svc.cluster.local"), ("NOERROR", [cluster_ip]))

    def test_02_what_is_allowed_passes_and_nothing_else(self):
        self.all_become("v1")
        for app in self.web:
            self.assertEqual(self.shop.tcp(app), "db\nhello\n")
            self.assertEqual(self.shop.udp(app), "clock: hello")
        for app in self.batch:
            self.assertEqual(self.shop.tcp(app), "")
            self.assertEqual(self.shop.udp(app), "")

    def test_03_traffic_stays_on_its_own_node(self):
        for here, app in enumerate(self.web):
            self.assertEqual(self.shop.by_node(app), [10.0 if i == here else 0.0 for i in range(2)])

    def test_04_weights_are_edited_under_load(self):
        with TrafficOfAll(self.shop) as traffic:
            for v1, v2, who in ((0, 100, "v2"), (100, 0, "v1"), (0, 1, "v2"), (1, 0, "v1")):
                self.shop.weights(v1, v2)
                self.all_become(who)
        told("weights edited", traffic)

    def test_05_access_is_edited(self):
        self.shop.allow("web", "batch")
        for app in self.batch:
            self.shop.becomes(app, (200, "v1"))
        self.shop.allow("batch")
        for app in self.web:
            self.shop.becomes(app, (403, None))
        self.shop.allow("web")
        self.all_become("v1")

    def test_06_a_service_comes_and_goes(self):
        api = f"/api/v1/namespaces/{NS}/services/late"
        self.cluster.apply(http_service(NS, "late", {"app": "reviews", "version": "v2"}))
        url = self.shop.url("late")
        for app in self.web:
            eventually(lambda: app.dig(f"late.{NS}.mesh")[0] == "NOERROR", "it has a name", 60)
            self.shop.becomes(app, (200, "v2"), url)
        self.cluster.api.delete(api)
        for app in self.web:
            eventually(lambda: app.dig(f"late.{NS}.mesh")[0] == "NXDOMAIN", "its name is gone", 60)

    def test_07_endpoints_come_and_go_without_a_lost_request(self):
        with TrafficOfAll(self.shop) as traffic:
            extra = self.cluster.echo(NS, "v1-more", "reviews", {"app": "reviews", "version": "v1"}, 1, HTTP)
            for app in self.web:
                self.shop.becomes(app, (200, "v1-more"))
            extra.tell(False)  # not ready, and still there: as a pod that is being deleted
            self.cluster.caretaker.settled()
            self.all_become("v1")
            for app in self.web:
                for _ in range(20):
                    self.assertEqual(self.shop.ask(app), (200, "v1"))
            extra.stop()
            self.cluster.apps.remove(extra)
        told("a pod came and went", traffic)

    def test_08_a_namespace_opts_in_whole_and_its_clients_keep_their_names(self):
        plain = f"http://reviews.{NS}/"
        for app in self.batch:
            self.assertEqual(self.shop.ask(app, plain)[0], 200)  # past the mesh: nobody asks
        self.cluster.apply(document("v1", "Namespace", NS, None,
                                    metadata={"labels": {"smic.dev/names": "plain"}}))
        for app in self.batch:
            self.shop.becomes(app, (403, None), plain, 90)
        for app in self.web:
            self.shop.becomes(app, (200, "v1"), plain, 90)
            for name in ("reviews", f"reviews.{NS}.svc.cluster.local", f"reviews.{NS}.svc"):
                self.assertEqual(self.shop.ask(app, f"http://{name}/"), (200, "v1"))
        self.cluster.apply(document("v1", "Namespace", NS, None))
        for app in self.batch:
            eventually(lambda: self.shop.ask(app, plain)[0] == 200, "the opt-in is taken back", 90)

    def test_09_canary_controllers_read_back_what_they_wrote(self):
        """Flagger and Argo Rollouts compare everything but weights, in versions of their own."""
        weights = {"v1alpha1": ("100", "0"), "v1alpha2": (100, 0), "v1alpha3": (100, 0)}
        for version, (primary, canary) in weights.items():
            with self.subTest(version):
                path = f"/apis/split.smi-spec.io/{version}/namespaces/{NS}/trafficsplits"
                spec = {"service": "db", "backends": [{"service": "db-primary", "weight": primary},
                                                      {"service": "db-canary", "weight": canary}]}
                self.cluster.api.post(path, {
                    "apiVersion": f"split.smi-spec.io/{version}", "kind": "TrafficSplit",
                    "metadata": {"name": "flagger"}, "spec": spec})

                def judged():
                    conditions = (self.cluster.api.get(f"{path}/flagger").get("status") or {}).get("conditions")
                    return conditions and {each["type"]: each["status"] for each in conditions}
                eventually(judged, "it has a status", 30)

                def written_back(found):
                    self.assertEqual(found["spec"], spec)
                    found["spec"]["backends"][0]["weight"] = canary
                    found["spec"]["backends"][1]["weight"] = primary
                    found.pop("status")  # as who writes back what it knows of
                found = self.cluster.api.edit(f"{path}/flagger", written_back)
                again = self.cluster.api.get(f"{path}/flagger")
                self.assertEqual(again["spec"], found["spec"])
                self.assertTrue(judged())
                self.assertEqual(again["metadata"].get("annotations"), found["metadata"].get("annotations"))
                self.cluster.api.delete(f"{path}/flagger")

    def test_10_a_canary_controller_moves_weights_as_it_does_under_load(self):
        """As Flagger: it reads in a version of its own and writes all of it back, step by step, over what is
        there now, and tries again when somebody else wrote meanwhile."""
        with TrafficOfAll(self.shop) as traffic:
            for version, number in (("v1alpha1", str), ("v1alpha2", int), ("v1alpha3", int)):
                path = f"/apis/split.smi-spec.io/{version}/namespaces/{NS}/trafficsplits/canary"
                for canary in (10, 50, 100, 0):
                    def moved(found):
                        found.pop("status", None)
                        for backend in found["spec"]["backends"]:
                            share = canary if backend["service"] == "reviews-v2" else 100 - canary
                            backend["weight"] = number(share)
                    self.cluster.api.edit(path, moved)
                    if canary in (0, 100):
                        self.all_become("v2" if canary else "v1")
        told("weights moved by a canary controller", traffic)

    def test_19_nobody_was_refused_a_right_that_it_asked_for(self):
        for pod in [*self.controllers(), *self.proxies()]:
            for line in pod.text().splitlines():
                self.assertNotIn("forbidden", line.lower(), pod.name)

    # ---- broken ----------------------------------------------------------------------------------

    def test_20_a_controller_is_killed_and_the_leader_moves(self):
        leader = eventually(self.leader, "somebody leads", 60)
        with TrafficOfAll(self.shop) as traffic:
            leader.frozen = True  # its kubelet is busy elsewhere
            leader.kill()
            self.shop.weights(0, 100)
            self.all_become("v2")
            eventually(lambda: self.leader() not in (None, leader), "another one leads", 60)
            leader.frozen = False
            leader.ready()
            self.shop.weights(100, 0)
            self.all_become("v1")
        told("leader killed", traffic)

    def test_21_all_controllers_are_gone_and_come_back(self):
        with TrafficOfAll(self.shop) as traffic:
            for pod in self.controllers():
                pod.frozen = True
                pod.kill()
            self.shop.weights(0, 100)  # nobody is there to see it
            for app in self.web:
                self.assertEqual(self.shop.ask(app), (200, "v1"))
            for pod in self.controllers():
                pod.frozen = False
            for pod in self.controllers():
                eventually(lambda: pod.restarts > 0 and pod.is_ready, f"{pod.name} is back", 60)
            self.all_become("v2")
            self.shop.weights(100, 0)
            self.all_become("v1")
        told("all controllers killed", traffic)

    def test_22_a_proxy_is_replaced_by_the_next_one_on_its_node(self):
        with TrafficOfAll(self.shop) as traffic:
            for old in list(self.proxies()):
                new = self.cluster.add_replica("DaemonSet", "smic-proxy", old.node).ready()
                self.assertEqual(old.stop(), 0)
                self.assertTrue(new.is_ready)
        told("proxies replaced", traffic)
        self.all_become("v1")

    def test_23_a_proxy_starts_without_a_controller_from_what_its_node_kept(self):
        """While there is no proxy its node's requests are lost; nothing is let through, and the other node
        loses nothing."""
        proxy = self.proxies()[0]
        here = self.cluster.nodes.index(proxy.node)
        with TrafficOfAll(self.shop, self.shop.urls(by_address="A"), losing=[here]) as traffic:
            for pod in self.controllers():
                pod.frozen = True
                pod.process.end(signal.SIGKILL)
            try:
                proxy.kill()
                eventually(lambda: proxy.restarts > 0 and proxy.is_ready, "the proxy is back", 60)
                with TrafficOfAll(self.shop, nodes=[here]) as from_disk:
                    for _ in range(10):
                        self.assertEqual(self.shop.ask(self.web[here]), (200, "v1"))
                        self.assertEqual(self.shop.ask(self.batch[here]), (403, None))
                told("from disk, without a controller", from_disk)
            finally:
                for pod in self.controllers():
                    pod.frozen = False
            for pod in self.controllers():
                eventually(lambda: pod.is_ready and pod.process.process.poll() is None, "it is back", 60)
            self.shop.weights(0, 100)
            self.all_become("v2")
            self.shop.weights(100, 0)
            self.all_become("v1")
        told("a proxy killed without a controller", traffic)

    def test_24_the_api_is_away_and_back(self):
        with TrafficOfAll(self.shop) as traffic:
            self.cluster.kill_apiserver()
            for app in self.web * 5:
                self.assertEqual(self.shop.ask(app), (200, "v1"))
            self.cluster.start_apiserver()
            self.shop.weights(0, 100)
            self.all_become("v2")
        told("the API away and back", traffic)
        self.shop.weights(100, 0)
        self.all_become("v1")

    def test_25_history_is_compacted_while_a_controller_sleeps(self):
        sleeping = self.controllers()
        with TrafficOfAll(self.shop) as traffic:
            for pod in sleeping:
                pod.frozen = True
                pod.process.process.send_signal(signal.SIGSTOP)
            try:
                self.shop.weights(0, 100)
                self.cluster.kill_apiserver()  # its memory of events goes with it
                self.cluster.compact()
                self.cluster.start_apiserver()
            finally:
                for pod in sleeping:
                    pod.process.process.send_signal(signal.SIGCONT)
                    pod.frozen = False
            self.all_become("v2")
            self.shop.weights(100, 0)
            self.all_become("v1")
        told("compacted", traffic)

    def test_26_tokens_are_rotated(self):
        with TrafficOfAll(self.shop) as traffic:
            for pod in [*self.controllers(), *self.proxies()]:
                pod.refresh()
            self.shop.weights(0, 100)
            self.all_become("v2")
            self.shop.weights(100, 0)
            self.all_become("v1")
        told("tokens rotated", traffic)

    def test_27_a_node_is_cut_off_from_the_rest(self):
        """It goes on by what it knew, for pods of its own; the others follow what changes meanwhile."""
        self.shop.weights(0, 100)  # v2, db and clock are on the node that will be alone
        self.all_become("v2")
        (here, alone), urls = self.web, self.shop.urls(by_address="A")
        url = urls[0]
        try:
            with TrafficOfAll(self.shop, urls, nodes=[1]) as traffic:
                self.cluster.nodes[1].partition(True)
                for _ in range(5):
                    self.assertEqual(self.shop.ask(alone, url), (200, "v2"))
                    self.assertEqual(self.shop.ask(self.batch[1], url), (403, None))
                self.shop.allow("batch")  # it cannot know
                # This side's proxy may have followed the controller of the other one, which it leaves within
                # ten seconds; and the leader may be there.
                self.shop.becomes(here, (403, None), patience=60)
                self.assertEqual(self.shop.ask(alone, url), (200, "v2"))
        finally:
            self.cluster.nodes[1].partition(False)
        told("a node cut off", traffic)
        self.shop.becomes(alone, (403, None), url, patience=60)  # and learns it
        self.shop.allow("web")
        self.shop.weights(100, 0)
        self.all_become("v1")

    def test_28_the_dns_configuration_is_edited_by_somebody_else(self):
        """Who applies his own file takes our block out; it comes back, and his edit stays. Whoever has an
        address notices nothing; a name is not found meanwhile, and leads nowhere that it must not."""
        path = "/api/v1/namespaces/kube-system/configmaps/coredns"
        ours = self.cluster.api.get(path)["data"]["Corefile"]
        self.assertIn(".mesh" if ".mesh" in ours else "mesh", ours)
        theirs = self.before[("configmaps", "kube-system", "coredns")]["data"]["Corefile"].replace(
            "cache 30", "cache 31")

        def healed():
            text = self.cluster.api.get(path)["data"]["Corefile"]
            return "cache 31" in text and text != theirs
        with (TrafficOfAll(self.shop, self.shop.urls(by_address="A")) as by_address,
              TrafficOfAll(self.shop, losing=[0, 1]) as by_name):
            self.cluster.api.merge(path, {"data": {"Corefile": theirs}})
            eventually(healed, "our block is back", 60)
            for app in self.web:
                eventually(lambda: app.dig(f"reviews.{NS}.mesh")[0] == "NOERROR", "names resolve", 60)
        told("the DNS configuration edited, by address", by_address)
        told("the DNS configuration edited, by name", by_name)
        self.cluster.api.merge(path, {"data": {"Corefile": self.cluster.api.get(path)["data"][
            "Corefile"].replace("cache 31", "cache 30")}})
        for app in self.web:
            eventually(lambda: app.dig(f"reviews.{NS}.mesh")[0] == "NOERROR", "names resolve", 60)

    # ---- what it leaves --------------------------------------------------------------------------

    def test_50_uninstalling_leaves_everything_as_it_was(self):
        self.cluster.uninstall()
        after = self.cluster.everything()
        self.assertEqual(set(after), set(self.before))
        for name, was in self.before.items():
            self.assertEqual(after[name], was, name)
        self.assertEqual(self.shop.ask(self.web[0], f"http://reviews.{NS}/")[0], 200)
        self.assertEqual(self.web[0].dig(f"reviews.{NS}.mesh")[0] in ("NXDOMAIN", "SERVFAIL"), True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
