#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rights of deploy/rbac are those that the controller uses: its whole life against a real API
server that writes down every request. What it asks for it may do, and what it may do it does.
And what it writes gives way to others: fields that somebody else owns, objects written in between."""

import json
import unittest

from cluster import eventually, run
from mesh import SMIC, document, split
from mesh_objects import NS, Shop
from node_cluster import COREFILE, NodeCluster

SYSTEM = "smic-system"
ACCOUNT = f"system:serviceaccount:{SYSTEM}:smic-controller"
METRICS = "/apis/metrics.smi-spec.io/v1alpha1"
MEASURED = ("pods", "replicationcontrollers", "services", "daemonsets", "deployments", "replicasets",
            "statefulsets", "jobs", "trafficsplits")


class Right(tuple):
    """(namespace or "", group, resource, name or "", verb); "" = of any."""

    def covers(self, other):
        ns, group, resource, name, verb = self
        return (group, resource, verb) == (other[1], other[2], other[4]) and \
            ns in ("", other[0]) and name in ("", other[3])


# What no day's life asks for.
RARE = {
    Right(("kube-system", "", "services", "", "list")): "where no Service is called kube-dns",
    Right((SYSTEM, "", "secrets", "smic-keys", "update")): "when keys are replaced, after months",
    Right((SYSTEM, "", "configmaps", "smic-trust", "update")): "then, too",
}


def rights_of(api):
    """What the roles that deploy/ binds to the controller's account allow, one by one."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    rights = set()

    def add(binding, ns):
        for subject in binding.get("subjects") or []:
            if (subject.get("namespace"), subject["name"]) != (SYSTEM, "smic-controller"):
                continue
            reference = binding["roleRef"]
            where = "" if reference["kind"] == "ClusterRole" else f"namespaces/{ns}/"
            role = api.get(f"{rbac}/{where}{reference['kind'].lower()}s/{reference['name']}")
            if role["metadata"].get("labels", {}).get("kubernetes.io/bootstrapping"):
                continue  # of Kubernetes itself, which says what it needs
            for rule in role["rules"]:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        for verb in rule["verbs"]:
                            for name in rule.get("resourceNames") or [""]:
                                rights.add(Right((ns, group, resource, name, verb)))
    for binding in api.items(f"{rbac}/clusterrolebindings"):
        add(binding, "")
    for binding in api.items(f"{rbac}/rolebindings"):
        add(binding, binding["metadata"]["namespace"])
    return rights


