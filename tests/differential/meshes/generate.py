# SPDX-License-Identifier: Apache-2.0
"""Random meshes, and requests aimed at them.

Few names, few ports and few patterns, so that things meet: a route group that several targets use,
a service account behind two Services, two splits on one root. References dangle now and then, and
now and then an object is wrong on its own. The same seed gives the same mesh everywhere."""

import random

from oracle import (Oracle, Request, body, header_conditions, local_service, matches_of, name_of, ns_of)

NAMESPACES = ("shop", "ops", "lab")
ACCOUNTS = ("web", "api", "batch")
APPS = ("a", "b")
SERVICES = ("front", "back", "v1", "v2", "v3")
GROUPS = ("reads", "writes", "firefox", "any")
PORTS = (80, 81, 8080)
POD_PORTS = (8080, 8081, 9090)
PORT_NAMES = ("main", "side", "dns")
PATHS = ("/", "/items", "/items$", "/items/[0-9]+", "/items/[0-9]+$", "/admin(/.*)?$", "/(items|admin)",
         "/items|/admin", "^/health$", ".*/edit$", "/[^/]+/edit", "/a{2,3}", "/x?y+", "", "items")
BROKEN_PATTERNS = ("/items/(", "[a", "*")
SEGMENTS = ("items", "items/7", "items/77/edit", "admin", "admin/users", "health", "healthy", "aa",
            "aaaa", "xy", "yy", "administrator", "items/x", "")
HEADERS = {"user-agent": (".*Firefox.*", "curl/[0-9.]+", ".+"), "x-canary": ("1", "yes|1", "[0-9]*"),
           "cookie": (".*insider=1(;.*)?", "insider=1"), "host": ("front.*", "[a-z.]+(:[0-9]+)?")}
