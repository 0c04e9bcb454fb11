# SPDX-License-Identifier: Apache-2.0
"""What the SMI conformance suite means, step by step, and cases that it lacks.

The suite is 24 steps in three parts. They are here with its own test application, counts and order,
and with what is wrong in the original put right: a route group whose matches stand where nobody reads
them, targets with a field that does not exist, CRDs of an API version that is gone. Access needs
denial by default and a split needs none, so the parts run in namespaces of different modes.

A suite is a mixin: `make_stage` says on what it runs (`tests_on`). A stage, a `Stage`, has
    ns                     a namespace of its own
    kinds(kind)            (plural, singular, short name) of a CRD that is there
    pod(name, account, labels)      an application in a pod of its own, ready; `.control` is where the
                           tester talks to it, past the mesh
    apply, delete          objects in and out; what they say is enforced when the call returns
    reads_back(document)   whether the object is there as it was written"""

import http.client
import json
import unittest

from mesh import ROOT, account, document, route_group, split

APP = ROOT / "tests" / "integration" / "conformance_app.py"
PORT = 9091
CALLS = 50


class Stage:
    """How its Services are called: by mesh name, and by the cluster's own name."""

    def url(self, service):
        return f"http://{service}.{self.ns}.mesh:{PORT}"

    def plain_url(self, service):
        return f"http://{service}.{self.ns}.svc.cluster.local.:{PORT}"


def tests_on(make_stage):
    """The suites as test classes, Access, Spec, Split, of the module that the stage is of (whose
    setUpModule is then theirs)."""
    members = {"make_stage": make_stage, "__module__": make_stage.__module__}
    return [type(suite.__name__.removeprefix("Traffic"), (suite, unittest.TestCase), dict(members))
            for suite in (TrafficAccess, TrafficSpec, TrafficSplit)]


class App:
    """A running test application, as the tester sees it."""

    def __init__(self, name, host):
        self.name, self.host = name, host

    def control(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.host, PORT, timeout=30)
        try:
            connection.request(method, path, body and json.dumps(body))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def call(self, url, method="GET", headers=None):
        """The status that came back; None if none did."""
        status, text = self.control("POST", "/call", {"url": url, "method": method, "body": "",
                                                      "headers": headers or {}})
        return json.loads(text)["Status"] if status == 200 else None

    def send(self, to):
        """What came back of a datagram; None if nothing did."""
        status, text = self.control("POST", "/send", {"to": to, "body": "hello"})
        return text if status == 200 else None

    def metrics(self):
        return json.loads(self.control("GET", "/metrics")[1])

    def clear(self):
        self.control("DELETE", "/metrics")


def app_service(ns, name, selector=None, port=PORT, number=PORT):
    return document("v1", "Service", name, ns, spec={
        "selector": selector or {"app": name},
        "ports": [{"name": "http", "port": port, "targetPort": number, "protocol": "TCP"}]})


def udp_service(ns, name, selector):
    return document("v1", "Service", name, ns, spec={"selector": selector, "ports": [
        {"name": "udp", "port": PORT, "targetPort": PORT, "protocol": "UDP"}]})


def subject(ns, name):
    return {"kind": "ServiceAccount", "name": name, "namespace": ns}


def traffic_target(ns, name, to, sources, rules, version="v1alpha4", destination=None):
    """sources: (namespace, account); rules: (kind, name, match names). In the form of its version."""
    destination = {**subject(ns, to), **(destination or {})}
    sources = [subject(*who) for who in sources]
    rules = [{"kind": kind, "name": rule, **({"matches": matches} if matches else {})}
             for kind, rule, matches in rules]
    api = f"access.smi-spec.io/{version}"
    if version == "v1alpha1":
        return document(api, "TrafficTarget", name, ns, destination=destination, sources=sources,
                        specs=rules)
    return document(api, "TrafficTarget", name, ns, spec={
        "destination": destination, "sources": sources, "rules": rules})


def http_routes(ns, name, *matches, version="v1alpha4"):
    if version in ("v1alpha1", "v1alpha2"):
        return document(f"specs.smi-spec.io/{version}", "HTTPRouteGroup", name, ns,
                        matches=list(matches))
    return {**route_group(ns, name, *matches), "apiVersion": f"specs.smi-spec.io/{version}"}


def tcp_route(ns, name, *ports, version="v1alpha4", kind="TCPRoute"):
    rest = {} if version in ("v1alpha1", "v1alpha2") else {"spec": {}}
    if version == "v1alpha4":
        rest = {"spec": {"matches": {"ports": list(ports)}}}
    return document(f"specs.smi-spec.io/{version}", kind, name, ns, **rest)


