#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Helm chart says what deploy/ says (with `shadow`: deploy-shadow/), is made from it, and does what its values promise. Where a
`helm` is installed it is asked, too; without one, what the chart uses of its language is read here."""

import importlib.machinery
import importlib.util
import pathlib
import re
import shutil
import tempfile
import unittest

from cluster import ROOT, part, run

CHART = ROOT / "charts" / "smic"
VALUES = {"images": {"controller": "smic-controller:dev", "proxy": "smic-proxy:dev"},
          "controller": {"replicas": 2, "args": []}, "proxy": {"args": []}, "crds": True, "shadow": False}


def rendered(template, values, ns):
    """Of Helm's language what the chart uses: a value, one of Release, `if`, `if not` and `range` over
    lines, none within another. Anything else is a mistake."""
    def value(path):
        if path == ".Release.Namespace":
            return ns
        found = values
        for word in path.removeprefix(".Values.").split("."):
            found = found[word]
        return found

    def filled(line, each=None):
        line = re.sub(r"\{\{ \. \| quote \}\}", lambda _: f'"{each}"', line)
        line = re.sub(r"\{\{ (\.[\w.]+) \}\}", lambda found: str(value(found[1])), line)
        if "{{" in line:
            raise AssertionError(f"this is not read here: {line}")
        return line

    lines, out = iter(template.splitlines()), []

    def block():
        found = []
        for line in lines:
            if line.strip() == "{{- end }}":
                return found
            found.append(line)
        raise AssertionError("a block has no end")
    for line in lines:
        if begun := re.fullmatch(r" *\{\{- range (\.[\w.]+) \}\}", line):
            inner = block()
            out += [filled(each, item) for item in value(begun[1]) for each in inner]
        elif begun := re.fullmatch(r" *\{\{- if (not )?(\.[\w.]+) \}\}", line):
            inner = block()
            out += [filled(each) for each in inner] if bool(value(begun[2])) != bool(begun[1]) else []
        else:
            out.append(filled(line))
    return "\n".join(out) + "\n"


class Chart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kubectl = shutil.which("kubectl") or part("kubectl")
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="smic-chart-"))
        cls.folder = pathlib.Path(folder)

    def documents(self, folder):
        """Objects as Kustomize writes them, which is always the same way."""
        text = run(self.kubectl, "kustomize", folder).stdout
        return sorted(each.strip() for each in text.split("\n---\n"))

    def in_deploy(self, folder="deploy"):
        return [each for each in self.documents(ROOT / folder) if "\nkind: Namespace\n" not in f"\n{each}\n"]

    def in_chart(self, values=None, ns="smic-system"):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        names = []
        for template in sorted((CHART / "templates").glob("*.yaml")):
            text = rendered(template.read_text(), values or VALUES, ns)
            if re.search(r"^kind:", text, re.MULTILINE):
                (folder / template.name).write_text(text)
                names.append(template.name)
        (folder / "kustomization.yaml").write_text("resources:\n" + "".join(f"- {name}\n" for name in names))
        return self.documents(folder)

    def test_the_chart_says_what_deploy_says(self):
        """But for the namespace, which Helm makes, and does not take away."""
        self.assertEqual(self.in_chart(), self.in_deploy())
        self.assertGreater(len(self.in_chart()), 20)

    def test_with_shadow_it_says_what_deploy_shadow_says(self):
        self.assertEqual(self.in_chart(VALUES | {"shadow": True}), self.in_deploy("deploy-shadow"))
        self.assertNotEqual(self.in_deploy("deploy-shadow"), self.in_deploy())

    def test_it_is_made_from_deploy(self):
        loader = importlib.machinery.SourceFileLoader("make_chart", str(ROOT / "charts" / "make_chart"))
        spec = importlib.util.spec_from_loader("make_chart", loader)
        make_chart = importlib.util.module_from_spec(spec)
        loader.exec_module(make_chart)
        fresh = self.folder / "fresh"
        make_chart.main(fresh)
        texts = lambda place: {each.name: each.read_text() for each in place.glob("*.yaml")}  # noqa: E731
        self.assertEqual(texts(fresh), texts(CHART / "templates"), "run charts/make_chart")

    def test_values_are_those_that_this_test_knows(self):
        text = (CHART / "values.yaml").read_text()
        for word in ("smic-controller:dev", "smic-proxy:dev", "replicas: 2", "args: []", "crds: true",
                     "shadow: false"):
            self.assertIn(word, text)
        self.assertEqual(set(re.findall(r"^(\w+):", text, re.MULTILINE)), set(VALUES))

    def test_values_do_what_they_say(self):
        values = {"images": {"controller": "r.example/c:1", "proxy": "r.example/p:1"},
                  "controller": {"replicas": 3, "args": ["--access=permissive"]},
                  "proxy": {"args": ["--workers=2"]}, "crds": False, "shadow": True}
        documents = self.in_chart(values, "mesh")
        text = "\n".join(documents)
        for word in ("image: r.example/c:1", "image: r.example/p:1", "replicas: 3", "- --access=permissive",
                     "- --workers=2", "- --address-plan=shadow"):
            self.assertIn(word, text)
        self.assertNotIn("smic-system", text)
        self.assertNotIn("CustomResourceDefinition", text)
        self.assertEqual(len(documents), len(self.in_deploy("deploy-shadow")) - 6)

    def test_helm_reads_it_alike(self):
        helm = shutil.which("helm")
        if helm is None:
            self.skipTest("there is no helm; the tests above have read the chart by themselves")
        folder = self.folder / "by-helm"
        folder.mkdir()
        (folder / "kustomization.yaml").write_text("resources: [all.yaml]\n")
        for words, same_as in (([], "deploy"), (["--set", "shadow=true"], "deploy-shadow")):
            (folder / "all.yaml").write_text(run(helm, "template", "smic", CHART, "-n", "smic-system",
                                                 *words).stdout)
            self.assertEqual(self.documents(folder), self.in_deploy(same_as))


if __name__ == "__main__":
    unittest.main(verbosity=2)
