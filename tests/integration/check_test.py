#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic check`: the JSON contract, the formats, stdin, exit codes."""

import json
import unittest

from mesh import document, service, smic, split, yaml_text

BROKEN = yaml_text(service("shop", "web", 80), split("shop", "s", "web", [("web-v2", -1)]))
FIELDS = {"severity": str, "code": str, "file": str, "line": int, "column": int, "message": str,
          "help": str}




class Sarif(unittest.TestCase):
    """What the schema of SARIF 2.1.0 requires of the objects that we write, and what its prose does."""

    def location(self, location):
        place = location["physicalLocation"]
        self.assertRegex(place["artifactLocation"]["uri"], r"^[A-Za-z0-9/._~%-]*$")
        region = place.get("region")
        if region is None:
            return
        for key in ("startLine", "startColumn", "endColumn"):
            self.assertIsInstance(region[key], int)
            self.assertGreaterEqual(region[key], 1)
        self.assertGreaterEqual(region["endColumn"], region["startColumn"])

    def log(self, text):
        log = json.loads(smic("check", "--format=sarif", "-", stdin=text).stdout)
        self.assertEqual(log["version"], "2.1.0")
        self.assertTrue(log["$schema"].startswith("https://"))
        self.assertEqual(len(log["runs"]), 1)
        return log["runs"][0]

    def test_a_report_has_what_the_schema_requires(self):
        twice = yaml_text(service("shop", "web", 80), service("shop", "web", 80))
        run = self.log(BROKEN + "---\n" + twice + "---\n{\n")
        driver = run["tool"]["driver"]
        self.assertEqual(driver["name"], "smic")
        rules = [rule["id"] for rule in driver["rules"]]
        self.assertEqual(len(set(rules)), len(rules))
        for rule in driver["rules"]:
            self.assertTrue(rule["shortDescription"]["text"])
        self.assertIn(run["columnKind"], ("utf16CodeUnits", "unicodeCodePoints"))
        self.assertTrue(run["results"])
        for result in run["results"]:
            self.assertIn(result["ruleId"], rules)
            self.assertIn(result["level"], ("none", "note", "warning", "error"))
            self.assertTrue(result["message"]["text"])
            for location in result["locations"] + result.get("relatedLocations", []):
                self.location(location)
        related = [each for each in run["results"] if "relatedLocations" in each]
        self.assertEqual([each["ruleId"] for each in related], ["W50", "W50"])
        self.assertTrue(related[0]["relatedLocations"][0]["message"]["text"])

    def test_no_problem_is_an_empty_list_of_results(self):
        run = self.log(yaml_text(service("shop", "web", 80)))
        self.assertEqual((run["results"], run["tool"]["driver"]["rules"]), ([], []))


class Check(unittest.TestCase):
    def test_json_is_one_document_with_the_fields_of_the_contract(self):
        done = smic("check", "--format=json", "-", stdin=BROKEN)
        self.assertEqual(done.returncode, 2, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(list(report), ["diagnostics"])
        self.assertTrue(report["diagnostics"])
        for each in report["diagnostics"]:
            for field, kind in FIELDS.items():
                self.assertIsInstance(each[field], kind, each)
            self.assertIn(each["severity"], ("error", "warning", "note"))
        error = next(each for each in report["diagnostics"] if each["severity"] == "error")
        self.assertEqual(error["code"], "E12")
        self.assertEqual(error["file"], "<stdin>")
        self.assertIn("-1", BROKEN.splitlines()[error["line"] - 1])

    def test_no_problem_is_an_empty_list_and_exit_code_0(self):
        done = smic("check", "--format=json", "examples/canary")
        self.assertEqual((done.returncode, json.loads(done.stdout)), (0, {"diagnostics": []}))

    def test_a_person_is_told_that_there_is_no_problem(self):
        done = smic("check", "examples/canary")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^no problems in 1\d resources\n$")

    def test_warnings_alone_are_exit_code_0(self):
        text = yaml_text(service("shop", "web", 80), split("shop", "s", "web", [("web-v2", 1)]))
        done = smic("check", "--format=plain", "-", stdin=text)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("W06", done.stdout)

    def test_a_person_sees_the_line_and_a_caret(self):
        done = smic("check", "-", stdin=BROKEN)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stdout, r"<stdin>:\d+:\d+: error: .*\[E12\]")
        self.assertRegex(done.stdout, r"\n +\| +\^")
        self.assertRegex(done.stdout.splitlines()[-1], r"^1 error( and \d+ warnings?)?$")
        self.assertNotIn("\x1b", done.stdout)

    def test_rule_ir_is_checked_too(self):
        text = smic("compile", "examples/canary").stdout
        self.assertEqual(smic("check", "-", stdin=text).returncode, 0)
        done = smic("check", "-", stdin=text.replace("route", "rout", 1))
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("E52", done.stdout)

    def test_an_unknown_kind_stops_nobody(self):
        text = yaml_text(document("example.org/v1", "Sundial", "s", "shop"), service("shop", "web", 80))
        done = smic("check", "-", stdin=text)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_missing_file_is_exit_code_1_and_wrong_usage_64(self):
        self.assertEqual(smic("check", "/nonexistent.yaml").returncode, 1)
        self.assertEqual(smic("check").returncode, 64)
        self.assertEqual(smic("check", "--format=xml", "-").returncode, 64)
        self.assertEqual(smic("chekc", "-").returncode, 64)


if __name__ == "__main__":
    unittest.main(verbosity=2)
