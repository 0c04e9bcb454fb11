#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/ as a whole, on a real API server: all of it is accepted, says the same twice, fits together
and our programs, and goes away again."""

import json
import pathlib
import re
import subprocess
import unittest

from cluster import ROOT, Cluster, eventually
from mesh import BIN

DEPLOY = ROOT / "deploy"


def key(each):
    meta = each["metadata"]
    return each["kind"], meta.get("namespace"), meta["name"]


class Manifests(unittest.TestCase):
    """The tests change one cluster, in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        listed = cls.cluster.kubectl("apply", "-k", DEPLOY, "--dry-run=client", "-o", "json").stdout
        cls.objects = {key(each): each for each in json.loads(listed)["items"]}

    def of_kind(self, *kinds):
        return [each for (kind, *_), each in self.objects.items() if kind in kinds]

    def workloads(self):
        return self.of_kind("Deployment", "DaemonSet")

    # ---- do they fit together? ------------------------------------------------------------------

    def test_1_both_ways_to_apply_it_know_the_same_objects(self):
        listed = self.cluster.kubectl("apply", "-R", "-f", DEPLOY, "--dry-run=client", "-o", "json")
        self.assertEqual(listed.stderr, "")
        self.assertEqual({key(each) for each in json.loads(listed.stdout)["items"]}, set(self.objects))
        for each in self.objects.values():
            self.assertEqual(each["metadata"]["labels"]["app.kubernetes.io/part-of"], "smic", key(each))

    def test_2_every_option_is_one_that_the_program_knows(self):
        for workload in self.workloads():
            for container in workload["spec"]["template"]["spec"]["containers"]:
                program = container["image"].partition(":")[0]
                known = subprocess.run([BIN / program, "--help"], capture_output=True, text=True,
                                       check=True).stdout
                commands = [probe["exec"]["command"] for name, probe in container.items()
                            if name.endswith("Probe") and "exec" in probe]
                for command in commands:
                    self.assertEqual(command[0], f"/usr/bin/{program}")
                for word in sum((command[1:] for command in commands), container["args"]):
                    option = word.partition("=")[0]
                    self.assertRegex(known, rf"(?m)^ *{re.escape(option)}\b", f"{program} {word}")

    def test_3_whatever_one_names_is_there(self):
        for binding in self.of_kind("ClusterRoleBinding", "RoleBinding"):
            role, ns = binding["roleRef"], binding["metadata"].get("namespace")
            if not role["name"].startswith(("system:", "extension-apiserver-")):
                where = ns if role["kind"] == "Role" else None
                self.assertIn((role["kind"], where, role["name"]), self.objects)
            for subject in binding["subjects"]:
                self.assertIn((subject["kind"], subject["namespace"], subject["name"]), self.objects)
        for workload in self.workloads():
            meta, spec = workload["metadata"], workload["spec"]["template"]["spec"]
            self.assertIn(("ServiceAccount", meta["namespace"], spec["serviceAccountName"]), self.objects)
            volumes = {each["name"] for each in spec.get("volumes") or []}
            for container in spec["containers"]:
                for mounted in container.get("volumeMounts") or []:
                    self.assertIn(mounted["name"], volumes)
        for _, _, service in self.service_references():
            self.assertIn(("Service", service["namespace"], service["name"]), self.objects)

    def service_references(self):
        for each in self.of_kind("ValidatingWebhookConfiguration"):
            for hook in each["webhooks"]:
                yield each, hook, hook["clientConfig"]["service"]
        for each in self.of_kind("APIService"):
            yield each, None, each["spec"]["service"]
        for each in self.of_kind("CustomResourceDefinition"):
            conversion = each["spec"].get("conversion") or {}
            if conversion.get("strategy") == "Webhook":
                yield each, None, conversion["webhook"]["clientConfig"]["service"]

    def test_4_services_lead_to_what_listens(self):
        templates = [each["spec"]["template"] for each in self.workloads()]
        for service in self.of_kind("Service"):
            selector = service["spec"]["selector"].items()
            chosen = [each for each in templates if selector <= each["metadata"]["labels"].items()]
            self.assertEqual(len(chosen), 1, key(service))
            words = " ".join(chosen[0]["spec"]["containers"][0]["args"])
            for port in service["spec"]["ports"]:
                self.assertRegex(words, rf":{port['targetPort']}( |$)", key(service))

    def test_5_nobody_has_more_rights_than_needed(self):
        for workload in self.workloads():
            pod = workload["spec"]["template"]["spec"]
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            for container in pod["containers"]:
                security = container["securityContext"]
                self.assertFalse(security["allowPrivilegeEscalation"])
                self.assertTrue(security["readOnlyRootFilesystem"])
                self.assertEqual(security["capabilities"]["drop"], ["ALL"])
                self.assertLessEqual(len(security["capabilities"].get("add") or []), 3)
                self.assertIn("memory", container["resources"]["limits"])
        roles = [each for each in self.of_kind("ClusterRole", "Role")]
        for role in roles:
            for rule in role["rules"]:
                for words in (rule["verbs"], rule.get("resources") or [], rule.get("apiGroups") or []):
                    self.assertNotIn("*", words, key(role))

    def test_6_a_surge_is_possible_on_one_node(self):
        """A hostPort, and with hostNetwork any port is one, keeps the second pod off the node."""
        for daemons in self.of_kind("DaemonSet"):
            self.assertEqual(daemons["spec"]["updateStrategy"]["rollingUpdate"],
                             {"maxSurge": 1, "maxUnavailable": 0})
            pod = daemons["spec"]["template"]["spec"]
            self.assertTrue(pod["hostNetwork"])
            for container in pod["containers"]:
                self.assertNotIn("ports", container)
                for probe in ("readinessProbe", "livenessProbe"):
                    self.assertIn("exec", container[probe])

    # ---- what the API server says ---------------------------------------------------------------

    def apply(self, *words):
        return self.cluster.kubectl("apply", *words).stdout.splitlines()

    def test_7_a_dry_run_on_the_server_takes_all_of_it(self):
        self.cluster.kubectl("create", "namespace", "smic-system")  # or what is in it has no place
        told = self.apply("-k", DEPLOY, "--dry-run=server", "--validate=strict")
        self.assertEqual(len(told), len(self.objects), told)
        self.cluster.kubectl("delete", "namespace", "smic-system", "--wait=false")
        self.forget_namespace()

    def test_8_it_can_be_applied_twice_and_deleted(self):
        for words in (("-k", DEPLOY), ("-R", "-f", DEPLOY)):
            with self.subTest(words):
                before = self.everything()
                told = self.apply(*words)
                self.assertEqual(len([line for line in told if line.endswith(" created")]),
                                 len(self.objects), told)
                once = self.versions(words)
                self.apply(*words)
                self.assertEqual(self.versions(words), once)
                self.cluster.kubectl("delete", *words, "--wait=false")
                self.forget_namespace()
                self.assertEqual(self.everything(), before)

    def versions(self, words):
        """What a write would change, were it only by a default that is written again."""
        listed = json.loads(self.cluster.kubectl("get", *words, "-o", "json").stdout)["items"]
        self.assertEqual({key(each) for each in listed}, set(self.objects))
        return {key(each): (each["metadata"].get("generation"), each.get("spec")) for each in listed}

    def everything(self):
        """Names of all objects of the kinds that deploy/ has."""
        kinds = sorted({kind.lower() + "s" for kind, *_ in self.objects})
        return sorted(self.cluster.kubectl("get", ",".join(kinds), "-A", "-o", "name").stdout.split())

    def forget_namespace(self):
        """What the namespace's controller would do: delete what is in it, then the finalizer."""
        for (kind, ns, name) in self.objects:
            if ns:
                self.cluster.kubectl("delete", kind, name, "-n", ns, "--ignore-not-found")
        self.cluster.kubectl("replace", "--raw", "/api/v1/namespaces/smic-system/finalize", "-f", "-",
                             stdin=json.dumps({"apiVersion": "v1", "kind": "Namespace",
                                               "metadata": {"name": "smic-system"},
                                               "spec": {"finalizers": []}}))
        eventually(lambda: self.cluster.kubectl("get", "namespace", "smic-system", check=False).returncode,
                   "the namespace is gone")


if __name__ == "__main__":
    unittest.main(verbosity=2)