def weights(ns, b, c, version="v1alpha4", **more):
    """Of the suite's split, with weights as that version writes them."""
    if version == "v1alpha1":
        b, c = f"{b}", f"{c}"
    made = split(ns, "app-split", "app-svc", [("app-b", b), ("app-c", c)])
    made["apiVersion"] = f"split.smi-spec.io/{version}"
    made["spec"].update(more)
    return made


class Steps:
    """What the suites share. The tests of a class run in the order of their names, as steps do."""

    kind = None  # and its names: what step 01 looks for
    names = None
    access = "enforce"

    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(cls.make_stage(cls.access))
        cls.ns = cls.stage.ns

    @classmethod
    def three_apps(cls):
        """app-a, app-b and app-c under accounts of their own, each with a Service."""
        cls.stage.apply(*(account(cls.ns, f"service-{x}") for x in "abc"),
                        *(app_service(cls.ns, f"app-{x}") for x in "abc"))
        cls.a, cls.b, cls.c = (cls.stage.pod(f"app-{x}", f"service-{x}", {"app": f"app-{x}"})
                               for x in "abc")

    def setUp(self):
        for app in ("a", "b", "c"):
            if hasattr(self, app):
                getattr(self, app).clear()

    def check_kind(self):
        self.assertEqual(self.stage.kinds(self.kind), self.names)

    def check_apps(self):
        for app in (self.a, self.b, self.c):
            self.assertEqual(app.metrics(), {"ReqReceived": [], "RespSucceeded": [], "RespFailed": []})

    def check_back(self, *documents):
        self.stage.apply(*documents)
        for each in documents:
            self.assertTrue(self.stage.reads_back(each), each)

    def outcome(self, succeeded, failed):
        """Of what app-a called since it was cleared: (method, URL) pairs."""
        seen = self.a.metrics()
        pairs = lambda what: [(each["Method"], each["URL"]) for each in seen[what]]  # noqa: E731
        self.assertEqual((pairs("RespSucceeded"), pairs("RespFailed")), (succeeded, failed))

    def statuses(self, expected):
        """{(path, method, header pairs): whether app-b answers} of calls from app-a."""
        for (path, method, headers), allowed in expected.items():
            status = self.a.call(self.stage.url("app-b") + path, method, dict(headers))
            self.assertEqual(status, 200 if allowed else 403, (path, method, headers))


