# SPDX-License-Identifier: Apache-2.0
"""A cluster's DNS as pods run it: the real CoreDNS, in pods that the API knows, reading files that a
kubelet puts there from ConfigMaps. The kubelet is played here: like the real one it looks at a pod's
volumes at once when the pod changes, and otherwise only once in a while."""

import contextlib
import json
import os
import pathlib
import socket
import threading

from cluster import PODS, part, run
from mesh import Process, document

SYSTEM = "kube-system"
LAZY = 30.0  # seconds until a kubelet looks by itself; the real one takes up to 80


def corefile(cluster, *, reload="    reload 2s 1s\n", imports="", ending=""):
    """As kubeadm writes it, with what a CoreDNS outside of a pod needs to find the API."""
    path = cluster.certificates.path
    return (".:53 {\n    bind {$POD_IP}\n    errors\n"
            "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n"
            f"        endpoint {cluster.server}\n"
            f"        tls {path('admin.crt')} {path('admin.key')} {path('ca.crt')}\n"
            "        pods insecure\n        fallthrough in-addr.arpa ip6.arpa\n        ttl 5\n    }\n"
            f"    forward . {PODS}.9:53\n    cache 30\n{reload}    loadbalance\n{imports}}}\n{ending}")


def config_map(name, **data):
    return document("v1", "ConfigMap", name, SYSTEM, data=data)


