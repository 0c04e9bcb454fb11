#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic explain`: the JSON contract, on the examples and on meshes of its own."""

import json
import tempfile
import unittest

from mesh import (account, document, pod, route_group, service, slice_of, smic, split, target,
                  yaml_text)

CANARY = ("examples/canary", "--to", "reviews.shop")


def explain(*words, stdin=None, code=0):
    done = smic("explain", "--format=json", *words, stdin=stdin)
    assert done.returncode == code, (done.returncode, done.stderr)
    return json.loads(done.stdout)


class Explain(unittest.TestCase):
    def test_a_request_that_is_forwarded(self):
        for engine in ("native", "evaluate"):
            answer = explain(*CANARY, "--from", "shop/web", "--path", "/reviews/7", "--engine", engine)
            self.assertEqual(answer["outcome"], "forward")
            route = answer["route"]
            self.assertEqual(route["resource"], "TrafficSplit shop/reviews-canary")
            self.assertEqual(route["file"], "examples/canary/split.yaml")
            self.assertGreater(route["line"], 0)
            shown = [{key: each[key] for key in ("service", "port", "weight", "allowed")}
                     for each in answer["backends"]]
            self.assertEqual(shown, [
                {"service": "shop/reviews-v1", "port": 9080, "weight": 90, "allowed": True},
                {"service": "shop/reviews-v2", "port": 9080, "weight": 10, "allowed": True}])
            self.assertEqual([each["resource"] for each in answer["because"]],
                             ["TrafficTarget shop/web-to-reviews"])
            self.assertEqual(answer["because"][0]["file"], "examples/canary/access.yaml")
            self.assertEqual(answer["mode"], "enforce")

    def test_a_denial_says_the_mode_and_that_no_target_allows_it(self):
        answer = explain(*CANARY, "--from", "shop/batch", "--path", "/reviews/7")
        self.assertEqual((answer["outcome"], answer["because"]), ("deny", []))
        self.assertIn("enforce", answer["reason"])
        self.assertIn("no TrafficTarget allows shop/batch", answer["reason"])
        self.assertIn("shop/reviews", answer["reason"])
        self.assertTrue(any("shop/web" in hint for hint in answer["hints"]))

    def test_method_path_query_and_escapes_count_as_the_proxy_sees_them(self):
        outcome = lambda *words: explain(*CANARY, "--from", "shop/web", *words)["outcome"]  # noqa: E731
        self.assertEqual(outcome("--path", "/reviews/7?x=/admin"), "forward")
        self.assertEqual(outcome("--path", "/reviews/%37"), "forward")
        self.assertEqual(outcome("--path", "/admin/../reviews/7"), "forward")
        self.assertEqual(outcome("--path", "/reviews/7/../../admin"), "deny")
        self.assertEqual(outcome("--path", "/reviews/7", "--method", "DELETE"), "deny")
        self.assertEqual(outcome("--path", "/reviews", "--method", "POST"), "forward")

    def test_permissive_access_allows_everybody(self):
        answer = explain(*CANARY, "--from", "shop/batch", "--access=permissive")
        self.assertEqual((answer["outcome"], answer["mode"]), ("forward", "permissive"))
        self.assertTrue(all(each["allowed"] for each in answer["backends"]))

    def test_the_namespace_label_switches_the_mode(self):
        text = yaml_text(
            document("v1", "Namespace", "shop", None,
                     metadata={"labels": {"smic.dev/access": "permissive"}}),
            service("shop", "web", 80), pod("shop", "web", "web", "127.0.0.5"),
            slice_of("shop", "web", 80, [("web", "127.0.0.5")]))
        answer = explain("-", "--from", "a/b", "--to", "web.shop", stdin=text)
        self.assertEqual((answer["outcome"], answer["mode"]), ("forward", "permissive"))

    def test_headers_choose_the_route(self):
        def route(*headers):
            words = [word for header in headers for word in ("--header", header)]
            answer = explain("examples/headers", "--from", "shop/web", "--to", "reviews.shop", *words)
            self.assertEqual(answer["outcome"], "forward")
            return answer["route"]["resource"]
        split_name, plain = "TrafficSplit shop/reviews-early-birds", "Service shop/reviews"
        self.assertEqual(route("User-Agent: Mozilla/5.0 Firefox/128.0"), split_name)
        self.assertEqual(route("cookie: theme=dark; insider=1"), split_name)
        self.assertEqual(route("cookie: insider=12"), plain)
        self.assertEqual(route("user-agent: curl/8"), plain)
        self.assertEqual(route(), plain)

    def test_nobody_ready_is_unavailable_and_all_weights_zero_too(self):
        base = [service("shop", "web", 80), service("shop", "v2", 80), account("shop", "web"),
                pod("shop", "web", "web", "127.0.0.5"),
                slice_of("shop", "web", 80, [("web", "127.0.0.5")])]
        asked = ("-", "--from", "a/b", "--to", "web.shop", "--access=permissive")
        text = yaml_text(*base, split("shop", "s", "web", [("v2", 1)]))
        self.assertEqual(explain(*asked, stdin=text)["outcome"], "unavailable")
        text = yaml_text(*base, split("shop", "s", "web", [("v2", 0)]))
        answer = explain(*asked, stdin=text)
        self.assertEqual(answer["outcome"], "unavailable")
        self.assertEqual(answer["backends"][0]["weight"], 0)

    def test_a_workload_template_stands_for_its_pods_on_a_laptop(self):
        deployment = document(
            "apps/v1", "Deployment", "web", "shop",
            spec={"selector": {"matchLabels": {"app": "web"}},
                  "template": {"metadata": {"labels": {"app": "web"}},
                               "spec": {"serviceAccountName": "web", "containers": []}}})
        text = yaml_text(
            service("shop", "web", 80), deployment, account("shop", "web"), account("shop", "cli"),
            route_group("shop", "any", {"name": "all"}),
            target("shop", "t", "web", ["cli"], ("HTTPRouteGroup", "any")))
        answer = explain("-", "--from", "shop/cli", "--to", "web.shop", stdin=text)
        self.assertEqual(answer["outcome"], "forward")

    def test_rule_ir_answers_as_what_it_was_made_from(self):
        text = smic("compile", "examples/canary").stdout
        for who, outcome in (("shop/web", "forward"), ("shop/batch", "deny")):
            words = ("--from", who, "--to", "reviews.shop", "--path", "/reviews/7")
            answer = explain("-", *words, stdin=text)
            made_from = explain("examples/canary", *words)
            self.assertEqual(answer["outcome"], outcome)
            for field in ("outcome", "route", "because"):
                self.assertEqual(answer[field], made_from[field])
            self.assertIn("rule IR alone", answer["hints"][-1])

    def test_an_unknown_service_or_port_is_an_outcome(self):
        for name in ("nobody.shop", "reviews.shop:1", "reviews.elsewhere"):
            answer = explain("examples/canary", "--from", "shop/web", "--to", name)
            self.assertEqual(answer["outcome"], "unknown-service")
            self.assertIsNone(answer["route"])
            self.assertEqual((answer["backends"], answer["because"]), ([], []))

    def test_names_are_taken_in_every_form(self):
        for name in ("reviews.shop", "reviews.shop:9080", "reviews.shop.mesh", "reviews.shop.svc:9080",
                     "reviews.shop.svc.cluster.local", "reviews.shop.mesh."):
            answer = explain("examples/canary", "--from", "shop/web", "--to", name,
                             "--path", "/reviews/7")
            self.assertEqual(answer["outcome"], "forward", name)

    def test_people_get_places_and_reasons(self):
        done = smic("explain", *CANARY, "--from", "shop/web", "--path", "/reviews/7")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"forward: GET /reviews/7 from shop/web to shop/reviews:9080")
        self.assertRegex(done.stdout, r"split\.yaml:\d+")
        self.assertRegex(done.stdout, r"access\.yaml:\d+")
        self.assertIn("90%", done.stdout)
        done = smic("explain", "examples/canary", "--from", "shop/web", "--to", "review.shop")
        self.assertIn("did you mean", done.stdout)

    def test_errors_in_the_input_are_shown_and_the_rest_still_answers(self):
        text = yaml_text(service("shop", "web", 80), pod("shop", "web", "web", "127.0.0.5"),
                         slice_of("shop", "web", 80, [("web", "127.0.0.5")]),
                         split("shop", "s", "web", [("web-v2", -1)]))
        done = smic("explain", "--format=json", "-", "--from", "a/b", "--to", "web.shop",
                    "--access=permissive", stdin=text)
        self.assertEqual(done.returncode, 2)
        self.assertIn("E12", done.stderr)
        self.assertEqual(json.loads(done.stdout)["route"]["resource"], "Service shop/web")

    def test_many_requests_are_answered_in_order_a_line_each(self):
        asked = ("--from shop/web --to reviews.shop --path /reviews/7\n"
                 "# this one may not\n"
                 "--from shop/batch --to 'reviews.shop:9080' --path /reviews/7\n"
                 "--from shop/web --to nobody.shop\n")
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(asked)
            file.flush()
            words = ("explain", "examples/canary", "--requests", file.name)
            done = smic(*words, "--format=json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([json.loads(line)["outcome"] for line in done.stdout.splitlines()],
                             ["forward", "deny", "unknown-service"])
            one = explain(*CANARY, "--from", "shop/web", "--path", "/reviews/7")
            self.assertEqual(json.loads(done.stdout.splitlines()[0]), one)
            self.assertIn("deny: GET /reviews/7 from shop/batch", smic(*words).stdout)
            self.assertEqual(smic(*words, "--to", "a.b").returncode, 64)
            file.write("--from web\n")
            file.flush()
            done = smic(*words)
            self.assertEqual(done.returncode, 64)
            self.assertIn("line 5: --from: `web` is not NAMESPACE/SERVICEACCOUNT", done.stderr)

    def test_datagrams_are_asked_for_by_their_port(self):
        ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "web", "port": 53}]
        text = yaml_text(document("v1", "Service", "dns", "shop",
                                  spec={"selector": {"app": "dns"}, "ports": ports}))
        asked = ("-", "--from", "a/b", "--access=permissive")
        for port, protocol in (("53/udp", "udp"), ("53", "http")):
            answer = explain(*asked, "--to", f"dns.shop:{port}", stdin=text)
            self.assertEqual(answer["request"]["protocol"], protocol)

    def test_wrong_usage(self):
        base = ("explain", "examples/canary")
        for words in (("--from", "shop/web"), ("--to", "reviews.shop"),
                      ("--from", "web", "--to", "reviews.shop"),
                      ("--from", "shop/web", "--to", "reviews"),
                      ("--from", "shop/web", "--to", "reviews.shop.example.org"),
                      ("--from", "shop/web", "--to", "reviews.shop", "--header", "nonsense"),
                      ("--from", "shop/web", "--to", "reviews.shop", "--path", "/%00")):
            self.assertEqual(smic(*base, *words).returncode, 64, words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
