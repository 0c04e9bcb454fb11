# SPDX-License-Identifier: Apache-2.0
"""A cluster whose nodes and pods are network namespaces: etcd, kube-apiserver and CoreDNS are real,
kubelet, kube-proxy and the controller-manager are played (kubelet.py, caretaker.py), and what is
installed is deploy/ itself, run with the very words of its manifests."""

import json
import pathlib

from api import Api
from caretaker import Caretaker
from cluster import ROOT, Cluster, eventually, run
from container import Images
from kubelet import Kubelet
from mesh import SMIC
from node_network import FABRIC_ADDRESS, Network, ServiceAddresses

DNS_ADDRESS = "10.96.0.10"
API_ADDRESS = "10.96.0.1"
# As kubeadm writes it, but for a reload that a test can wait for.
COREFILE = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload 2s 1s
    loadbalance
}
"""
DEPLOY = ROOT / "deploy"


def meta(name, ns=None, **more):
    return {"name": name, **({"namespace": ns} if ns else {}), **more}


class App:
    """A program in a pod of its own: an address, an identity, and commands as the pod."""

    def __init__(self, cluster, ns, name, account, labels, node):
        self.cluster, self.ns, self.name, self.node = cluster, ns, name, node
        self.net = node.add_pod(name, DNS_ADDRESS,
                                (f"{ns}.svc.cluster.local", "svc.cluster.local", "cluster.local"))
        self.address, self.addresses = self.net.address, self.net.addresses
        self.path = f"/api/v1/namespaces/{ns}/pods/{name}"
        cluster.api.post(f"/api/v1/namespaces/{ns}/pods", {
            "apiVersion": "v1", "kind": "Pod", "metadata": meta(name, ns, labels=labels),
            "spec": {"serviceAccountName": account, "nodeName": node.name,
                     "containers": [{"name": "app", "image": "app"}]}})
        self.tell(True)
        self.processes = []

    def tell(self, is_ready):
        state = "True" if is_ready else "False"
        self.cluster.api.request("PATCH", f"{self.path}/status", {"status": {
            "phase": "Running", "hostIP": self.node.address, "podIP": self.address,
            "podIPs": [{"ip": address} for address in self.addresses],
            "conditions": [{"type": "Ready", "status": state}]}}, "application/merge-patch+json")

    def start(self, *words):
        process = self.net.start(*words)
        self.processes.append(process)
        return process

    def run(self, *words, check=True):
        return self.net.run(*words, check=check)

    def curl(self, *words):
        """(status, body); status 0 if there was no answer."""
        done = self.run("curl", "-sS", "-m", "10", "-w", "\n%{http_code}", *words, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body

    def dig(self, name, kind="A", *words):
        """(status, the last field of every answer)."""
        done = self.run("dig", "+timeout=5", "+tries=2", *words, name, kind, check=False)
        status = done.stdout.partition("status: ")[2].partition(",")[0]
        section = done.stdout.partition(";; ANSWER SECTION:\n")[2].partition("\n\n")[0]
        return status, sorted(line.split()[-1] for line in section.splitlines())

    def stop(self):
        for process in self.processes:
            process.end(9)
        self.cluster.api.delete(self.path, 0)
        self.node.remove_pod(self.net)


class NodeCluster(Cluster):
    address = FABRIC_ADDRESS
    other_addresses = (API_ADDRESS, "127.0.0.1")
    nodes_wanted = 2
    dual = False  # whether pods have an address of each family

    def __init__(self, audited=False):
        self.caretaker = self.kubelet = self.network = self.api = None
        self.apps, self.workloads = [], {}
        super().__init__(audited)
        try:
            self._furnish()
        except BaseException:
            self.__exit__()
            raise

    def prepare_network(self):
        # Whom nodes ask is not the cluster's DNS, or that would ask itself. Here it is nobody.
        self.network = Network(self.nodes_wanted, FABRIC_ADDRESS, dual=self.dual)
        self.nodes = self.network.nodes

    def _furnish(self):
        path = self.certificates.path
        self.api = Api(self.address, self.port, path("ca.crt"), path("admin.crt"), path("admin.key"))
        self.images = Images()
        self.kubelet = Kubelet(self.api, self.network, self.images, DNS_ADDRESS,
                               pathlib.Path(path("ca.crt")).read_text())
        self.caretaker = Caretaker(self.api, ServiceAddresses(self.network))
        for node in self.nodes:
            self._write_node(node)
        self._write_api_endpoints()
        self._start_dns()
        self.caretaker.settled()

    def _write_node(self, node):
        self.api.post("/api/v1/nodes", {
            "apiVersion": "v1", "kind": "Node",
            "metadata": meta(node.name, labels={"kubernetes.io/hostname": node.name}),
            "spec": {"podCIDR": f"{node.pod_net}.0/24", "podCIDRs": [f"{node.pod_net}.0/24"]}})
        self.api.merge(f"/api/v1/nodes/{node.name}/status", {"status": {
            "addresses": [{"type": "InternalIP", "address": node.address},
                          {"type": "Hostname", "address": node.name}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady",
                            "message": "", "lastHeartbeatTime": None, "lastTransitionTime": None}],
            "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux", "machineID": "",
                         "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "",
                         "containerRuntimeVersion": "", "kubeletVersion": "v1.36.2",
                         "kubeProxyVersion": ""}}})

    def _write_api_endpoints(self):
        eventually(lambda: self.api.find("/api/v1/namespaces/default/services/kubernetes"),
                   "the kubernetes Service")
        self.api.apply("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes", {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": meta("kubernetes", "default", labels={"kubernetes.io/service-name": "kubernetes"}),
            "ports": [{"name": "https", "port": self.port, "protocol": "TCP"}],
            "endpoints": [{"addresses": [FABRIC_ADDRESS], "conditions": {"ready": True}}]})

    def _start_dns(self):
        """CoreDNS as kubeadm installs it, on the first node."""
        self.apply(*json.loads((pathlib.Path(__file__).parent / "coredns.json").read_text()),
                   {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("coredns", "kube-system"),
                    "data": {"Corefile": COREFILE}})
        self.dns, = self.roll_out("Deployment", "coredns", self.nodes[:1], "kube-system")

    # ---- pods -----------------------------------------------------------------------------------

    def app(self, ns, name, account, labels=None, node=0):
        made = App(self, ns, name, account, labels or {"app": name}, self.nodes[node])
        self.apps.append(made)
        return made

    def echo(self, ns, name, account, labels=None, node=0, port=8080, *options):
        """A backend that says who it is."""
        made = self.app(ns, name, account, labels, node)
        for address in made.addresses:
            host = f"[{address}]" if ":" in address else address
            made.start(SMIC, "echo", "--listen", f"{host}:{port}", "--name", name, *options)
        eventually(lambda: all(each.out for each in made.processes), f"{name} listens")
        return made

    # ---- deploy/ --------------------------------------------------------------------------------

    def install(self, controllers=2, what=DEPLOY):
        self.kubectl("apply", "-k", what)
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", DEPLOY / "crds")
        self.roll_out("Deployment", "smic-controller", self.nodes[:controllers])
        self.roll_out("DaemonSet", "smic-proxy", self.nodes)

    def workload(self, kind, name, ns="smic-system"):
        return self.api.get(f"/apis/apps/v1/namespaces/{ns}/{kind.lower()}s/{name}")

    def roll_out(self, kind, name, nodes, ns="smic-system"):
        """A pod on each of these nodes, from the workload's template."""
        pods = [self.add_replica(kind, name, node, ns) for node in nodes]
        for pod in pods:
            pod.ready()
        self.caretaker.settled()
        return pods

    def add_replica(self, kind, name, node, ns="smic-system"):
        workload = self.workload(kind, name, ns)
        template = workload["spec"]["template"]
        count = self.workloads.setdefault(name, [0, []])
        count[0] += 1
        pod = self.kubelet.run({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": meta(f"{name}-{count[0]}", ns, labels=template["metadata"]["labels"],
                             annotations=template["metadata"].get("annotations") or {},
                             ownerReferences=[{"apiVersion": "apps/v1", "kind": kind, "name": name,
                                               "uid": workload["metadata"]["uid"], "controller": True}]),
            "spec": json.loads(json.dumps(template["spec"]))}, node)
        count[1].append(pod)
        return pod

    def replicas(self, name):
        """Those that are running."""
        return [pod for pod in self.workloads.get(name, [0, []])[1] if not pod.ended]

    def config(self, node):
        """What the proxy of a node says that it enforces."""
        text = node.run("curl", "-sS", "-m", "10", f"http://{node.address}:15020/config").stdout
        return json.loads(text)

    def wait_for_ports(self, service, port):
        """Until every proxy has a unit for this port of a Service."""
        for node in self.nodes:
            eventually(lambda: any(unit["service"] == service and unit["port"] == port
                                   for unit in self.config(node)["units"]),
                       f"{node.name} has {service}:{port}", 60)

    # ---- what is in the cluster -----------------------------------------------------------------

    def everything(self):
        """All objects that somebody wrote, by (resource, namespace, name), as they were written."""
        found = {}
        for path, resource in self._resources():
            for each in self.api.items(f"{path}/{resource}"):
                where = each["metadata"]
                each.pop("status", None)
                for machinery in ("managedFields", "resourceVersion", "generation"):
                    where.pop(machinery, None)
                found[resource, where.get("namespace"), where["name"]] = each
        return found

    def _resources(self):
        """Every kind that can be listed and that no controller fills by itself."""
        transient = {"events", "leases", "endpointslices", "endpoints", "pods", "podmetrics",
                     "componentstatuses", "leasecandidates", "ipaddresses", "storageversions"}
        yield from (("/api/v1", each["name"]) for each in self.api.get("/api/v1")["resources"]
                    if "list" in each["verbs"] and each["name"] not in transient)
        for group in self.api.get("/apis")["groups"]:
            version = group["preferredVersion"]["groupVersion"]
            listed = self.api.find(f"/apis/{version}") or {"resources": []}
            yield from ((f"/apis/{version}", each["name"]) for each in listed["resources"]
                        if "list" in each["verbs"] and each["name"] not in transient)

    def uninstall(self, what=DEPLOY):
        """As docs/install.md says; then what the namespace controller and kubelet would do."""
        self.kubectl("scale", "-n", "smic-system", "deployment", "smic-controller", "--replicas=0")
        for pod in self.replicas("smic-controller"):
            pod.stop()
        self.smic("dns", "restore", "--wait")
        self.uninstall_objects(what)

    def uninstall_objects(self, what=DEPLOY):
        self.kubectl("delete", "-k", what, "--wait=false")
        for pod in self.replicas("smic-proxy"):
            pod.stop()
        for path, resource in [*self._resources(), ("/apis/coordination.k8s.io/v1", "leases")]:
            for each in self.api.items(f"{path}/{resource}"):
                if each["metadata"].get("namespace") == "smic-system":
                    self.api.delete(f"{path}/namespaces/smic-system/{resource}/{each['metadata']['name']}")
        self.api.put("/api/v1/namespaces/smic-system/finalize", {
            "apiVersion": "v1", "kind": "Namespace", "metadata": meta("smic-system"),
            "spec": {"finalizers": []}})
        for group in ("access", "specs", "split"):
            eventually(lambda: self.api.find(f"/apis/{group}.smi-spec.io") is None, f"{group} is gone", 60)

    def smic(self, *words):
        """A command of the user, who has a kubeconfig."""
        return run(SMIC, *words, "--kubeconfig", self.admin)

    def last_words(self, lines=25):
        """What our programs said at last, for who reads a failure."""
        told = []
        for name, (_, pods) in self.workloads.items():
            for pod in pods:
                if name.startswith("smic-") and pod.process is not None:
                    told += [f"--- {pod.name} on {pod.node.name}", *pod.text().splitlines()[-lines:]]
        return "\n".join(told)

    def __exit__(self, *error):
        for part_of_it in (self.caretaker, self.kubelet):
            if part_of_it is not None:
                part_of_it.stop()
        for app in self.apps:
            for process in app.processes:
                process.end(9)
        if self.api is not None:
            self.api.close()
        super().__exit__(*error)
        if self.network is not None:
            self.network.close()


class DualStackCluster(NodeCluster):
    """Pods have an IPv6 address too, and Services that ask for it."""
    service_ranges = "10.96.0.0/16,fd00:10:96::/112"
    dual = True