class TrafficAccess(Steps):
    kind, names = "TrafficTarget", ("traffictargets", "traffictarget", "tt")

    @property
    def echo(self):
        return self.stage.url("app-b") + "/echo"

    def policy(self):
        return (tcp_route(self.ns, "any-port"),
                traffic_target(self.ns, "a-to-b", "service-b", [(self.ns, "service-a")],
                               [("TCPRoute", "any-port", None)]))

    def test_01_the_kind_exists(self):
        self.check_kind()

    def test_02_the_applications_are_there(self):
        type(self).three_apps()
        self.check_apps()

    def test_03_denied_by_default(self):
        self.a.call(self.echo)
        self.outcome([], [("GET", self.echo)])
        self.assertEqual(self.b.metrics()["ReqReceived"], [])

    def test_04_a_target_is_written(self):
        self.check_back(*self.policy())

    def test_05_what_it_allows_passes(self):
        self.a.call(self.echo)
        self.outcome([("GET", self.echo)], [])
        self.assertEqual(self.b.metrics()["ReqReceived"], ["app-a"])

    def test_06_the_target_is_deleted(self):
        self.stage.delete(*self.policy())
        for each in self.policy():
            self.assertFalse(self.stage.reads_back(each))

    def test_07_denied_again(self):
        self.test_03_denied_by_default()

    # ---- what the suite does not ask ------------------------------------------------------------

    def test_20_a_source_that_is_not_listed_is_denied(self):
        self.stage.apply(*self.policy())
        self.assertEqual(self.a.call(self.echo), 200)
        self.assertEqual(self.c.call(self.echo), 403)
        self.assertEqual(self.b.metrics()["ReqReceived"], ["app-a"])

    def test_21_a_target_is_for_one_direction(self):
        self.assertEqual(self.b.call(self.stage.url("app-a") + "/echo"), 403)

    def test_22_the_same_account_of_another_namespace_is_another_source(self):
        other = self.ns + "-other"
        self.stage.apply(document("v1", "Namespace", other, None), account(other, "service-a"))
        stranger = self.stage.pod("stranger", "service-a", {"app": "stranger"}, ns=other)
        self.assertEqual(stranger.call(self.echo), 403)
        self.stage.apply(traffic_target(self.ns, "from-other", "service-b", [(other, "service-a")],
                                        [("TCPRoute", "any-port", None)]))
        self.assertEqual(stranger.call(self.echo), 200)
        self.assertEqual(self.c.call(self.echo), 403)

    def test_23_a_target_for_another_port_allows_nothing_on_this_one(self):
        route, target = self.policy()
        for port, allowed in ((PORT + 1, False), (PORT, True)):
            self.stage.apply(tcp_route(self.ns, "any-port", port), target)
            self.assertEqual(self.a.call(self.echo), 200 if allowed else 403, port)
        self.stage.apply(route)

    def test_24_a_rule_whose_route_is_missing_allows_nothing(self):
        route, target = self.policy()
        self.stage.delete(route)
        self.assertEqual(self.a.call(self.echo), 403)
        self.stage.apply(route)
        self.assertEqual(self.a.call(self.echo), 200)
        self.stage.delete(route, target)

    def test_25_every_version_of_the_kind_says_the_same(self):
        for version, specs in (("v1alpha1", "v1alpha1"), ("v1alpha2", "v1alpha3"),
                               ("v1alpha3", "v1alpha4"), ("v1alpha4", "v1alpha4")):
            with self.subTest(version):
                route = tcp_route(self.ns, "any-port", version=specs)
                target = traffic_target(self.ns, "a-to-b", "service-b", [(self.ns, "service-a")],
                                        [("TCPRoute", "any-port", None)], version=version)
                self.stage.apply(route, target)
                self.assertEqual(self.a.call(self.echo), 200)
                self.assertEqual(self.c.call(self.echo), 403)
                self.stage.delete(route, target)
                self.assertEqual(self.a.call(self.echo), 403)

    def test_26_a_port_of_an_old_target_is_still_a_port(self):
        """The field that conversions elsewhere drop, which opens every port."""
        for port, allowed in ((PORT + 1, False), (PORT, True)):
            target = traffic_target(self.ns, "a-to-b", "service-b", [(self.ns, "service-a")],
                                    [("TCPRoute", "any-port", None)], version="v1alpha2",
                                    destination={"port": port})
            self.stage.apply(tcp_route(self.ns, "any-port", version="v1alpha3"), target)
            self.assertEqual(self.a.call(self.echo), 200 if allowed else 403, port)


    def test_27_datagrams_need_a_udp_route_for_their_port(self):
        self.stage.apply(udp_service(self.ns, "app-b-udp", {"app": "app-b"}))
        there = self.stage.url("app-b-udp").removeprefix("http://")
        self.assertIsNone(self.a.send(there))
        for kind, port, answer in (("TCPRoute", PORT, None), ("UDPRoute", PORT + 1, None),
                                   ("UDPRoute", PORT, "app-b: hello")):
            self.stage.apply(tcp_route(self.ns, "port", port, kind=kind), traffic_target(
                self.ns, "datagrams", "service-b", [(self.ns, "service-a")], [(kind, "port", None)]))
            self.assertEqual(self.a.send(there), answer, (kind, port))
        self.assertIsNone(self.c.send(there))