class Rights(unittest.TestCase):
    """One cluster; the tests are its life, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(NodeCluster(audited=True))
        cls.api = cls.cluster.api
        cls.shop = Shop(cls.cluster)
        cls.cluster.caretaker.settled()
        cls.cluster.install()
        cls.shop.policy()

    def requests(self, account=ACCOUNT):
        """What that account asked for: (right, HTTP code, the whole line)."""
        for text in (self.cluster.path / "audit.log").read_text().splitlines():
            line = json.loads(text)
            if line["user"]["username"] != account:
                continue
            to = line.get("objectRef") or {}
            if not to.get("resource"):
                continue  # no resource: /readyz, discovery
            resource = to["resource"] + (f"/{to['subresource']}" if to.get("subresource") else "")
            yield (Right((to.get("namespace", ""), to.get("apiGroup", ""), resource,
                          to.get("name", ""), line["verb"])),
                   line.get("responseStatus", {}).get("code"), line)

    def leader(self):
        lease = self.api.find(f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/smic-controller")
        holder = ((lease or {}).get("spec") or {}).get("holderIdentity") or ""
        return next((pod for pod in self.cluster.replicas("smic-controller")
                     if holder.startswith(pod.name + "_")), None)

    def split_path(self, name="canary"):
        return f"/apis/split.smi-spec.io/v1alpha4/namespaces/{NS}/trafficsplits/{name}"

    def conditions(self, name="canary"):
        status = self.api.get(self.split_path(name)).get("status") or {}
        return {each["type"]: each for each in status.get("conditions") or []}

    def corefile(self, text):
        self.api.merge("/api/v1/namespaces/kube-system/configmaps/coredns", {"data": {"Corefile": text}})

    def dns_events(self):
        return [each for each in self.api.items(f"/apis/events.k8s.io/v1/namespaces/{SYSTEM}/events")
                if each["regarding"]["name"] == "smic-dns"]

    def has_block(self):
        return "smic" in self.api.get(
            "/api/v1/namespaces/kube-system/configmaps/coredns")["data"]["Corefile"]

    # ---- a life ----------------------------------------------------------------------------------

    def test_1_it_is_used(self):
        for app in self.shop.web:
            self.shop.becomes(app, (200, "v1"), patience=90)
        eventually(lambda: self.conditions().get("Programmed", {}).get("status") == "True",
                   "the split is programmed", 60)

    def test_2_objects_have_mistakes(self):
        self.cluster.apply(split(NS, "early", "reviews-v1", [("not-yet", 1)]),
                           document("access.smi-spec.io/v1alpha4", "IdentityBinding", "people", NS, spec={
                               "schemes": {"serviceAccount": "web"}}))
        eventually(lambda: any(each["reason"] == "W06" for each in self.api.items(
            f"/apis/events.k8s.io/v1/namespaces/{NS}/events")), "an event tells it", 60)
        self.api.delete(self.split_path("early"))

    def test_3_metrics_are_asked_for(self):
        def asked(path):
            return self.cluster.kubectl("get", "--raw", METRICS + path, check=False).returncode == 0
        eventually(lambda: asked("/namespaces"), lambda: self.cluster.last_words(), 60)
        for resource in ("namespaces", "nodes"):
            asked(f"/{resource}")
            asked(f"/{resource}/none")
        for resource in MEASURED:
            asked(f"/namespaces/{NS}/{resource}")
            asked(f"/namespaces/{NS}/{resource}/none")

    def test_4_the_clusters_dns_is_edited_by_others_and_says_so(self):
        """What becomes of it is an Event about the Service in front of the responders, and counted."""
        eventually(self.has_block, "the block is there", 90)
        eventually(lambda: any(each["reason"] == "DnsLive" for each in self.dns_events()), "it is told", 60)
        strange = COREFILE + "mesh:53 {\n    bind {$POD_IP}\n    errors\n}\n"

        def refusals():
            found = [each for each in self.dns_events() if each["reason"] == "DnsRefused"]
            self.assertLessEqual(len(found), 1)
            return found[0].get("series", {}).get("count", 1) if found else 0
        for times in (1, 2):
            self.corefile(strange)
            eventually(lambda: refusals() == times, f"refused {times} times", 60)
            self.assertIn("smic_controller_dns_state{state=\"refused\"} 1", self.metrics())
            self.corefile(COREFILE)
            eventually(self.has_block, "the block is back", 90)
        note = next(each for each in self.dns_events() if each["reason"] == "DnsRefused")
        self.assertEqual((note["type"], note["regarding"]["kind"]), ("Warning", "Service"))
        self.assertIn("the zone `mesh` is here already", note["note"])

    def metrics(self, replica=None):
        """Of the one that leads, if none is named."""
        of = replica or eventually(self.leader, "somebody leads", 60)
        return of.node.run("curl", "-sS", f"http://{of.address}:8081/metrics").stdout

    def test_5_the_controllers_say_who_enforces(self):
        text = eventually(lambda: self.metrics() if 'state="current"} 2' in self.metrics() else None,
                          "both nodes are current", 60)
        self.assertIn('smic_controller_proxies{state="gone"} 0', text)
        self.assertIn('smic_controller_dns_state{state="live"} 1', text)
        # Each replica counts what those said that follow it, and all may follow the same one.
        said = [float(line.split()[-1]) for each in self.cluster.replicas("smic-controller")
                for line in self.metrics(each).splitlines()
                if line.startswith("smic_controller_acknowledgements_total{result=\"enforced\"}")]
        self.assertEqual(len(said), 2)
        self.assertGreater(sum(said), 0)

    def test_5_status_through_the_api_server(self):
        """By whoever may list `enforcement`, and nobody else; any replica knows of all nodes."""
        path = self.cluster.path / "watcher-token"
        self.cluster.apply(
            document("v1", "ServiceAccount", "watcher", NS),
            document("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "watcher", None, roleRef={
                "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "smic-status"},
                subjects=[{"kind": "ServiceAccount", "name": "watcher", "namespace": NS}]))
        path.write_text(self.cluster.token(NS, "watcher"))
        watcher = self.cluster.kubeconfig("watcher", {"tokenFile": path.name})

        def status(*words, kubeconfig=watcher):
            return run(SMIC, "status", "--kubeconfig", kubeconfig, *words, check=False)
        done = status("--wait", "--timeout", "60")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("2 of 2 nodes enforce what is now", done.stdout)
        for node in self.cluster.nodes:
            self.assertRegex(done.stdout, rf"(?m)^{node.name} +yes +\d+\.\d+ ")
        told = json.loads(status("--format=json").stdout)
        self.assertEqual([each["node"] for each in told["nodes"]], [node.name for node in self.cluster.nodes])
        path.write_text(self.cluster.token(NS, "web"))
        refused = status()
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("enforcement", refused.stderr)
        self.assertEqual(run(SMIC, "status", check=False).returncode, 64)
        # Who has a token for the controller may ask it, too; the API server says that it is nobody who may.
        token = self.cluster.kubectl("create", "token", "watcher", "-n", NS, "--audience",
                                     "smic-controller").stdout.strip()
        leader = eventually(self.leader, "somebody leads", 60)
        said = leader.node.run("curl", "-sSk", "-H", f"Authorization: Bearer {token}",
                               f"https://{leader.address}:8443/v1/status").stdout
        self.assertIn("/v1/status", said)
        self.assertNotIn("epoch", said)

    # ---- others write, too -----------------------------------------------------------------------

    def test_6_conditions_that_another_manager_took_are_taken_back(self):
        """Server-side apply: who forces a field owns it. Ours are taken back by force, for nobody else
        may say that a mesh accepts something; those of other types are never touched."""
        path = self.split_path() + "/status"
        stolen = {"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit",
                  "metadata": {"name": "canary", "namespace": NS},
                  "status": {"conditions": [
                      {"type": "Accepted", "status": "False", "reason": "Stolen", "message": "",
                       "lastTransitionTime": "2024-05-01T10:00:00Z", "observedGeneration": 1},
                      {"type": "Theirs", "status": "True", "reason": "Ours", "message": "",
                       "lastTransitionTime": "2024-05-01T10:00:00Z"}]}}
        self.cluster.kubectl("apply", "--server-side", "--force-conflicts", "--subresource=status",
                             "--field-manager", "thief", "-f", "-", stdin=json.dumps(stolen))
        eventually(lambda: self.conditions()["Accepted"]["status"] == "True", "ours again", 60)
        self.assertEqual(self.conditions()["Theirs"]["reason"], "Ours")
        owners = {each["manager"]: each for each in self.api.get(self.split_path())["metadata"]["managedFields"]
                  if each.get("subresource") == "status"}

        def owned(manager, kind):
            conditions = owners[manager]["fieldsV1"]["f:status"]["f:conditions"]
            return conditions.get(json.dumps({"type": kind}, separators=(",", ":")).join(("k:", "")), {})
        self.assertIn("f:status", owned("smic", "Accepted"))
        self.assertNotIn("f:status", owned("thief", "Accepted"))  # what both say alike both may own
        self.assertIn("f:status", owned("thief", "Theirs"))
        self.assertEqual(owned("smic", "Theirs"), {})
        # And a conflict is told to who does not force, with our name.
        done = self.cluster.kubectl("apply", "--server-side", "--subresource=status", "--field-manager",
                                    "thief", "-f", "-", stdin=json.dumps(stolen), check=False)
        self.assertIn('conflicts with "smic"', done.stderr)

    def test_7_what_others_wrote_in_between_is_read_again(self):
        """A PUT with a resourceVersion of before is refused (409), and made again of what is there now."""
        lease = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/smic-controller"
        shared = f"/api/v1/namespaces/{SYSTEM}/configmaps/smic-distribution"
        leader = eventually(self.leader, "somebody leads", 60)
        rounds, weights = 0, [(1, 0), (0, 1)]

        def conflicts(resource):
            return sum(1 for right, code, _ in self.requests()
                       if code == 409 and right[2] == resource and right[4] == "update")

        def stormed():
            nonlocal rounds
            for _ in range(200):  # more often than they read and write
                rounds += 1
                for path in (lease, shared):
                    self.api.merge(path, {"metadata": {"annotations": {"storm": str(rounds)}}})
            self.shop.weights(*weights[rounds // 200 % 2])  # so that there is something to write
            return conflicts("leases") > 0 and conflicts("configmaps") > 0
        eventually(stormed, lambda: f"{conflicts('leases')}, {conflicts('configmaps')} conflicts", 120)
        self.assertEqual(self.leader(), leader)  # it was not shaken off
        self.assertEqual(self.api.get(lease)["metadata"]["annotations"]["storm"], str(rounds))
        before = self.api.get(lease)["spec"]["renewTime"]
        eventually(lambda: self.api.get(lease)["spec"]["renewTime"] > before, "it goes on leading", 30)
        generation = self.api.get(self.split_path())["metadata"]["generation"]
        eventually(lambda: self.conditions()["Programmed"].get("observedGeneration") == generation and
                   self.conditions()["Programmed"]["status"] == "True", "all nodes are known to enforce it", 60)

    def test_8_the_leader_ends_and_another_one_writes(self):
        leader = eventually(self.leader, "somebody leads", 60)
        self.assertEqual(leader.stop(), 0)
        eventually(lambda: self.leader() not in (None, leader), "another one leads", 60)
        self.shop.weights(1, 1)
        generation = self.api.get(self.split_path())["metadata"]["generation"]
        eventually(lambda: self.conditions()["Programmed"].get("observedGeneration") == generation,
                   "it writes status", 60)

    def test_9_the_clusters_dns_is_restored_with_its_rights(self):
        """As a job of the cluster does, that runs as the controller."""
        for pod in self.cluster.replicas("smic-controller"):
            self.assertEqual(pod.stop(), 0)
        path = self.cluster.path / "controller-token"
        path.write_text(self.cluster.token(SYSTEM, "smic-controller"))
        done = run(SMIC, "dns", "restore", "--kubeconfig",
                   self.cluster.kubeconfig("job", {"tokenFile": path.name}), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(self.has_block())

    # ---- what it took ----------------------------------------------------------------------------

    def test_a_it_asks_for_nothing_that_it_may_not(self):
        refused = {right for right, code, _ in self.requests() if code == 403}
        self.assertEqual(refused, set())

    def test_b_every_right_that_it_has_is_used(self):
        used = {right for right, _, _ in self.requests()}
        unused = sorted(right for right in rights_of(self.api)
                        if not any(right.covers(each) for each in used))
        self.assertEqual([right for right in unused if right not in RARE], [])
        self.assertLessEqual(RARE.keys(), rights_of(self.api))
        # The proxies ask the API nothing at all.
        self.assertEqual(list(self.requests(f"system:serviceaccount:{SYSTEM}:smic-proxy")), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
