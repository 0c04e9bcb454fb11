#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/diagnostics.md is true: it has every code with its meaning, and what it says `smic check` prints for its examples
is what is printed, caret and all. SMIC_UPDATE_GOLDEN=1 writes what came out; the diff is for reading."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "diagnostics.md"
SMIC = pathlib.Path(os.environ["SMIC_BIN"]) / "smic"
ELISION = "…\n"
NEVER_REPORTED = {"W19"}


class Section:
    def __init__(self, code, meaning, body):
        self.code, self.meaning, self.body = code, meaning, body
        blocks = re.findall(r"^```(\w+)\n(.*?)^```$", body, re.M | re.S)
        self.inputs = [(kind, text) for kind, text in blocks if kind != "text"]
        self.outputs = [text for kind, text in blocks if kind == "text"]


def sections():
    parts = re.split(r"^## (\w+): (.*)\n", PAGE.read_text(), flags=re.M)[1:]
    return [Section(*parts[i:i + 3]) for i in range(0, len(parts), 3)]


def codes():
    """Of the one list, in its order."""
    text = (ROOT / "compiler/diagnostics/codes.cpp").read_text()
    return re.findall(r'\{"([EWN]\d\d)",\s*"((?:[^"\\]|\\.)*)"\}', text)


def text_of(kind, text):
    if kind != "python":
        return text
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True,
                          timeout=30).stdout


def printed_for(inputs):
    """What is said of the examples: by `smic check`, but for its line that counts, by `smic dns plan`, or by
    `smic-controller --config`."""
    with tempfile.TemporaryDirectory() as folder:
        def run(*words):
            return subprocess.run([SMIC, *words], cwd=folder, capture_output=True, text=True, timeout=120)

        names = []
        for number, (kind, text) in enumerate(inputs):
            suffix = "yaml" if kind == "python" else kind
            names.append(f"{'abc'[number] if len(inputs) > 1 else 'shop'}.{suffix}")
            if kind == "corefile":
                names[-1] = "Corefile"
            if kind == "settings":
                names[-1] = "settings.yaml"
            (pathlib.Path(folder) / names[-1]).write_text(text_of(kind, text))
        if names == ["settings.yaml"]:
            return subprocess.run([SMIC.with_name("smic-controller"), "--config", *names], cwd=folder,
                                  capture_output=True, text=True, timeout=120).stderr
        if names == ["Corefile"]:
            return run("dns", "plan", "--corefile", "Corefile", "--responder", "10.96.0.53").stderr
        return "".join(run("check", *names).stdout.splitlines(keepends=True)[:-1])


def matches(expected, printed):
    pattern = ".*".join(re.escape(part) for part in expected.split(ELISION))
    return re.fullmatch(pattern, printed, re.S) is not None


class DiagnosticsPage(unittest.TestCase):
    maxDiff = None

    def test_every_code_has_its_section_and_no_other(self):
        self.assertEqual([(s.code, s.meaning) for s in sections()], codes())

    def test_every_section_has_an_example_and_a_cure(self):
        for section in sections():
            with self.subTest(section.code):
                self.assertTrue(section.inputs)
                self.assertEqual(len(section.outputs), 1)
                self.assertRegex(section.body, r"(?m)^\*\*Cure:\*\* \S")

    def test_examples_print_what_the_page_says(self):
        update = os.environ.get("SMIC_UPDATE_GOLDEN") == "1"
        text = PAGE.read_text()
        for section in sections():
            with self.subTest(section.code):
                printed = printed_for(section.inputs)
                self.assertEqual(f"[{section.code}]" in printed,
                                 section.code not in NEVER_REPORTED, printed)
                expected = section.outputs[0]
                if update and ELISION not in expected:
                    changed = section.body.replace(f"```text\n{expected}```",
                                                   f"```text\n{printed}```")
                    text = text.replace(section.body, changed)
                elif not matches(expected, printed):
                    self.assertEqual(expected, printed)
        if update:
            PAGE.write_text(text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