class TrafficSpec(Steps):
    kind, names = "HTTPRouteGroup", ("httproutegroups", "httproutegroup", "htr")

    def policy(self, *matches, chosen, version="v1alpha4", target_version="v1alpha3"):
        return (http_routes(self.ns, "app-routes", *matches, version=version),
                traffic_target(self.ns, "a-to-b", "service-b", [(self.ns, "service-a")],
                               [("HTTPRouteGroup", "app-routes", chosen)], version=target_version))

    def test_01_the_kind_exists(self):
        self.check_kind()

    def test_02_the_applications_are_there(self):
        type(self).three_apps()
        self.check_apps()

    def test_03_a_path_is_allowed(self):
        self.check_back(*self.policy({"name": "metrics", "pathRegex": "/metrics", "methods": ["*"]},
                                     chosen=["metrics"]))

    def test_04_that_path_passes_and_no_other(self):
        there = self.stage.url("app-b")
        for path in ("/metrics", "/echo"):
            self.a.call(there + path)
        self.outcome([("GET", there + "/metrics")], [("GET", there + "/echo")])

    def test_05_a_method_is_allowed(self):
        self.check_back(*self.policy({"name": "get", "pathRegex": ".*", "methods": ["GET"]},
                                     chosen=["get"]))

    def test_06_that_method_passes_and_no_other(self):
        there = self.stage.url("app-b") + "/echo"
        for method in ("GET", "POST"):
            self.a.call(there, method)
        self.outcome([("GET", there)], [("POST", there)])

    # ---- what the suite does not ask ------------------------------------------------------------

    def test_20_only_the_matches_that_are_named_count(self):
        matches = ({"name": "echo", "pathRegex": "/echo"}, {"name": "metrics", "pathRegex": "/metrics"})
        for chosen, echo, metrics in ((["echo"], True, False), (["metrics"], False, True),
                                      (["echo", "metrics"], True, True), (None, True, True),
                                      (["nowhere"], False, False), (["nowhere", "echo"], True, False)):
            with self.subTest(chosen):
                self.stage.apply(*self.policy(*matches, chosen=chosen))
                self.statuses({("/echo", "GET", ()): echo, ("/metrics", "GET", ()): metrics})

    def test_21_headers_must_all_fit(self):
        self.stage.apply(*self.policy(
            {"name": "beta", "headers": {"x-user": "a.*", "x-stage": "beta"}}, chosen=None))
        self.statuses({
            ("/echo", "GET", (("x-user", "alice"), ("x-stage", "beta"))): True,
            ("/echo", "GET", (("X-User", "alice"), ("X-STAGE", "beta"))): True,
            ("/echo", "GET", (("x-user", "bob"), ("x-stage", "beta"))): False,
            ("/echo", "GET", (("x-user", "alice"), ("x-stage", "betamax"))): False,
            ("/echo", "GET", (("x-user", "alice"),)): False,
            ("/echo", "GET", ()): False})

    def test_22_a_match_needs_path_and_method_and_header(self):
        self.stage.apply(*self.policy(
            {"name": "all", "pathRegex": "/echo$", "methods": ["GET", "PUT"],
             "headers": {"x-user": ".+"}}, chosen=None))
        user = (("x-user", "u"),)
        self.statuses({("/echo", "PUT", user): True, ("/echo?q=1", "GET", user): True,
                       ("/echo", "POST", user): False, ("/echo/x", "GET", user): False,
                       ("/echo", "GET", ()): False})

    def test_23_http_rules_hold_only_on_the_tcp_ports_beside_them(self):
        routes, _ = self.policy({"name": "all"}, chosen=None)
        for port, allowed in ((PORT + 1, False), (PORT, True)):
            self.stage.apply(routes, tcp_route(self.ns, "one-port", port), traffic_target(
                self.ns, "a-to-b", "service-b", [(self.ns, "service-a")],
                [("HTTPRouteGroup", "app-routes", None), ("TCPRoute", "one-port", None)]))
            self.statuses({("/echo", "GET", ()): allowed})

    def test_24_a_group_without_matches_allows_nothing(self):
        self.stage.apply(*self.policy(chosen=None, target_version="v1alpha4"))
        self.statuses({("/echo", "GET", ()): False})

    def test_25_every_version_of_the_kind_says_the_same(self):
        for version, target_version in (("v1alpha1", "v1alpha1"), ("v1alpha2", "v1alpha1"),
                                        ("v1alpha3", "v1alpha2"), ("v1alpha4", "v1alpha3"),
                                        ("v1alpha4", "v1alpha4")):
            with self.subTest(f"{version} with targets of {target_version}"):
                self.stage.apply(*self.policy(
                    {"name": "m", "pathRegex": "/echo", "methods": ["GET"]}, chosen=["m"],
                    version=version, target_version=target_version))
                self.statuses({("/echo", "GET", ()): True, ("/echo", "POST", ()): False,
                               ("/metrics", "GET", ()): False})

    def test_26_headers_as_a_list_of_maps_are_the_same_headers(self):
        for version in ("v1alpha2", "v1alpha3", "v1alpha4"):
            with self.subTest(version):
                self.stage.apply(*self.policy({"name": "m", "headers": [{"x-a": "1"}, {"x-b": "2"}]},
                                              chosen=None, version=version))
                self.statuses({("/echo", "GET", (("x-a", "1"), ("x-b", "2"))): True,
                               ("/echo", "GET", (("x-a", "1"),)): False})


