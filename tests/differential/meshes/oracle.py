# SPDX-License-Identifier: Apache-2.0
"""What the SMI reference says happens to one request in one mesh: the judge of the compiler.

Written from the reference's text (§ and D-numbers below are its own), not from the compiler, and as
naively as it can be: no index, no cache, no intermediate form; every question is asked anew of the
objects as they were written, and decided for one endpoint at a time. Slow and plain on purpose.

Regular expressions are judged by Python's `re`, on bytes; the generator keeps to patterns that it
and RE2 read alike (RE2 itself judges ours in tests/unit/automata)."""

import fractions
import re

METHODS = {"GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
HTTP_WORDS = {"http", "http1", "http2", "h2c", "grpc", "ws", "grpc-web", "kubernetes.io/h2c",
              "kubernetes.io/ws"}
OPAQUE_WORDS = {"tcp", "tls", "https", "wss", "udp", "mongo", "mysql", "pgsql", "postgres",
                "postgresql", "redis", "amqp", "kafka", "smtp"}
MAX_WEIGHT = 2**31 - 1


def name_of(thing):
    return thing["metadata"]["name"]


def ns_of(thing):
    return thing["metadata"].get("namespace", "default")


def version_of(thing):
    return thing["apiVersion"].rpartition("/")[2]


def labels_of(thing):
    return thing["metadata"].get("labels", {})


def account_of(pod):
    return pod["spec"].get("serviceAccountName", "default")


def selects(selector, labels):
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


# ---- one question about one kind (§2) ------------------------------------------------------------

def body(thing):
    """v1alpha1 and some v1alpha2 kinds keep their fields at the top level (§1.3)."""
    return thing["spec"] if "spec" in thing else thing


def matches_of(group):
    return body(group).get("matches") or []


def header_conditions(group, match):
    """(name, pattern) pairs from either wire form (D-5); v1alpha1 has none."""
    if version_of(group) == "v1alpha1":
        return []
    headers = match.get("headers") or {}
    if isinstance(headers, dict):
        return list(headers.items())
    return [pair for item in headers for pair in item.items()]


def compiles(pattern):
    try:
        re.compile(pattern.encode())
        return True
    except re.error:
        return False


def usable_match(group, match):
    """A match with a broken pattern (E03) matches nothing; the group's others stay."""
    patterns = [pattern for _, pattern in header_conditions(group, match)]
    return all(map(compiles, patterns + [match.get("pathRegex") or ""]))


def request_satisfies(request, group, match):
    """§2.1: path AND method AND every header."""
    if not usable_match(group, match):
        return False
    methods = match.get("methods") or ["*"]
    if "*" not in methods and request.method not in methods:
        return False
    if match.get("pathRegex"):  # D-3: anchored at the start only
        if not re.match(match["pathRegex"].encode(), request.normal_path().encode()):
            return False
    for name, pattern in header_conditions(group, match):  # D-2, D-7
        lines = [value for given, value in request.headers if given.lower() == name.lower()]
        if not any(re.fullmatch(pattern.encode(), line.encode()) for line in lines):
            return False
    return True


def service_protocol(service, port):
    """UDP and SCTP speak for themselves; then annotation, appProtocol, the port's name."""
    transport = port.get("protocol", "TCP")
    if transport != "TCP":
        return "udp" if transport == "UDP" else None
    annotations = service["metadata"].get("annotations", {})
    for key in ("smic.dev/protocol", "mesh.traefik.io/traffic-type"):
        word = annotations.get(key)
        if word in HTTP_WORDS:
            return "http"
        if word in ("tcp", "udp"):
            return "tcp"
    if port.get("appProtocol"):
        return "http" if port["appProtocol"] in HTTP_WORDS else "tcp"
    return "tcp" if port.get("name", "").partition("-")[0] in OPAQUE_WORDS else "http"


def quantity(text):
    """Kubernetes' Quantity as a rational number (§1.4)."""
    units = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}
    number, unit = re.fullmatch(r"([0-9.]+)([a-zA-Z]*)", str(text)).groups()
    if unit.endswith("i"):
        return fractions.Fraction(number) * 1024 ** ("KMG".index(unit[0]) + 1)
    return fractions.Fraction(number) * fractions.Fraction(10) ** units[unit]