def pod_of_coredns(name, address, maps):
    """maps: (ConfigMap, mount path, items or None)."""
    volumes = [{"name": f"v{i}", "configMap": {"name": map_, "optional": True,
                                               **({"items": items} if items else {})}}
               for i, (map_, _, items) in enumerate(maps)]
    return document(
        "v1", "Pod", name, SYSTEM, metadata={"labels": {"k8s-app": "kube-dns"}},
        spec={"nodeName": "n1", "dnsPolicy": "Default", "volumes": volumes, "containers": [{
            "name": "coredns", "image": "registry.example/anything:1",
            "args": ["-conf", "/etc/coredns/Corefile"],
            "volumeMounts": [{"name": f"v{i}", "mountPath": path, "readOnly": True}
                             for i, (_, path, _) in enumerate(maps)]}]},
        status={"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]})


def service_of(ns, name, address, servers, port=53):
    """A Service with a fixed cluster IP, and what an endpoint controller writes for it.
    servers: (address, pod or None) pairs."""
    slice_ = document(
        "discovery.k8s.io/v1", "EndpointSlice", f"{name}-test", ns,
        metadata={"labels": {"kubernetes.io/service-name": name}}, addressType="IPv4",
        ports=[{"name": "dns", "port": port, "protocol": "UDP"},
               {"name": "dns-tcp", "port": port, "protocol": "TCP"}],
        endpoints=[{"addresses": [ip], "conditions": {"ready": True},
                    **({"targetRef": {"kind": "Pod", "name": pod, "namespace": ns}} if pod else {})}
                   for ip, pod in servers])
    return [document("v1", "Service", name, ns, metadata={"labels": {"k8s-app": name}}, spec={
        "clusterIP": address,
        "ports": [{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": port},
                  {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": port}]}), slice_]


def forward_service(address, servers, port=53):
    """What kube-proxy does for a Service, for callers on this machine."""
    targets = ", ".join(f"{i} : {ip}" for i, ip in enumerate(servers))
    rules = "".join(f"  ip daddr {address} {protocol} dport 53 dnat ip to "
                    f"numgen random mod {len(servers)} map {{ {targets} }}:{port}\n"
                    for protocol in ("udp", "tcp"))
    run("nft", "-f", "-", stdin="table ip services {}\nflush table ip services\n"
        "table ip services {\n chain out {\n  type nat hook output priority -100;\n" + rules + " }\n}\n")


class CoreDnsPod:
    """One CoreDNS, and the kubelet that feeds it."""

    def __init__(self, cluster, name, address, maps):
        self.cluster, self.name, self.address, self.maps = cluster, name, address, maps
        self.folder = cluster.path / name
        self.folder.mkdir()
        self.written = {}
        self.seen = None
        self.process = None
        self.stop = threading.Event()
        cluster.apply(pod_of_coredns(name, address, maps))
        self.sync()
        self.start()
        self.kubelet = threading.Thread(target=self.watch, daemon=True)
        self.kubelet.start()

    def start(self):
        before = dict(os.environ)
        os.environ["POD_IP"] = self.address
        try:
            self.process = Process(part("coredns"), "-conf", self.folder / "Corefile")
        finally:
            os.environ.clear()
            os.environ.update(before)
        self.process.says("CoreDNS-")

    def end(self):
        self.stop.set()
        self.kubelet.join()
        if self.process.process.poll() is None:
            self.process.end()

    def get(self, plural, name):
        text = self.cluster.get(f"/api/v1/namespaces/{SYSTEM}/{plural}/{name}")
        return json.loads(text) if text else None

    def watch(self):
        slept = 0.0
        while not self.stop.wait(0.1):
            slept += 0.1
            pod = self.get("pods", self.name)
            version = pod and pod["metadata"]["resourceVersion"]
            if version and (version != self.seen or slept > LAZY):
                slept = 0.0
                if self.sync():
                    self.seen = version

    def sync(self):
        """What the API cannot tell at the moment stays as it is."""
        listed = self.cluster.get(f"/api/v1/namespaces/{SYSTEM}/configmaps")
        if listed is None:
            return False
        found = {item["metadata"]["name"]: item for item in json.loads(listed)["items"]}
        for map_, path, items in self.maps:
            data = found.get(map_, {}).get("data") or {}
            if items:
                data = {item["path"]: data[item["key"]] for item in items if item["key"] in data}
            folder = self.folder / pathlib.PurePath(path).relative_to("/etc/coredns")
            folder.mkdir(exist_ok=True)
            for key in [key for at, key in self.written if at == folder and key not in data]:
                (folder / key).unlink()
                del self.written[folder, key]
            for key, text in data.items():
                if self.written.get((folder, key)) != text:
                    beside = folder.parent / f".{folder.name}.{key}.new"
                    beside.write_text(text)
                    beside.rename(folder / key)
                    self.written[folder, key] = text
        return True


def pod_of_kube_dns(name, address):
    return document(
        "v1", "Pod", name, SYSTEM, metadata={"labels": {"k8s-app": "kube-dns"}},
        spec={"nodeName": "n1", "dnsPolicy": "Default",
              "volumes": [{"name": "config", "configMap": {"name": "kube-dns", "optional": True}}],
              "containers": [{
                  "name": "kubedns", "image": "registry.example/anything:1",
                  "args": ["--domain=cluster.local.", "--dns-port=10053",
                           "--config-dir=/kube-dns-config", "--v=2"],
                  "volumeMounts": [{"name": "config", "mountPath": "/kube-dns-config"}]}]},
        status={"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]})


class KubeDnsPod:
    """What kube-dns does with `stubDomains`, without kube-dns: a question goes to the server of the
    longest zone that it is in, and any other to a DNS that knows the cluster."""

    def __init__(self, cluster, name, address, otherwise):
        self.cluster, self.otherwise = cluster, otherwise
        cluster.apply(pod_of_kube_dns(name, address))
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def end(self):
        with contextlib.suppress(OSError):  # it wakes the thread all the same
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    def server_for(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        text = self.cluster.get(f"/api/v1/namespaces/{SYSTEM}/configmaps/kube-dns")
        data = (json.loads(text).get("data") or {}) if text else {}
        stubs = json.loads(data.get("stubDomains", "{}"))
        for first in range(len(labels)):
            servers = stubs.get(".".join(labels[first:]))
            if servers:
                return servers[0]
        return self.otherwise

    def serve(self):
        while True:
            try:
                query, asker = self.socket.recvfrom(4096)
            except OSError:
                return
            if not query:
                return
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as onward:
                onward.settimeout(2)
                onward.sendto(query, (self.server_for(query), 53))
                try:
                    self.socket.sendto(onward.recv(4096), asker)
                except OSError:
                    continue