HEADER_VALUES = {"user-agent": ("Mozilla Firefox/1", "curl/8.1", "curl"), "x-canary": ("1", "yes", "12", ""),
                 "cookie": ("insider=1", "a=b; insider=1; c", "insider=12"),
                 "host": ("front.shop", "front.shop:80", "BACK")}
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")
EXTENSIONS = ("PURGE", "M-SEARCH")  # no methods of SMI's, by an option methods all the same (D-29)


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.addresses = 0

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def pick(self, items):
        return items[self.random.randrange(len(items))]

    def some(self, items, least=0, most=None):
        """A few different ones, in any order."""
        count = self.random.randint(least, min(len(items), most if most is not None else len(items)))
        return self.random.sample(list(items), count)

    def version(self, *versions):
        return "v1alpha" + str(self.pick(versions))

    def address(self):
        self.addresses += 1
        return f"10.1.{self.addresses // 250}.{self.addresses % 250 + 1}"

    def options(self):
        """Of the whole mesh, as the oracle takes them; those left out are as by default."""
        options = {}
        if self.chance(10):
            options["access"] = "permissive"
        if self.chance(60):
            options["split_shares"] = "strict"
        if self.chance(50):
            options["extension_methods"] = self.some(EXTENSIONS, 1)
        return options

    # -- the mesh ----------------------------------------------------------------------------------

    def mesh(self):
        objects = []
        for ns in self.some(NAMESPACES, 1):
            objects += self.namespace(ns) + self.workloads(ns) + self.services(ns)
            objects += self.routes(ns) + self.bindings(ns)
            objects += self.named("TrafficTarget", ns, self.random.randrange(8), self.target)
            objects += self.named("TrafficSplit", ns, self.random.randrange(4), self.split)
        self.random.shuffle(objects)
        return objects

    def named(self, kind, ns, count, make):
        return [make(ns, f"{kind[7:].lower()}-{i}") for i in range(count)]

    def thing(self, api, kind, ns, name, **fields):
        metadata = {"name": name, "namespace": ns, **fields.pop("metadata", {})}
        if ns is None:
            del metadata["namespace"]
        if self.chance(30) and "smi-spec" in api:
            metadata["creationTimestamp"] = f"2024-01-0{self.random.randint(1, 3)}T00:00:00Z"
        return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}

    def namespace(self, ns):
        labels = {}
        if self.chance(25):
            labels["smic.dev/access"] = self.pick(("permissive", "enforce", "strict"))
        if self.chance(4):
            labels["smic.dev/mesh"] = "false"
        return [self.thing("v1", "Namespace", None, ns, metadata={"labels": labels})] if labels else []

    def workloads(self, ns):
        accounts = [self.thing("v1", "ServiceAccount", ns, name) for name in self.some(ACCOUNTS)]
        return accounts + [self.pod(ns, f"pod-{i}") for i in range(self.random.randrange(2, 7))]

    def pod(self, ns, name):
        spec = {"containers": [{"name": "main", "ports": [
            {"name": each, "containerPort": self.pick(POD_PORTS),
             **({"protocol": self.pick(("TCP", "UDP"))} if self.chance(30) else {})}
            for each in self.some(PORT_NAMES)]}]}
        if self.chance(90):
            spec["serviceAccountName"] = self.pick(ACCOUNTS)
        if self.chance(5):
            spec["hostNetwork"] = True
        status = {"phase": "Succeeded" if self.chance(4) else "Running"}
        if self.chance(96):
            status["podIP"] = self.address()
        if self.chance(40):
            status["conditions"] = [{"type": "Ready", "status": "False" if self.chance(30) else "True"}]
        labels = {"app": self.pick(APPS), "version": self.pick(("1", "2"))}
        return self.thing("v1", "Pod", ns, name, metadata={"labels": labels}, spec=spec, status=status)

    def services(self, ns):
        made = []
        for name in self.some(SERVICES, 3):
            service = self.service(ns, name)
            made.append(service)
            used = set()
            for i in range(self.random.randrange(1, 3) if self.chance(35) else 0):
                made.append(self.slice(ns, service, f"{name}-{i}", used))
        return made

    def service(self, ns, name):
        selector = {"app": self.pick(APPS)}
        if self.chance(30):
            selector["version"] = self.pick(("1", "2"))
        spec = {"selector": selector, "ports": []}
        if self.chance(10):
            spec["clusterIP"] = "None"
        if self.chance(3):
            spec.update(type="ExternalName", externalName="example.org")
        seen = set()
        for number in [80] * self.chance(85) + self.some(PORTS + (53,), 1, 3):
            port = self.service_port(number)
            key = (number, port.get("protocol", "TCP"))
            if key not in seen:
                seen.add(key)
                spec["ports"].append({"name": f"{port['name']}-{len(seen)}", **{
                    k: v for k, v in port.items() if k != "name"}})
        metadata = {}
        if self.chance(8):
            metadata["annotations"] = {"smic.dev/protocol": self.pick(("http", "tcp", "udp", "soap"))}
        if self.chance(12):
            metadata.setdefault("annotations", {})["smic.dev/split-shares"] = self.pick(
                ("strict", "strict", "redistribute", "loose"))
        if self.chance(3):
            metadata["labels"] = {"smic.dev/mesh": "false"}
        return self.thing("v1", "Service", ns, name, metadata=metadata, spec=spec)

    def service_port(self, number):
        port = {"name": self.pick(("http", "http", "grpc", "web", "tcp", "redis")), "port": number}
        if number == 53 or self.chance(10):
            port["protocol"] = self.pick(("UDP", "UDP", "TCP"))
        if self.chance(15):
            port["appProtocol"] = self.pick(("http", "https", "kubernetes.io/h2c", "mysql"))
        if self.chance(75):
            port["targetPort"] = self.pick(POD_PORTS + PORT_NAMES)
        return port

    def slice(self, ns, service, name, used):
        """Addresses of pods and of nobody, with references that need not be true."""
        ports = [{"name": port["name"], "port": self.pick(POD_PORTS),
                  "protocol": port.get("protocol", "TCP")}
                 for port in service["spec"]["ports"] if self.chance(90)]
        endpoints = []
        for _ in range(self.random.randrange(1, 4)):
            address = f"10.1.0.{self.random.randrange(2, 14)}" if self.chance(60) else self.address()
            if address in used:
                continue
            used.add(address)
            endpoint = {"addresses": [address]}
            if self.chance(70):
                endpoint["targetRef"] = {"kind": "Pod", "namespace": ns,
                                         "name": f"pod-{self.random.randrange(5)}"}
            if self.chance(30):
                endpoint["conditions"] = {"ready": self.chance(60)}
            endpoints.append(endpoint)
        return self.thing("discovery.k8s.io/v1", "EndpointSlice", ns, name, addressType="IPv4",
                          metadata={"labels": {"kubernetes.io/service-name": name_of(service)}},
                          ports=ports, endpoints=endpoints)

    # -- SMI ---------------------------------------------------------------------------------------

    def routes(self, ns):
        made = [self.group(ns, name) for name in self.some(GROUPS, 1)]
        made += [self.l4("TCPRoute", ns, name, self.version(1, 2, 3, 4, 4, 4))
                 for name in self.some(("ports", "all"))]
        return made + [self.l4("UDPRoute", ns, "datagrams", "v1alpha4") for _ in range(self.chance(60))]

    def group(self, ns, name):
        version = self.version(1, 2, 3, 4, 4)
        matches = [self.match(f"m{i}", version) for i in range(self.random.randrange(4))]
        if self.chance(12):
            matches += self.words(len(matches))
        if matches and self.chance(3):
            matches[0]["name"] = self.pick(("", "m1"))
        fields = {"matches": matches}
        fields = fields if version in ("v1alpha1", "v1alpha2") else {"spec": fields}
        return self.thing(f"specs.smi-spec.io/{version}", "HTTPRouteGroup", ns, name, **fields)

    def match(self, name, version):
        match = {"name": name}
        if self.chance(75):
            match["pathRegex"] = self.pick(BROKEN_PATTERNS if self.chance(2) else PATHS)
        if self.chance(45):
            match["methods"] = self.some(METHODS + ("*",), 0, 3)
            if self.chance(2):
                match["methods"].append("get")
            if self.chance(6):
                match["methods"].append(self.pick(EXTENSIONS))
        if self.chance(40) and version != "v1alpha1":
            pairs = [(each, self.pick(HEADERS[each])) for each in self.some(HEADERS, 0, 2)]
            shown = lambda each: each.title() if self.chance(20) else each  # noqa: E731
            headers = {shown(each): pattern for each, pattern in pairs}
            match["headers"] = headers if self.chance(60) else [{k: v} for k, v in headers.items()]
        return match

    def words(self, first):
        """So many that differ in a segment that the compiler tells them apart by a hash."""
        numbers = self.random.sample(range(1000), 20 + self.random.randrange(30))
        return [{"name": f"m{i}", "pathRegex": f"/items/team-{number}{self.pick(('/x$', '$', '/x', '/[0-9]+$'))}",
                 **({"methods": self.some(METHODS, 1, 2)} if self.chance(40) else {})}
                for i, number in enumerate(numbers, first)]

    def l4(self, kind, ns, name, version):
        fields = {}
        if version == "v1alpha4":
            ports = self.some(POD_PORTS, 0, 2) + [0] * self.chance(2)
            fields = {"spec": {"matches": {"ports": ports}}}
            if self.chance(20):
                fields["spec"]["matches"]["name"] = "named"
        elif version == "v1alpha3":
            fields = {"spec": {}}
        return self.thing(f"specs.smi-spec.io/{version}", kind, ns, name, **fields)

    def subject(self, ns, version, port=False, foreign=60):
        subject = {"kind": "ServiceAccount", "name": self.pick(ACCOUNTS)}
        if self.chance(80):
            subject["namespace"] = self.pick(NAMESPACES) if self.chance(foreign) else ns
        if self.chance(25 if version == "v1alpha4" else 1):
            subject["kind"] = "IdentityBinding"
            subject["name"] = self.pick(("by-label", "by-label", "by-account", "nobody"))
            if self.chance(30) and version == "v1alpha4":
                subject["group"] = "access.smi-spec.io"
        if port and version in ("v1alpha1", "v1alpha2") and self.chance(40):
            subject["port"] = self.pick(POD_PORTS)
        return subject

    def bindings(self, ns):
        made = []
        for name in self.some(("by-label", "by-account"), 0):
            schemes = {}
            if name == "by-label":
                labels = {"app": self.pick(APPS), **({"version": "1"} if self.chance(40) else {})}
                schemes["podLabelSelector"] = {"matchLabels": labels}
            if name == "by-account" or self.chance(5):
                schemes["serviceAccount"] = self.pick(ACCOUNTS)
            if self.chance(30):
                schemes["spiffeIdentities"] = [
                    self.pick(("", "spiffe://")) + self.pick(("cluster.local", "else.where"))
                    + f"/ns/{self.pick((ns, 'ops'))}/sa/{self.pick(ACCOUNTS)}"]
            made.append(self.thing("access.smi-spec.io/v1alpha4", "IdentityBinding", ns, name,
                                   spec={"schemes": schemes}))
        return made

    def target(self, ns, name):
        version = self.version(1, 2, 3, 4, 4, 4)
        kinds = ["HTTPRouteGroup", "HTTPRouteGroup", "TCPRoute"]
        kinds += ["UDPRoute"] * (version > "v1alpha2" or self.chance(3))
        rules = [self.rule(self.pick(kinds)) for _ in range(self.random.randrange(0 if self.chance(8) else 1, 4))]
        spec = {"destination": self.subject(ns, version, port=True, foreign=3),
                "sources": [self.subject(ns, version) for _ in range(self.random.randrange(0 if self.chance(5) else 1, 4))],
                "specs" if version == "v1alpha1" else "rules": rules}
        fields = spec if version == "v1alpha1" else {"spec": spec}
        return self.thing(f"access.smi-spec.io/{version}", "TrafficTarget", ns, name, **fields)

    def rule(self, kind):
        names = {"HTTPRouteGroup": GROUPS, "TCPRoute": ("ports", "all", "none"),
                 "UDPRoute": ("datagrams", "datagrams", "none")}[kind]
        rule = {"kind": kind, "name": self.pick(names)}
        if self.chance(40 if kind == "HTTPRouteGroup" else 10):
            rule["matches"] = self.some(("m0", "m1", "m2", "named"), 0, 2)
        return rule

    def split(self, ns, name):
        version = self.version(1, 2, 3, 4, 4)
        root = self.pick(SERVICES[:2])
        others = [each for each in SERVICES + ("later",) if each != root or self.chance(3)]
        backends = self.some(others, 0 if self.chance(3) else 1, 3)
        if self.chance(3) and backends:
            backends.append(backends[0])
        spec = {"service": self.service_form(ns, root),
                "backends": [{"service": self.service_form(ns, each), "weight": self.weight(version)}
                             for each in backends]}
        if version > "v1alpha2" and self.chance(55):
            spec["matches"] = [{"kind": "HTTPRouteGroup" if self.chance(98) else "TCPRoute",
                                "name": each} for each in self.some(GROUPS + ("none",), 0, 2)]
        return self.thing(f"split.smi-spec.io/{version}", "TrafficSplit", ns, name, spec=spec)

    def service_form(self, ns, name):
        if self.chance(80):
            return name
        other = self.pick(NAMESPACES) if self.chance(8) else ns
        return name + "." + other + self.pick(("", ".svc", ".svc.cluster.local", ".svc.cluster.local."))

    def weight(self, version):
        if version == "v1alpha1":
            return self.pick(("1", "500m", "10m", 1, 0, "1k", "1500m", "100"))
        return self.pick((0, 1, 1, 9, 50, 100) if self.chance(98) else (-1, 2**31))

    # -- requests ----------------------------------------------------------------------------------

    def request(self, objects):
        services = [thing for thing in objects if thing["kind"] == "Service"]
        service = self.pick(services)
        port = self.pick(service["spec"]["ports"])
        number = self.pick(PORTS + (53,)) if self.chance(4) else port["port"]
        protocols = [each.get("protocol", "TCP") for each in service["spec"]["ports"]
                     if each["port"] == number]
        request = Request(self.source(objects), (ns_of(service), name_of(service)), number,
                          udp=protocols[:1] == ["UDP"])
        groups = [thing for thing in objects if thing["kind"] == "HTTPRouteGroup"]
        self.aim(request, [each for each in groups if matches_of(each)])
        return request

    def source(self, objects):
        sources = [(each.get("namespace", ns_of(target)), each["name"])
                   for target in objects if target["kind"] == "TrafficTarget"
                   for each in body(target).get("sources") or [] if each["kind"] == "ServiceAccount"]
        pods = [each for each in objects if each["kind"] == "Pod" and Oracle.running(each)
                and each["status"].get("podIP") and not each["spec"].get("hostNetwork")]
        if pods and self.chance(35):
            pod = self.pick(pods)
            return ns_of(pod), None, name_of(pod)
        if sources and self.chance(70):
            return self.pick(sources)
        return self.pick(NAMESPACES), self.pick(ACCOUNTS + ("default",))

    def aim(self, request, groups):
        """So that some match may hold; then perhaps off it again."""
        request.path = "/" + self.pick(SEGMENTS)
        request.method = self.pick(EXTENSIONS if self.chance(4) else METHODS)
        if groups and self.chance(80):
            group = self.pick(groups)
            match = self.pick(matches_of(group))
            if match.get("pathRegex", "").startswith("/items/team-"):
                request.path = match["pathRegex"].replace("[0-9]+", "7").replace("$", "") + self.pick(
                    ("", "", "", "/", "0", "/x/y"))
            if match.get("methods"):
                request.method = self.pick(match["methods"]).replace("*", "PATCH").upper()
            for name, _ in header_conditions(group, match):
                request.headers.append((name.lower(), self.pick(HEADER_VALUES[name.lower()])))
        if self.chance(20):
            name = self.pick(list(HEADER_VALUES))
            request.headers.append((name, self.pick(HEADER_VALUES[name])))
        if self.chance(10):
            request.path = self.pick(("/x/..{}", "{}/.", "{}?q=/admin", "/%61dmin", "{}/%2e%2E", "{}#/x",
                                      "/.{}", "{}%2f7")).format(request.path)
