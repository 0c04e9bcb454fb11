#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The SMI reference's table of versions (§1.2) and its decisions (§4), as who writes manifests meets them: each row is a
manifest, and requests with the outcome that the reference says."""

import json
import tempfile
import unittest

from mesh import smic

MESH = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: http-admin, port: 9000, targetPort: admin}
  - {name: tcp-db, port: 5432}
  - {name: dns, port: 53, protocol: UDP}
---
apiVersion: v1
kind: Service
metadata: {name: web-v2, namespace: shop}
spec: {selector: {app: web-v2}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: shop, labels: {app: web}}
spec: {serviceAccountName: web, containers: [{name: c, ports: [{name: admin, containerPort: 9100}]}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: web-v2-0, namespace: shop, labels: {app: web-v2}}
spec: {serviceAccountName: web}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: cart-0, namespace: front, labels: {app: cart}}
spec: {serviceAccountName: cart}
status: {podIP: 10.0.1.1}
"""

GROUP_V4 = """
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: api, namespace: shop}
spec: {matches: [{name: read, pathRegex: "/api/.*", methods: [GET]}, {name: write, pathRegex: "/api/.*", methods: [POST]}]}
"""
ALL_TCP = """
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: all, namespace: shop}
spec: {matches: {ports: []}}
"""


def target(rules, version="v1alpha4", destination="kind: ServiceAccount, name: web",
           source="kind: ServiceAccount, name: cart, namespace: front"):
    body = f"destination: {{{destination}}}\nsources: [{{{source}}}]\n"
    if version == "v1alpha1":
        body += f"specs: [{rules}]\n"
    else:
        body = "spec:\n  " + (body + f"rules: [{rules}]\n").replace("\n", "\n  ") + "\n"
    return (f"apiVersion: access.smi-spec.io/{version}\nkind: TrafficTarget\n"
            f"metadata: {{name: t, namespace: shop}}\n{body}")


def group(version, matches, name="api"):
    body = f"matches: [{matches}]"
    if version in ("v1alpha3", "v1alpha4"):
        body = f"spec: {{{body}}}"
    return (f"apiVersion: specs.smi-spec.io/{version}\nkind: HTTPRouteGroup\n"
            f"metadata: {{name: {name}, namespace: shop}}\n{body}\n")


def split(version, backends, more="", name="s", root="web", metadata=""):
    return (f"apiVersion: split.smi-spec.io/{version}\nkind: TrafficSplit\n"
            f"metadata: {{name: {name}, namespace: shop{metadata}}}\n"
            f"spec: {{service: {root}, backends: [{backends}]{more}}}\n")


def route(kind, version, spec):
    return (f"apiVersion: specs.smi-spec.io/{version}\nkind: {kind}\n"
            f"metadata: {{name: r, namespace: shop}}\n{spec}\n")


HTTP_RULE = "{kind: HTTPRouteGroup, name: api}"
TCP_RULE = "{kind: TCPRoute, name: r}"
FROM = "--from front/cart --to web.shop"
READ = f"{FROM}:80 --path /api/x"


