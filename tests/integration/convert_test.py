#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic convert`: whole files to another version and back."""

import json
import re
import unittest

from mesh import smic

SPLIT = """\
apiVersion: v1
kind: List
items:
- apiVersion: split.smi-spec.io/v1alpha4
  kind: TrafficSplit
  metadata: {name: canary, namespace: shop}
  spec:
    service: web
    backends: [{service: web-v2, weight: 1}]
    matches: [{kind: HTTPRouteGroup, name: beta}]
- {apiVersion: v1, kind: Service, metadata: {name: "on", namespace: shop}, spec: {ports: [{port: 80}]}}
"""


def convert(to, text, code=0, form="json"):
    done = smic("convert", "--to", to, "--format", form, "-", stdin=text)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done


class Convert(unittest.TestCase):
    def test_there_and_back_is_what_was_written(self):
        written = convert("v1alpha4", SPLIT)
        self.assertEqual(written.stderr, "")
        old = convert("split.smi-spec.io/v1alpha2", SPLIT)
        self.assertIn("[W16]", old.stderr)
        split, service = json.loads(old.stdout)["items"]
        self.assertEqual(split["apiVersion"], "split.smi-spec.io/v1alpha2")
        self.assertNotIn("matches", split["spec"])
        self.assertEqual(service["metadata"]["name"], "on")
        self.assertEqual(json.loads(convert("v1alpha4", old.stdout).stdout),
                         json.loads(written.stdout))

    def test_yaml_reads_back_as_the_same(self):
        yaml = convert("v1alpha1", SPLIT, form="yaml").stdout
        self.assertEqual(convert("v1alpha4", yaml).stdout, convert("v1alpha4", SPLIT).stdout)

    def test_an_object_that_has_no_such_version_stays_and_is_told(self):
        udp = ("apiVersion: specs.smi-spec.io/v1alpha4\nkind: UDPRoute\n"
               "metadata: {name: dns, namespace: shop}\n")
        done = convert("v1alpha3", udp, code=2)
        self.assertIn("[E55]", done.stderr)
        self.assertEqual(json.loads(done.stdout)["apiVersion"], "specs.smi-spec.io/v1alpha4")

    def test_examples_mean_the_same_in_every_version(self):
        def meaning(*words, stdin=None):
            done = smic("compile", "--emit=ir", *words, stdin=stdin)
            self.assertEqual(done.returncode, 0, done.stderr)
            return re.sub(r' @ "[^"]*" "[^"]*":\d+', "", done.stdout)

        for example in ("canary", "access", "headers"):
            for version in ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"):
                with self.subTest(example=example, version=version):
                    written = smic("convert", "--to", version, f"examples/{example}")
                    self.assertEqual(written.returncode, 0, written.stderr)
                    self.assertEqual(meaning("-", stdin=written.stdout),
                                     meaning(f"examples/{example}"))

    def test_a_typed_list_changes_its_own_version_too(self):
        text = ('{"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "TCPRouteList", "items": ['
                '{"apiVersion": "specs.smi-spec.io/v1alpha4", "kind": "TCPRoute", '
                '"metadata": {"name": "all"}, "spec": {"matches": {"ports": []}}}]}')
        converted = json.loads(convert("v1alpha1", text).stdout)
        self.assertEqual(converted["apiVersion"], "specs.smi-spec.io/v1alpha1")
        self.assertEqual(converted["items"], [
            {"apiVersion": "specs.smi-spec.io/v1alpha1", "kind": "TCPRoute",
             "metadata": {"name": "all"}}])


if __name__ == "__main__":
    unittest.main(verbosity=2)