def weights_of(split):
    written = [backend["weight"] for backend in body(split)["backends"]]
    if version_of(split) != "v1alpha1":
        return written
    exact = [quantity(weight) for weight in written]
    for scale in (1, 10**3, 10**6, 10**9):
        if all((weight * scale).denominator == 1 for weight in exact):
            whole = [int(weight * scale) for weight in exact]
            break
    if max(whole) > MAX_WEIGHT:
        common = 0
        for weight in whole:
            while weight:
                common, weight = weight, common % weight
        whole = [weight // common for weight in whole]
    return whole


# ---- what is wrong on its own is left out whole (§7, the E-codes) --------------------------------

def wrong(thing, extension_methods=()):
    if thing["kind"] == "HTTPRouteGroup":
        return wrong_group(thing, extension_methods)
    return {"TCPRoute": wrong_ports, "UDPRoute": wrong_ports,
            "TrafficTarget": wrong_target, "IdentityBinding": wrong_binding,
            "TrafficSplit": wrong_split}.get(thing["kind"], lambda _: False)(thing)


def wrong_group(group, extension_methods):
    names = [match.get("name") for match in matches_of(group)]
    methods = {method for match in matches_of(group) for method in match.get("methods") or []}
    return (not all(names) or len(set(names)) < len(names)  # E02
            or not methods <= METHODS | {"*"} | set(extension_methods))  # E04, D-29


def wrong_ports(route):
    ports = body(route).get("matches", {}).get("ports", []) if "spec" in route else []
    return not all(1 <= port <= 65535 for port in ports)    # E06


def rules_of(target):
    return body(target).get("specs" if version_of(target) == "v1alpha1" else "rules") or []


def wrong_target(target):
    version, spec = version_of(target), body(target)
    kinds = {"ServiceAccount"} | ({"IdentityBinding"} if version == "v1alpha4" else set())
    routes = {"HTTPRouteGroup", "TCPRoute"} | ({"UDPRoute"} if version > "v1alpha2" else set())
    subjects = [spec["destination"], *(spec.get("sources") or [])]
    if any(subject["kind"] not in kinds for subject in subjects):           # E09
        return True
    if any(rule["kind"] not in routes for rule in rules_of(target)):        # E08
        return True
    if version > "v1alpha2" and not (rules_of(target) and spec.get("sources")):  # E07
        return True
    return spec["destination"].get("namespace", ns_of(target)) != ns_of(target)  # E10, D-14


def wrong_binding(binding):
    schemes = binding["spec"]["schemes"]
    return not schemes or {"podLabelSelector", "serviceAccount"} <= set(schemes)  # E11


def local_service(split, written):
    """D-16: the bare name, or None."""
    name, _, rest = written.removesuffix(".").partition(".")
    own = ns_of(split)
    return name if rest in ("", own, f"{own}.svc", f"{own}.svc.cluster.local") else None


def wrong_split(split):
    spec = body(split)
    names = [local_service(split, backend["service"]) for backend in spec["backends"]]
    root = local_service(split, spec["service"])
    if not names or root is None or None in names:                        # E12, E15
        return True
    if len(set(names)) < len(names) or root in names:                     # E13, E14
        return True
    if version_of(split) != "v1alpha1":
        if not all(isinstance(weight, int) and 0 <= weight <= MAX_WEIGHT  # E12
                   for weight in weights_of(split)):
            return True
    return any(match["kind"] != "HTTPRouteGroup" for match in spec.get("matches") or [])  # E16


# ---- a request -----------------------------------------------------------------------------------

class Request:
    """`source`: (namespace, service account), or (namespace, None, pod)."""
    def __init__(self, source, service, port, udp=False, method="GET", path="/", headers=()):
        self.source, self.service, self.port, self.udp = source, service, port, udp
        self.method, self.path, self.headers = method, path, list(headers)

    def normal_path(self):
        """D-3: without query; unreserved characters decoded; dot segments removed (RFC 3986)."""
        path = re.split(r"[?#]", self.path)[0]

        def decode(escape):
            byte = chr(int(escape[1], 16))
            return byte if re.fullmatch(r"[A-Za-z0-9._~-]", byte) else escape[0].upper()
        path = re.sub(r"%([0-9A-Fa-f]{2})", decode, path)
        kept = []
        segments = path.split("/")[1:]
        for place, segment in enumerate(segments):
            last = place == len(segments) - 1
            if segment == "..":
                kept = kept[:-1]
            if segment not in (".", ".."):
                kept.append(segment)
            elif last:
                kept.append("")
        return "/" + "/".join(kept)


# ---- a mesh --------------------------------------------------------------------------------------

class Oracle:
    def __init__(self, objects, access="enforce", split_shares="redistribute", extension_methods=()):
        self.objects = [thing for thing in objects if not wrong(thing, extension_methods)]
        self.access, self.split_shares = access, split_shares

    def all(self, kind, ns=None):
        return [thing for thing in self.objects
                if thing["kind"] == kind and (ns is None or ns_of(thing) == ns)]

    def find(self, kind, ns, name):
        return next((thing for thing in self.all(kind, ns) if name_of(thing) == name), None)

    # What is asked: outcome, route, backends, because.
    def answer(self, request):
        service = self.find("Service", *request.service)
        port = self.meshed_port(service, request) if service else None
        if port is None:
            return {"outcome": "unknown-service", "route": None, "backends": [], "because": []}
        protocol = service_protocol(service, port)
        route, backends = self.route(service, protocol, request)
        permissive = self.mode(request.service[0]) == "permissive"
        shown, because = [], set()
        for backend, weight in backends:
            endpoints = self.endpoints(backend, request.port, protocol)
            ready = [each for each in endpoints if each["ready"]]
            # The pods that would be chosen decide (D-21): ready ones, or all while none is.
            targets = {name for endpoint in ready or endpoints
                       for name in self.targets_that_allow(request, endpoint, protocol)}
            because |= targets
            shown.append({"service": f"{ns_of(backend)}/{name_of(backend)}", "port": request.port,
                          "weight": weight, "allowed": permissive or bool(targets),
                          "ready": len(ready)})
        self.share_out(shown, self.strict_shares(service))
        usable = [each for each in shown if each["weight"] > 0 and each["ready"] > 0]
        outcome = ("unavailable" if not usable else
                   "forward" if any(each["allowed"] for each in usable) else "deny")
        return {"outcome": outcome, "route": route, "backends": shown,
                "because": [] if permissive else sorted(because)}

    def strict_shares(self, service):
        """D-20c's option, of the mesh or, where that means something, of the Service that was called."""
        own = service["metadata"].get("annotations", {}).get("smic.dev/split-shares")
        return (own if own in ("strict", "redistribute") else self.split_shares) == "strict"

    @staticmethod
    def share_out(shown, strict):
        """Percent, to a tenth. A backend without ready endpoints is left out of the sum, or with strict shares
        keeps what nobody takes then; a weight of zero never has a share. Where none is ready, none has one."""
        usable = [each for each in shown if each["weight"] > 0 and each["ready"] > 0]
        total = sum(each["weight"] for each in (shown if strict else usable))
        for each in shown:
            counts = each in usable or (strict and usable)
            each["share"] = float(f"{100.0 * each['weight'] / total:.1f}") if counts else 0.0

    def meshed_port(self, service, request):
        namespace = self.find_namespace(ns_of(service))
        marks = (labels_of(namespace) if namespace else {}, labels_of(service),
                 service["metadata"].get("annotations", {}))
        if any(mark.get("smic.dev/mesh") == "false" for mark in marks):
            return None
        return self.port_of(service, request.port, request.udp)

    def find_namespace(self, name):
        return next((each for each in self.all("Namespace") if name_of(each) == name), None)

    def mode(self, ns):
        namespace = self.find_namespace(ns)
        word = labels_of(namespace).get("smic.dev/access") if namespace else None
        return word if word in ("enforce", "permissive") else self.access

    @staticmethod
    def port_of(service, number, udp):
        transport = "UDP" if udp else "TCP"
        return next((port for port in service["spec"]["ports"] if port["port"] == number
                     and port.get("protocol", "TCP") == transport), None)

    # -- routes: §2.6, D-20d -----------------------------------------------------------------------

    def route(self, service, protocol, request):
        splits = [split for split in self.all("TrafficSplit", ns_of(service))
                  if local_service(split, body(split)["service"]) == name_of(service)]
        age = lambda split: (split["metadata"].get("creationTimestamp") or "~",  # noqa: E731
                             name_of(split))
        conditional = [split for split in splits if body(split).get("matches")]
        unconditional = [split for split in splits if not body(split).get("matches")]
        for split in sorted(conditional, key=age) + sorted(unconditional, key=age)[:1]:
            if self.split_takes(split, protocol, request):
                return f"TrafficSplit {ns_of(split)}/{name_of(split)}", self.backends(split, request)
        return f"Service {ns_of(service)}/{name_of(service)}", [(service, 1)]

    def split_takes(self, split, protocol, request):
        references = body(split).get("matches")
        if not references:
            return True
        if protocol != "http":  # D-19
            return False
        groups = [self.find("HTTPRouteGroup", ns_of(split), each["name"]) for each in references]
        return any(request_satisfies(request, group, match)
                   for group in groups if group for match in matches_of(group))

    def backends(self, split, request):
        """Those that exist and have the root's port number (§2.6.7, D-20e)."""
        found = []
        for backend, weight in zip(body(split)["backends"], weights_of(split)):
            service = self.find("Service", ns_of(split), local_service(split, backend["service"]))
            if service and self.port_of(service, request.port, request.udp):
                found.append((service, weight))
        return found

    # -- endpoints ---------------------------------------------------------------------------------

    def endpoints(self, service, number, protocol):
        """Pods behind one port: {identity or None, port, ready}."""
        port = self.port_of(service, number, protocol == "udp")
        if service["spec"].get("type") == "ExternalName":
            return []
        slices = [each for each in self.all("EndpointSlice", ns_of(service))
                  if labels_of(each).get("kubernetes.io/service-name") == name_of(service)]
        if slices:
            return self.slice_endpoints(service, port, slices)
        found = []
        for pod in self.all("Pod", ns_of(service)):
            target = self.pod_port(pod, port)
            if self.running(pod) and selects(service["spec"].get("selector"), labels_of(pod)) and target:
                found.append({"identity": self.identity(pod), "port": target,
                              "ready": self.ready(pod)})
        return found

    def slice_endpoints(self, service, port, slices):
        found = []
        for each in slices:
            number = self.slice_port(service, port, each)
            for endpoint in each["endpoints"]:
                if number is None:
                    continue
                address = endpoint["addresses"][0]
                owner = next((pod for pod in self.all("Pod") if self.running(pod)
                              and pod["status"].get("podIP") == address), None)
                if owner is None:
                    referred = endpoint.get("targetRef", {}).get("name")
                    owner = self.find("Pod", ns_of(service), referred) if referred else None
                found.append({"identity": self.identity(owner) if owner else None, "port": number,
                              "ready": endpoint.get("conditions", {}).get("ready", True)})
        return found

    @staticmethod
    def slice_port(service, port, each):
        transport = port.get("protocol", "TCP")
        for candidate in each["ports"]:
            same = candidate.get("name", "") == port.get("name", "")
            if same and candidate.get("protocol", "TCP") == transport:
                return candidate["port"]
        return None

    @staticmethod
    def pod_port(pod, port):
        target = port.get("targetPort", port["port"])
        if isinstance(target, int):
            return target
        for container in pod["spec"]["containers"]:
            for declared in container.get("ports", []):
                same = declared.get("protocol", "TCP") == port.get("protocol", "TCP")
                if declared.get("name") == target and same:
                    return declared["containerPort"]
        return None

    @staticmethod
    def running(pod):
        return pod["status"].get("phase") not in ("Succeeded", "Failed")

    @staticmethod
    def ready(pod):
        conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
        return bool(pod["status"].get("podIP")) and conditions.get("Ready", "True") == "True"

    @staticmethod
    def identity(pod):
        if pod["spec"].get("hostNetwork"):  # D-31
            return None
        return ns_of(pod), account_of(pod), labels_of(pod)

    # -- access: §2.4 ------------------------------------------------------------------------------

    def targets_that_allow(self, request, endpoint, protocol):
        return [f"TrafficTarget {ns_of(target)}/{name_of(target)}"
                for target in self.all("TrafficTarget")
                if self.target_allows(target, request, endpoint, protocol)]

    def target_allows(self, target, request, endpoint, protocol):
        spec = body(target)
        if endpoint["identity"] is None or not self.is_subject(
                spec["destination"], ns_of(target), endpoint["identity"]):
            return False
        if not any(self.is_subject(source, ns_of(target), self.caller(request))
                   for source in spec.get("sources") or []):
            return False
        return self.rules_cover(target, request, endpoint["port"], protocol)

    def is_subject(self, subject, own_ns, identity):
        ns = subject.get("namespace", own_ns)  # D-13
        if subject["kind"] == "ServiceAccount":
            return identity[:2] == (ns, subject["name"])
        binding = self.find("IdentityBinding", ns, subject["name"])
        return binding is not None and self.binding_covers(binding, identity)

    def caller(self, request):
        """Who calls, with the labels of its pod. An account alone is any of its pods while no binding tells them
        apart by labels, and else one that no binding selects."""
        ns, account = request.source[:2]
        if account is None:
            return self.identity(self.find("Pod", ns, request.source[2]))
        pods = [pod for pod in self.all("Pod", ns) if account_of(pod) == account]
        known_as = {tuple(name_of(each) for each in self.all("IdentityBinding", ns) if selects(
            each["spec"]["schemes"].get("podLabelSelector", {}).get("matchLabels"), labels_of(pod))) for pod in pods}
        return ns, account, labels_of(pods[0]) if len(known_as) == 1 else {}

    @staticmethod
    def binding_covers(binding, identity):
        """§2.5: any scheme, of the binding's own namespace."""
        ns, account, labels = identity
        if ns != ns_of(binding):
            return False
        schemes = binding["spec"]["schemes"]
        selector = schemes.get("podLabelSelector", {}).get("matchLabels")
        spiffe = [each.removeprefix("spiffe://") for each in schemes.get("spiffeIdentities", [])]
        return (schemes.get("serviceAccount") == account
                or f"cluster.local/ns/{ns}/sa/{account}" in spiffe
                or selects(selector, labels))

    def rules_cover(self, target, request, pod_port, protocol):
        """§2.4.3, rule kinds as written: a rule that does not resolve allows nothing (D-10)."""
        rules = rules_of(target)
        of_kind = lambda kind: [rule for rule in rules if rule["kind"] == kind]  # noqa: E731
        if protocol == "udp":
            return any(self.l4_covers(target, rule, pod_port) for rule in of_kind("UDPRoute"))
        tcp, http = of_kind("TCPRoute"), of_kind("HTTPRouteGroup")
        port_of_old = body(target)["destination"].get("port")
        if port_of_old is not None and version_of(target) < "v1alpha3" and port_of_old != pod_port:
            return False
        if tcp and not any(self.l4_covers(target, rule, pod_port) for rule in tcp):
            return False
        if not http:
            return bool(tcp)
        return protocol == "http" and any(self.http_covers(target, rule, request) for rule in http)

    def l4_covers(self, target, rule, pod_port):
        route = self.find(rule["kind"], ns_of(target), rule["name"])
        if route is None:
            return False
        matches = (route.get("spec") or {}).get("matches", {})
        if rule.get("matches") and matches.get("name") not in rule["matches"]:  # D-11
            return False
        ports = matches.get("ports", [])
        return not ports or pod_port in ports

    def http_covers(self, target, rule, request):
        group = self.find("HTTPRouteGroup", ns_of(target), rule["name"])
        if group is None:
            return False
        names = rule.get("matches") or [match["name"] for match in matches_of(group)]  # D-10b
        return any(request_satisfies(request, group, match)
                   for match in matches_of(group) if match["name"] in names)
