#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Conditions on SMI objects, on a real API server: told, kept, healed, never written without need, and by the leader alone."""

import json
import re
import signal
import unittest

from cluster import ROOT, STARTING, Cluster, Process, eventually, free_port
from mesh import BIN, document, route_group, service, split, target
from webhooks import ServingController

NS, LEASE = "shop", 6


class Status(unittest.TestCase):
    """One cluster; the tests change it one after the other, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(audited=True))
        cls.cluster.kubectl("apply", "-f", ROOT / "deploy" / "rbac", "-f", ROOT / "deploy" / "crds")
        cls.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f",
                            ROOT / "deploy" / "crds")
        conversions = ServingController(cls.cluster)
        cls.addClassCleanup(conversions.end)
        conversions.convert_for_cluster()
        cls.cluster.apply(document("v1", "Namespace", NS, None),
                          *(service(NS, name, 80) for name in ("web", "web-v1", "web-v2")))
        cls.controller = cls.start("one")
        cls.controller.says("info: leading", STARTING)

    @classmethod
    def start(cls, name, *more):
        """A controller with the rights of deploy/rbac, as a ServiceAccount of its own."""
        subject = {"kind": "ServiceAccount", "name": name, "namespace": "smic-system"}
        role = lambda kind, binding, **ns: document(  # noqa: E731
            "rbac.authorization.k8s.io/v1", binding, f"smic-{name}", ns.get("ns"), subjects=[subject],
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "smic-controller"})
        cls.cluster.apply(document("v1", "ServiceAccount", name, "smic-system"),
                          role("ClusterRole", "ClusterRoleBinding"),
                          role("Role", "RoleBinding", ns="smic-system"))
        (cls.cluster.path / f"token-{name}").write_text(cls.cluster.token("smic-system", name))
        process = Process(BIN / "smic-controller", "--kubeconfig",
                          cls.cluster.kubeconfig(name, {"tokenFile": f"token-{name}"}), "--out",
                          cls.cluster.path / f"out-{name}", "--lease-seconds", LEASE, *more)
        cls.addClassCleanup(lambda: process.end(9) if process.process.poll() is None else None)
        return process

    def get(self, what):
        return json.loads(self.cluster.kubectl("get", *what.split(), "-n", NS, "-o", "json").stdout)

    def conditions(self, what):
        found = self.get(what).get("status", {}).get("conditions", [])
        return {each["type"]: each for each in found}

    def becomes(self, what, wanted, generation=None):
        """wanted: type → (status, reason)."""
        def so():
            conditions = self.conditions(what)
            generation_now = generation or self.get(what)["metadata"]["generation"]
            return conditions if all(
                name in conditions and (conditions[name]["status"], conditions[name]["reason"]) == pair
                and conditions[name]["observedGeneration"] == generation_now
                for name, pair in wanted.items()) else None
        try:
            return eventually(so, f"{what} is {wanted}")
        except AssertionError:
            self.fail(f"{what} is {self.conditions(what)}, not {wanted}:\n{self.controller.text()[-3000:]}")

    def writes(self, user):
        """(verb, path) of what was written to the API, the Lease aside."""
        lines = [json.loads(line) for line in (self.cluster.path / "audit.log").read_text().splitlines()]
        return [(line["verb"], line["requestURI"].partition("?")[0]) for line in lines
                if line["user"]["username"].endswith(f":{user}")
                and line["verb"] not in ("get", "list", "watch") and "/leases" not in line["requestURI"]]

    def events(self, name):
        """reason → event, of the object of this name."""
        items = json.loads(self.cluster.kubectl("get", "events.events.k8s.io", "-n", NS, "-o", "json").stdout)["items"]
        return {each["reason"]: each for each in items if each["regarding"]["name"] == name}

    # ---- tests ----------------------------------------------------------------------------------

    def test_1_what_is_right_is_accepted(self):
        self.cluster.apply(split(NS, "web", "web", [("web-v1", 1), ("web-v2", 1)]),
                           route_group(NS, "any", {"name": "all"}))
        for what in ("trafficsplit web", "httproutegroup any"):
            self.becomes(what, {"Accepted": ("True", "Accepted"),
                                "ResolvedRefs": ("True", "ResolvedRefs"),
                                "Programmed": ("Unknown", "Pending")})
        kept = self.get("trafficsplit web --show-managed-fields")["metadata"]
        ours = [each for each in kept["managedFields"] if each["manager"] == "smic"]
        self.assertEqual([(each["subresource"], list(each["fieldsV1"])) for each in ours],
                         [("status", ["f:status"])])
        self.assertEqual(kept["generation"], 1)

    def test_2_what_is_wrong_is_told_and_healed_by_its_cure(self):
        self.cluster.apply(split(NS, "twice", "web-v1", [("web-v2", 1), ("web-v2", 1)]),
                           split(NS, "nowhere", "web-v2", [("web-v3", 1)]),
                           target(NS, "to-web", "nobody", ["web"], ("HTTPRouteGroup", "none")))
        told = self.becomes("trafficsplit twice", {"Accepted": ("False", "E13"),
                                                   "ResolvedRefs": ("Unknown", "NotAccepted"),
                                                   "Programmed": ("False", "NotAccepted")})
        self.assertIn("web-v2", told["Accepted"]["message"])
        before = self.becomes("trafficsplit nowhere", {"Accepted": ("True", "Accepted"),
                                                       "ResolvedRefs": ("False", "W06")})
        self.becomes("traffictarget to-web", {"ResolvedRefs": ("False", "W01")})
        self.cluster.apply(service(NS, "web-v3", 80))
        after = self.becomes("trafficsplit nowhere", {"ResolvedRefs": ("True", "ResolvedRefs")})
        self.assertEqual(after["Accepted"], before["Accepted"])
        self.assertGreaterEqual(after["ResolvedRefs"]["lastTransitionTime"],
                                before["ResolvedRefs"]["lastTransitionTime"])
        # An edit that changes nothing of it: a new generation, the same time.
        self.cluster.apply(split(NS, "nowhere", "web-v2", [("web-v3", 2)]))
        edited = self.becomes("trafficsplit nowhere", {"ResolvedRefs": ("True", "ResolvedRefs")}, 2)
        self.assertEqual(edited["ResolvedRefs"]["lastTransitionTime"],
                         after["ResolvedRefs"]["lastTransitionTime"])

    def test_2a_news_are_events_and_what_happens_again_is_counted(self):
        told = eventually(lambda: self.events("twice").get("E13"), "an event of twice")
        self.assertEqual((told["type"], told["reportingController"], told["regarding"]["kind"]),
                         ("Warning", "smic.dev/controller", "TrafficSplit"))
        self.assertIn("web-v2", told["note"])
        self.assertEqual(told["regarding"]["uid"], self.get("trafficsplit twice")["metadata"]["uid"])
        self.assertIn("W06", eventually(lambda: self.events("nowhere"), "events of nowhere"))
        self.assertIsNone(told.get("series"))
        # Edited, and still wrong in the same way. (The first time was less than a minute ago, so it is counted, and
        # not written; a new leader has no such memory, test 5.)
        self.cluster.apply(split(NS, "twice", "web-v1", [("web-v2", 2), ("web-v2", 3)]))
        self.becomes("trafficsplit twice", {"Accepted": ("False", "E13")}, 2)
        eventually(lambda: "Healed" in self.events("nowhere") or None, "nowhere is healed")
        self.assertEqual(self.events("nowhere")["Healed"]["type"], "Normal")

    def test_3_what_somebody_wipes_is_written_again_and_what_is_theirs_stays(self):
        before = self.conditions("trafficsplit web")
        theirs = {"type": "Promoted", "status": "True", "reason": "Flagger", "message": "",
                  "lastTransitionTime": "2026-01-01T00:00:00Z"}
        self.cluster.kubectl("patch", "trafficsplit", "web", "-n", NS, "--subresource=status", "--type=merge",
                             "-p", json.dumps({"status": {"conditions": [theirs]}}))
        eventually(lambda: self.conditions("trafficsplit web") == {**before, "Promoted": theirs},
                   "it is healed")

    def test_4_an_object_of_any_version_has_them_and_nothing_else_of_it_changes(self):
        spec = {"service": "web-v3", "backends": [{"service": "web-v1", "weight": "500m"},
                                                  {"service": "web-v2", "weight": "1500m"}]}
        self.cluster.apply(document("split.smi-spec.io/v1alpha1", "TrafficSplit", "old", NS, spec=spec))
        self.becomes("trafficsplits.v1alpha1.split.smi-spec.io old", {"Accepted": ("True", "Accepted")})
        self.assertEqual(self.get("trafficsplits.v1alpha1.split.smi-spec.io old")["spec"], spec)

    def test_5_after_a_restart_nothing_is_written_that_stands_there(self):
        self.assertEqual(self.controller.end(), 0)
        before = self.writes("two")
        self.assertEqual(before, [])
        objects = lambda: {each["metadata"]["name"]: each["metadata"]["resourceVersion"]  # noqa: E731
                           for each in self.get("trafficsplits,httproutegroups,traffictargets")["items"]}
        known = objects()
        type(self).controller = self.start("two")
        self.controller.says("info: leading", STARTING)
        # What is new is written, behind all that was looked at before.
        self.cluster.apply(service(NS, "zz", 80), split(NS, "zz-new", "zz", [("web-v3", 1)]))
        self.becomes("trafficsplit zz-new", {"Accepted": ("True", "Accepted")})
        self.assertEqual({name: version for name, version in objects().items() if name in known}, known)
        writes = lambda: [write for write in self.writes("two") if "/events" not in write[1]]  # noqa: E731
        self.assertEqual(writes(),
                         [("patch", f"/apis/split.smi-spec.io/v1alpha4/namespaces/{NS}/trafficsplits/zz-new/status")])
        # Of events the new one alone, though all that stood before stands still.
        eventually(lambda: self.events("zz-new"), "events of zz-new")
        events = lambda: [write for write in self.writes("two") if "/events" in write[1]]  # noqa: E731
        self.assertEqual([verb for verb, _ in events()], ["create"] * len(self.events("zz-new")))
        # What happens again is counted in the event that is there.
        before = self.events("twice")["E13"]
        self.cluster.apply(split(NS, "twice", "web-v1", [("web-v2", 4), ("web-v2", 3)]))
        again = eventually(lambda: (lambda told: told if told.get("series") else None)(self.events("twice")["E13"]),
                           "it is counted")
        self.assertEqual(again["metadata"]["name"], before["metadata"]["name"])
        self.assertEqual(again["series"]["count"], 2)

    def test_6_a_leader_that_was_stopped_writes_nothing_when_it_wakes(self):
        three = self.start("three")
        three.says("another controller leads", STARTING)
        three.says("published", STARTING)
        self.controller.process.send_signal(signal.SIGSTOP)
        try:
            three.says("info: leading")
            before = self.writes("two")
            self.cluster.apply(split(NS, "later", "web-v3", [("web-v2", 1)]))
            self.becomes("trafficsplit later", {"Accepted": ("True", "Accepted")})
        finally:
            self.controller.process.send_signal(signal.SIGCONT)
        self.controller.says("not leading any more")
        # It sees all that happened, and leaves it to the other: wiped, healed by who leads.
        self.cluster.kubectl("patch", "trafficsplit", "later", "-n", NS, "--subresource=status",
                             "--type=merge", "-p", '{"status": {"conditions": []}}')
        self.becomes("trafficsplit later", {"Accepted": ("True", "Accepted")})
        self.assertEqual(self.writes("two"), before)
        self.assertIn(("patch", f"/apis/split.smi-spec.io/v1alpha4/namespaces/{NS}/trafficsplits/later/status"),
                      self.writes("three"))
        self.assertEqual(self.controller.end(), 0)
        self.assertNotIn("forbidden", three.text())
        self.assertEqual(three.end(), 0)

    def test_7_programmed_is_what_the_nodes_enforce(self):
        path, port = self.cluster.path, free_port()
        (path / "node-token").write_text("secret")
        (path / "tokens").write_text("secret n1\n")
        serving = type(self).controller = self.start(
            "four", "--listen", f"127.0.0.1:{port}", "--keys", path / "keys", "--tokens", path / "tokens")
        serving.says("info: leading", STARTING)
        proxy = Process(BIN / "smic-proxy", "--controller", f"https://127.0.0.1:{port}", "--node", "n1",
                        "--trust", path / "keys" / "trust.pem", "--token", path / "node-token",
                        "--state", path / "state")
        self.addCleanup(lambda: proxy.end(9) if proxy.process.poll() is None else None)
        try:
            told = self.becomes("trafficsplit web", {"Programmed": ("True", "Programmed")})
            self.becomes("trafficsplit twice", {"Programmed": ("False", "NotAccepted")})
        except AssertionError as error:
            raise AssertionError(f"{error}\nthe proxy said:\n{proxy.text()[-3000:]}") from None
        # An edit: true again for its generation, and never anything else in between.
        self.cluster.apply(split(NS, "web", "web", [("web-v1", 1), ("web-v2", 9)]))
        again = self.becomes("trafficsplit web", {"Programmed": ("True", "Programmed")})
        self.assertEqual(again["Programmed"]["lastTransitionTime"], told["Programmed"]["lastTransitionTime"])
        # A node that hangs: said after a while, and until it is back.
        proxy.process.send_signal(signal.SIGSTOP)
        try:
            self.cluster.apply(split(NS, "web", "web", [("web-v1", 5), ("web-v2", 5)]))
            self.becomes("trafficsplit web", {"Accepted": ("True", "Accepted"),
                                              "Programmed": ("False", "Pending")})
        finally:
            proxy.process.send_signal(signal.SIGCONT)
        self.becomes("trafficsplit web", {"Programmed": ("True", "Programmed")})
        self.assertEqual((proxy.end(), serving.end()), (0, 0))

    def test_8_the_rights_of_deploy_are_enough_and_not_for_nothing(self):
        """By what was really asked for. DNS has rights of its own, which these accounts were not given."""
        refused, used = set(), set()
        for line in (self.cluster.path / "audit.log").read_text().splitlines():
            line = json.loads(line)
            if not re.search(r"smic-system:(one|two|three|four)$", line["user"]["username"]):
                continue
            what = line.get("objectRef", {})
            asked = (line["verb"], what.get("apiGroup", ""),
                     "/".join(filter(None, (what.get("resource"), what.get("subresource")))))
            forbidden = line["annotations"].get("authorization.k8s.io/decision") == "forbid"
            (refused if forbidden else used).add(asked)
        ours = lambda asked: asked[1].endswith(("smi-spec.io", "events.k8s.io", "coordination.k8s.io"))  # noqa: E731
        self.assertEqual({asked for asked in refused if ours(asked)}, set())
        split = "split.smi-spec.io"
        self.assertLessEqual({("list", split, "trafficsplits"), ("watch", split, "trafficsplits"),
                              ("patch", split, "trafficsplits/status"), ("list", "events.k8s.io", "events"),
                              ("create", "events.k8s.io", "events"), ("patch", "events.k8s.io", "events"),
                              ("get", "coordination.k8s.io", "leases"),
                              ("update", "coordination.k8s.io", "leases"),
                              ("create", "coordination.k8s.io", "leases")}, used)
        # Nothing but status of what the user wrote, and nothing of anybody's removed.
        writes = {asked for asked in used if asked[0] not in ("get", "list", "watch")}
        self.assertEqual({asked for asked in writes if asked[1].endswith("smi-spec.io")
                          and not asked[2].endswith("/status")}, set())
        self.assertEqual({asked for asked in writes if asked[0].startswith("delete")}, set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