class Versions(unittest.TestCase):
    def answers(self, documents, requests, *options, code=0):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/mesh.yaml", "w") as file:
                file.write("---\n".join([MESH, *documents]))
            with open(f"{folder}/requests", "w") as file:
                file.write("\n".join(requests) + "\n")
            done = smic("explain", f"{folder}/mesh.yaml", "--requests", f"{folder}/requests",
                        "--format=json", *options)
        self.assertEqual(done.returncode, code, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def outcomes(self, documents, expected, *options, code=0):
        """`expected`: request line → outcome."""
        answers = self.answers(documents, list(expected), *options, code=code)
        for (request, outcome), answer in zip(expected.items(), answers):
            self.assertEqual(answer["outcome"], outcome, (request, answer))

    def weights(self, documents, request=READ, *options):
        answer = self.answers(documents, [request], "--access=permissive", *options)[0]
        return {each["service"].removeprefix("shop/"): each["weight"]
                for each in answer["backends"]}

    # ---- §1.2 ------------------------------------------------------------------------------------

    def test_traffic_target_in_every_version(self):
        for version in ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"):
            with self.subTest(version):
                self.outcomes(
                    [GROUP_V4, target("{kind: HTTPRouteGroup, name: api, matches: [read]}", version)],
                    {READ: "forward", f"{READ} --method POST": "deny",
                     f"{FROM}:9000 --path /api/x": "forward", f"{FROM}:5432": "deny",
                     f"{FROM}:53/udp": "deny",
                     "--from shop/cart --to web.shop:80 --path /api/x": "deny"})

    def test_a_destination_port_restricts_old_targets(self):
        for version, port in (("v1alpha1", "8080"), ("v1alpha1", "'8080'"), ("v1alpha2", "8080")):
            with self.subTest(version=version, port=port):
                to = f"kind: ServiceAccount, name: web, namespace: shop, port: {port}"
                self.outcomes([GROUP_V4, target(HTTP_RULE, version, to)],
                              {READ: "forward", f"{FROM}:9000 --path /api/x": "deny"})
                self.outcomes([ALL_TCP, target("{kind: TCPRoute, name: all}", version, to)],
                              {READ: "forward", f"{FROM}:5432": "deny"})

    def test_http_route_group_in_every_version(self):
        for version in ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"):
            with self.subTest(version):
                self.outcomes(
                    [group(version, "{name: m, pathRegex: /api, methods: ['*']}"), target(HTTP_RULE)],
                    {READ: "forward", f"{READ} --method BREW": "forward",
                     f"{FROM}:80 --path /": "deny"})

    def test_headers_in_both_forms_since_v1alpha2(self):
        for version in ("v1alpha2", "v1alpha3", "v1alpha4"):
            for headers in ("{X-Beta: '[0-9]+', cookie: '.*a=1.*'}",
                            "[{x-beta: '[0-9]+'}, {Cookie: '.*a=1.*'}]"):
                with self.subTest(version=version, headers=headers):
                    self.outcomes(
                        [group(version, f"{{name: m, headers: {headers}}}"), target(HTTP_RULE)],
                        {f"{READ} --header 'x-BETA: 7' --header 'cookie: a=1; b'": "forward",
                         f"{READ} --header 'x-beta: 7x' --header 'cookie: a=1'": "deny",
                         f"{READ} --header 'cookie: a=1'": "deny"})
        self.outcomes([group("v1alpha1", "{name: m, headers: {x: y}}"), target(HTTP_RULE)],
                      {READ: "forward"})

    def test_tcp_route_in_every_version(self):
        for version, spec in (("v1alpha1", ""), ("v1alpha2", ""), ("v1alpha3", "spec: {}"),
                              ("v1alpha4", "spec: {matches: {ports: []}}"), ("v1alpha4", "")):
            with self.subTest(version=version, spec=spec):
                self.outcomes([route("TCPRoute", version, spec), target(TCP_RULE)],
                              {READ: "forward", f"{FROM}:5432": "forward", f"{FROM}:53/udp": "deny"})
        self.outcomes([route("TCPRoute", "v1alpha4", "spec: {matches: {ports: [5432, 9100]}}"),
                       target(TCP_RULE)],
                      {READ: "deny", f"{FROM}:5432": "forward", f"{FROM}:9000": "forward"})

    def test_udp_route(self):
        udp = "{kind: UDPRoute, name: r}"
        for spec, outcome in (("", "forward"), ("spec: {matches: {ports: [53]}}", "forward"),
                              ("spec: {matches: {ports: [54]}}", "deny")):
            self.outcomes([route("UDPRoute", "v1alpha4", spec), target(udp)],
                          {f"{FROM}:53/udp": outcome, f"{FROM}:5432": "deny", READ: "deny"})

    def test_traffic_split_in_every_version(self):
        backends = "{service: web, weight: 3}, {service: web-v2, weight: 1}"
        options = ("--allow-self-reference",)
        for version in ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"):
            self.assertEqual(self.weights([split(version, backends)], READ, *options),
                             {"web": 3, "web-v2": 1}, version)
        quantities = "{service: web, weight: 1}, {service: web-v2, weight: 500m}"
        self.assertEqual(self.weights([split("v1alpha1", quantities)], READ, *options),
                         {"web": 1000, "web-v2": 500})

    def test_conditions_of_a_split_since_v1alpha3(self):
        matches = ", matches: [{kind: HTTPRouteGroup, name: api, apiGroup: specs.smi-spec.io}]"
        for version in ("v1alpha3", "v1alpha4"):
            documents = [GROUP_V4, split(version, "{service: web-v2, weight: 1}", matches)]
            self.assertEqual(self.weights(documents), {"web-v2": 1})
            self.assertEqual(self.weights(documents, f"{FROM}:80 --path /"), {"web": 1})
            self.assertEqual(self.weights(documents, f"{READ} --method PUT"), {"web": 1})

    def test_identity_binding_by_every_scheme(self):
        for schemes in ("podLabelSelector: {matchLabels: {app: cart}}", "serviceAccount: cart",
                        "spiffeIdentities: [cluster.local/ns/front/sa/cart]",
                        "serviceAccount: x, spiffeIdentities: ['spiffe://cluster.local/ns/front/sa/cart']"):
            with self.subTest(schemes):
                binding = ("apiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\n"
                           "metadata: {name: team, namespace: front}\n"
                           f"spec: {{schemes: {{{schemes}}}}}\n")
                source = "kind: IdentityBinding, name: team, namespace: front"
                self.outcomes([ALL_TCP, binding,
                               target("{kind: TCPRoute, name: all}", source=source)],
                              {READ: "forward",
                               "--from front/other --to web.shop:80 --path /api/x": "deny"})

    # ---- §2.4.3 and §4 ----------------------------------------------------------------------------

    def test_rules_of_one_target_combine(self):
        http, tcp = HTTP_RULE, TCP_RULE
        port = route("TCPRoute", "v1alpha4", "spec: {matches: {ports: [8080, 5432]}}")
        self.outcomes([GROUP_V4, port, target(f"{http}, {tcp}")],
                      {READ: "forward", f"{FROM}:80 --path /": "deny",
                       f"{FROM}:9000 --path /api/x": "deny", f"{FROM}:5432": "deny"})
        # What does not resolve restricts all the same.
        self.outcomes([GROUP_V4, target(f"{http}, {{kind: TCPRoute, name: missing}}")],
                      {READ: "deny"})
        self.outcomes([port, target(f"{{kind: HTTPRouteGroup, name: missing}}, {tcp}")],
                      {READ: "deny"})

    def test_paths_are_anchored_at_the_start_and_headers_at_both_ends(self):
        documents = [group("v1alpha4", "{name: p, pathRegex: /metrics}, {name: h, headers: {x: b}}"),
                     target(HTTP_RULE)]
        requests = {f"{FROM}:80 --path /metricsABC?x=/": "forward",
                    f"{FROM}:80 --path /a/metrics": "deny",
                    f"{FROM}:80 --header 'x: abc'": "deny"}
        self.outcomes(documents, requests)
        requests[f"{FROM}:80 --header 'x: abc'"] = "forward"
        self.outcomes(documents, requests, "--header-match=search")

    def test_an_empty_group_is_nobody_and_a_match_with_a_name_alone_everybody(self):
        self.outcomes([group("v1alpha4", ""), target(HTTP_RULE)], {READ: "deny"})
        self.outcomes([group("v1alpha4", "{name: all}"), target(HTTP_RULE)], {READ: "forward"})

    def test_a_target_in_another_namespace_needs_the_option(self):
        away = [text.replace("namespace: shop}", "namespace: front}", 1)
                for text in (ALL_TCP, target("{kind: TCPRoute, name: all}",
                                             destination="kind: ServiceAccount, name: web, "
                                                         "namespace: shop"))]
        self.outcomes(away, {READ: "deny"}, code=2)
        self.outcomes(away, {READ: "forward"}, "--allow-foreign-destination")

    def test_a_root_among_its_backends_needs_the_option(self):
        own = [split("v1alpha4", "{service: web, weight: 1}, {service: web-v2, weight: 1}")]
        self.outcomes(own, {READ: "forward"}, "--access=permissive", code=2)
        self.assertEqual(self.weights(own, READ, "--allow-self-reference"), {"web": 1, "web-v2": 1})

    def test_forms_of_service_names(self):
        for form in ("", ".shop", ".shop.svc", ".shop.svc.cluster.local"):
            for dot in ("", "."):
                documents = [split("v1alpha4", f"{{service: web-v2{form}{dot}, weight: 1}}",
                                   root=f"web{form}{dot}")]
                self.assertEqual(self.weights(documents), {"web-v2": 1}, form + dot)
        documents = [split("v1alpha4", "{service: web-v2.shop.svc.corp, weight: 1}")]
        self.assertEqual(self.weights(documents, READ, "--cluster-domain=corp"), {"web-v2": 1})

    def test_several_splits_on_one_root(self):
        matches = ", matches: [{kind: HTTPRouteGroup, name: api}]"
        backend = "{{service: web-v2, weight: {}}}"
        at = ", creationTimestamp: '202{}-01-01T00:00:00Z'"
        documents = [
            GROUP_V4,
            split("v1alpha4", backend.format(1), name="z", metadata=at.format(0)),
            split("v1alpha4", backend.format(2), matches, name="a", metadata=at.format(3)),
            split("v1alpha4", backend.format(3), matches, name="b", metadata=at.format(2)),
            split("v1alpha4", backend.format(4), name="c", metadata=at.format(1))]
        self.assertEqual(self.weights(documents), {"web-v2": 3})
        self.assertEqual(self.weights(documents, f"{FROM}:80 --path /"), {"web-v2": 1})

    def test_splits_do_not_nest_even_in_a_circle(self):
        documents = [split("v1alpha4", "{service: web-v2, weight: 1}", name="there"),
                     split("v1alpha4", "{service: web, weight: 1}", name="back", root="web-v2")]
        self.assertEqual(self.weights(documents), {"web-v2": 1})
        self.assertEqual(self.weights(documents, READ.replace("web.shop", "web-v2.shop")), {"web": 1})

    def test_backends_take_part_port_by_port_and_weights_of_zero_take_nothing(self):
        documents = [split("v1alpha4", "{service: web-v2, weight: 1}")]
        self.outcomes(documents, {READ: "forward", f"{FROM}:9000": "unavailable"},
                      "--access=permissive")
        zero = [split("v1alpha4", "{service: web-v2, weight: 0}")]
        self.outcomes(zero, {READ: "unavailable"}, "--access=permissive")

    def test_shares_of_backends_without_endpoints(self):
        # web-v2 has endpoints, web-v1 is a Service without any.
        documents = ["apiVersion: v1\nkind: Service\nmetadata: {name: web-v1, namespace: shop}\n"
                     "spec: {selector: {app: web-v1}, ports: [{port: 80}]}\n",
                     split("v1alpha4", "{service: web-v1, weight: 1}, {service: web-v2, weight: 1}")]
        for option, said in (("--split-shares=redistribute", False), ("--split-shares=strict", True)):
            answer = self.answers(documents, [READ], "--access=permissive", option)[0]
            self.assertEqual(answer["outcome"], "forward")
            self.assertEqual("answered 503" in answer["reason"], said, answer["reason"])
            self.assertEqual([each["value"] for each in answer["policies"]], ["strict"] * said)

    def test_methods_beyond_the_list(self):
        documents = [group("v1alpha4", "{name: p, pathRegex: /api, methods: [GET, PURGE]}"), target(HTTP_RULE)]
        requests = {f"{FROM}:80 --path /api --method PURGE": "forward", f"{FROM}:80 --path /api": "forward",
                    f"{FROM}:80 --path /api --method purge": "deny",
                    f"{FROM}:80 --path /api --method DELETE": "deny"}
        self.outcomes(documents, requests, "--extension-methods=PURGE")
        self.outcomes(documents, dict.fromkeys(requests, "deny"), code=2)  # E04: the group is left out
        answer = self.answers(documents, [f"{FROM}:80 --path /api --method LOCK"], "--extension-methods=PURGE")[0]
        self.assertEqual([(each["part"], each["must_be"]) for each in answer["nearest"][0]["differ"]],
                         [("method", "GET or PURGE")])

    def test_access_modes(self):
        self.outcomes([], {READ: "deny"})
        self.outcomes([], {READ: "forward", f"{FROM}:5432": "forward", f"{FROM}:53/udp": "forward"},
                      "--access=permissive")
        for where in ("labels", "annotations"):
            namespace = ("apiVersion: v1\nkind: Namespace\n"
                         f"metadata: {{name: shop, {where}: {{smic.dev/access: permissive}}}}\n")
            self.outcomes([namespace], {READ: "forward"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