class TrafficSplit(Steps):
    kind, names = "TrafficSplit", ("trafficsplits", "trafficsplit", "ts")
    access = "permissive"

    def shares(self, headers=None, calls=CALLS):
        """How many of the calls from app-a to app-svc each of app-b and app-c got."""
        for app in (self.b, self.c):
            app.clear()
        for _ in range(calls):
            self.assertEqual(self.a.call(self.stage.plain_url("app-svc") + "/echo", headers=headers), 200)
        return tuple(len(app.metrics()["ReqReceived"]) for app in (self.b, self.c))

    def split_to(self, b, c, **more):
        self.check_back(weights(self.ns, b, c, **more))

    def test_01_the_kind_exists(self):
        self.check_kind()

    def test_02_the_applications_are_there(self):
        cls, ns = type(self), self.ns
        self.stage.apply(account(ns, "default"), app_service(ns, "app-a"),
                         app_service(ns, "app-svc", {"app": "app"}),
                         *(app_service(ns, f"app-{x}", {"app": "app", "version": x}) for x in "bc"))
        cls.a = self.stage.pod("app-a", "default", {"app": "app-a"})
        cls.b, cls.c = (self.stage.pod(f"app-{x}", "default", {"app": "app", "version": x})
                        for x in "bc")
        self.check_apps()

    def test_03_both_get_some_without_a_split(self):
        b, c = self.shares()
        self.assertTrue(b > 0 and c > 0 and b + c == CALLS, (b, c))

    def test_04_all_for_b(self):
        self.split_to(1, 0)

    def test_05_b_gets_all(self):
        self.assertEqual(self.shares(), (CALLS, 0))

    def test_06_all_for_c(self):
        self.split_to(0, 1)

    def test_07_c_gets_all(self):
        self.assertEqual(self.shares(), (0, CALLS))

    def test_08_more_for_b(self):
        self.split_to(75, 25)

    def test_09_b_gets_more(self):
        b, c = self.shares()
        self.assertTrue(b > c > 0 and b + c == CALLS, (b, c))

    def test_10_more_for_c(self):
        self.split_to(25, 75)

    def test_11_c_gets_more(self):
        b, c = self.shares()
        self.assertTrue(c > b > 0 and b + c == CALLS, (b, c))

    # ---- what the suite does not ask ------------------------------------------------------------

    def test_20_a_split_with_matches_is_for_what_matches(self):
        ref = lambda name: {"kind": "HTTPRouteGroup", "name": name}  # noqa: E731
        self.stage.apply(http_routes(self.ns, "beta", {"name": "m", "headers": {"x-stage": "beta"}}),
                         weights(self.ns, 0, 1, matches=[ref("beta")]))
        self.assertEqual(self.shares({"x-stage": "beta"}), (0, CALLS))
        b, c = self.shares()  # all else goes by the plain Service, which has both
        self.assertTrue(b > 0 and c > 0, (b, c))
        self.stage.delete(http_routes(self.ns, "beta"))
        b, c = self.shares({"x-stage": "beta"})  # nothing is left that could match
        self.assertTrue(b > 0 and c > 0, (b, c))

    def test_21_weights_that_are_all_zero_answer_503(self):
        self.stage.apply(weights(self.ns, 0, 0))
        self.assertEqual(self.a.call(self.stage.plain_url("app-svc") + "/echo"), 503)
        self.assertEqual(self.a.metrics()["RespFailed"][0]["Status"], 503)

    def test_22_a_backend_without_the_port_gets_nothing(self):
        wrong = app_service(self.ns, "app-c", {"app": "app", "version": "c"}, port=PORT + 1)
        right = app_service(self.ns, "app-c", {"app": "app", "version": "c"})
        self.stage.apply(wrong, weights(self.ns, 1, 99))
        self.assertEqual(self.shares(), (CALLS, 0))
        self.stage.apply(right, weights(self.ns, 0, 1))
        self.assertEqual(self.shares(), (0, CALLS))

    def test_23_every_version_of_the_kind_says_the_same(self):
        for version in ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"):
            for b, c, expected in ((1, 0, (20, 0)), (0, 1, (0, 20))):
                with self.subTest(f"{version} {b}:{c}"):
                    self.stage.apply(weights(self.ns, b, c, version))
                    self.assertEqual(self.shares(calls=20), expected)

    def test_24_quantities_are_numbers_and_not_their_digits(self):
        made = weights(self.ns, 1, 1, "v1alpha1")
        for backend, weight in zip(made["spec"]["backends"], ("1", "1m")):
            backend["weight"] = weight
        self.stage.apply(made)
        b, c = self.shares()
        self.assertTrue(b >= CALLS - 1, (b, c))  # a thousand to one, and not one to one

    def test_25_the_mesh_name_and_the_plain_one_are_one_service(self):
        self.stage.apply(weights(self.ns, 0, 1))
        for app in (self.b, self.c):
            app.clear()
        for url in (self.stage.url("app-svc"), self.stage.plain_url("app-svc"),
                    self.stage.plain_url("app-svc").replace(".:", ":")):
            self.assertEqual(self.a.call(url + "/echo"), 200)
        self.assertEqual((self.b.metrics()["ReqReceived"], self.c.metrics()["ReqReceived"]),
                         ([], ["app-a"] * 3))
