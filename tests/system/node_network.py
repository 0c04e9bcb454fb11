# SPDX-License-Identifier: Apache-2.0
"""Nodes and pods as network namespaces: addresses, routes and Service addresses as in a cluster.

    fabric   the namespace that the test itself was started in: 10.100.0.1, where the control plane is
    node N   10.100.0.1N on the fabric, a bridge 10.244.N.1 for its pods, routes to the pods of others
    pod      10.244.N.x on its node's bridge, with a resolv.conf of its own

With two families the same by IPv6: fd00:10:100::1N, fd00:10:244:N::1 and fd00:10:244:N::x, but no
Service addresses: what the mesh is asked for goes to its own addresses, and from there to pods.

No namespace has a name or a mount: a process holds each and dies with the test, and the kernel
clears away the rest. ServiceAddresses does what kube-proxy does, by nftables, in every node."""

import atexit
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from cluster import Process, run

FABRIC, FABRIC_ADDRESS = "10.100.0", "10.100.0.1"
POD_NET = "10.244"
FABRIC6, POD_NET6 = "fd00:10:100::", "fd00:10:244"
DYING_WITH_US = ("setpriv", "--pdeathsig", "KILL")


class Namespace:
    """A network namespace, and a mount namespace for its resolv.conf."""

    def __init__(self, name, resolver=None, domains=()):
        self.name = name
        self.files = tempfile.TemporaryDirectory(prefix=f"smic-{name}-")
        atexit.register(self.files.cleanup)
        self.resolv_conf = pathlib.Path(self.files.name) / "resolv.conf"
        self.resolve_by(resolver, domains)
        self.holder = subprocess.Popen(
            [*DYING_WITH_US, "unshare", "--net", "--mount", "sh", "-c",
             f"mount --bind {self.resolv_conf} $(readlink -f /etc/resolv.conf) && "
             "ip link set lo up && echo up && exec sleep infinity"],
            stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "up\n":
            raise AssertionError(f"no namespace for {name}")
        self.pid = self.holder.pid

    def resolve_by(self, resolver, domains):
        """As kubelet writes it. Written in place: the file is bound where programs look for it."""
        lines = [f"nameserver {resolver}", f"search {' '.join(domains)}", "options ndots:5 timeout:5"]
        self.resolv_conf.write_text("\n".join(lines) + "\n" if resolver else "")

    def inside(self, *words):
        """The words that run these words in here."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", f"--mount=/proc/{self.pid}/ns/mnt",
                *DYING_WITH_US, *map(str, words)]

    def run(self, *words, **options):
        return run(*self.inside(*words), **options)

    def start(self, *words):
        return Process(*self.inside(*words))

    def rules(self, text):
        """Replaces the nftables rules of this namespace."""
        run("nsenter", f"--net=/proc/{self.pid}/ns/net", "nft", "-f", "-", stdin=text)

    def close(self):
        if self.holder.poll() is None:
            self.holder.send_signal(signal.SIGKILL)
        self.holder.wait()
        self.holder.stdout.close()


def connect(one, its_name, two, other_name):
    """A cable between two namespaces, given by pid."""
    run("ip", "link", "add", its_name, "netns", str(one), "type", "veth", "peer", "name", other_name,
        "netns", str(two))


class Node(Namespace):
    def __init__(self, number, resolver, domains, dual=False):
        super().__init__(f"node{number}", resolver, domains)
        self.number, self.address, self.dual = number, f"{FABRIC}.{10 + number}", dual
        self.pod_net = f"{POD_NET}.{number}"
        self.address6, self.pod_net6 = f"{FABRIC6}{10 + number}", f"{POD_NET6}:{number}::"
        self.pods = {}
        self.next_pod = 10
        connect(os.getpid(), f"n{number}", self.pid, "eth0")
        run("ip", "link", "set", f"n{number}", "up", "master", "fabric")
        ip = lambda *words: self.run("ip", *words)  # noqa: E731
        ip("address", "add", f"{self.address}/24", "dev", "eth0")
        ip("link", "set", "eth0", "up")
        ip("link", "add", "cni0", "type", "bridge")
        ip("address", "add", f"{self.pod_net}.1/24", "dev", "cni0")
        ip("link", "set", "cni0", "up")
        ip("route", "add", "default", "via", FABRIC_ADDRESS)
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        if dual:  # `nodad`: nobody here takes another's address, so nobody waits to see that
            ip("address", "add", f"{self.address6}/64", "dev", "eth0", "nodad")
            ip("address", "add", f"{self.pod_net6}1/64", "dev", "cni0", "nodad")
            self.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")

    def reaches(self, other):
        self.run("ip", "route", "add", f"{other.pod_net}.0/24", "via", other.address)
        if self.dual:
            self.run("ip", "route", "add", f"{other.pod_net6}/64", "via", other.address6)

    def add_pod(self, name, resolver, domains, last=None):
        """A namespace with an address of this node's pod network."""
        pod = Namespace(name, resolver, domains)
        if last is None:
            last, self.next_pod = self.next_pod, self.next_pod + 1
        pod.node, pod.address = self, f"{self.pod_net}.{last}"
        pod.addresses = [pod.address]
        connect(self.pid, f"p{last}", pod.pid, "eth0")
        self.run("ip", "link", "set", f"p{last}", "up", "master", "cni0")
        # A pod may reach itself by a Service's address.
        self.run("ip", "link", "set", f"p{last}", "type", "bridge_slave", "hairpin", "on")
        pod.run("ip", "address", "add", f"{pod.address}/24", "dev", "eth0")
        pod.run("ip", "link", "set", "eth0", "up")
        pod.run("ip", "route", "add", "default", "via", f"{self.pod_net}.1")
        if self.dual:
            pod.addresses.append(f"{self.pod_net6}{last}")
            pod.run("ip", "address", "add", f"{pod.addresses[1]}/64", "dev", "eth0", "nodad")
            pod.run("ip", "route", "add", "default", "via", f"{self.pod_net6}1")
        self.pods[name] = pod
        return pod

    def remove_pod(self, pod):
        self.pods.pop(pod.name)
        pod.close()

    def partition(self, apart):
        """Cuts this node's cable to everybody else, or mends it."""
        run("ip", "link", "set", f"n{self.number}", "down" if apart else "up")


class Network:
    """The fabric and its nodes."""

    def __init__(self, nodes, resolver, domains=(), dual=False):
        self.dual = dual
        if shutil.which("nft") is None:
            raise AssertionError("system tests need nftables: run './dev setup'")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "fabric", "type", "bridge")
        run("ip", "address", "add", f"{FABRIC_ADDRESS}/24", "dev", "fabric")
        run("ip", "link", "set", "fabric", "up")
        run("ip", "route", "add", "10.96.0.0/16", "dev", "fabric")  # for nftables to see it
        run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.nodes = []
        for number in range(1, nodes + 1):
            self.add_node(number, resolver, domains)

    def add_node(self, number, resolver, domains):
        node = Node(number, resolver, domains, self.dual)
        run("ip", "route", "add", f"{node.pod_net}.0/24", "via", node.address)
        for other in self.nodes:
            node.reaches(other)
            other.reaches(node)
        self.nodes.append(node)
        return node

    def close(self):
        for node in self.nodes:
            for pod in list(node.pods.values()):
                node.remove_pod(pod)
            node.close()


class ServiceAddresses:
    """What kube-proxy does: ClusterIPs lead to ready endpoints, at random, in every node and the fabric;
    where `internalTrafficPolicy` is Local to those of the node itself, and nowhere if it has none."""

    def __init__(self, network):
        self.network = network
        self.written = {}

    def sync(self, services, slices):
        """Both are lists of API objects. Slices of IPv6 are not for these rules."""
        slices = [each for each in slices if each.get("addressType") != "IPv6"]
        for place in [*self.network.nodes, None]:  # None: the fabric
            text = self.ruleset(services, slices, place and place.name)
            if text == self.written.get(place):
                continue
            if place is None:
                run("nft", "-f", "-", stdin=text)
            else:
                place.rules(text)
            self.written[place] = text

    @staticmethod
    def ruleset(services, slices, node):
        chains, jumps, refusals = [], [], []
        for service in services:
            for to, jump, chain in ServiceAddresses._ports(service, slices, node):
                if chain is None:
                    refusals.append(f"{to} {jump}")
                else:
                    jumps.append(f"{to} jump {jump}")
                    chains.append(chain)
        # A pod that reaches itself by a Service's address must see another source (hairpin).
        table = ["add table ip services", "delete table ip services", "table ip services {",
                 *chains, " chain to {", *jumps, " }", " chain refuse {", *refusals, " }",
                 *(f" chain refuse_{hook} {{\n type filter hook {hook} priority 0; jump refuse\n }}"
                   for hook in ("forward", "output", "input")),
                 " chain pre {\n type nat hook prerouting priority -100; jump to\n }",
                 " chain out {\n type nat hook output priority -100; jump to\n }",
                 " chain post {\n type nat hook postrouting priority 100",
                 "  ct status dnat ip daddr . ip saddr @hairpin masquerade\n }", "}"]
        hairpins = sorted({address for each in slices for endpoint in each.get("endpoints") or []
                           for address in endpoint["addresses"]})
        elements = ", ".join(f"{address} . {address}" for address in hairpins)
        body = f"elements = {{ {elements} }}" if elements else ""
        table.insert(3, f" set hairpin {{\n  type ipv4_addr . ipv4_addr\n  {body}\n }}")
        return "\n".join(table) + "\n"

    @staticmethod
    def _ports(service, slices, node):
        meta, spec = service["metadata"], service["spec"]
        address = spec.get("clusterIP")
        if not address or address == "None" or ":" in address:
            return
        mine = [each for each in slices if each["metadata"]["namespace"] == meta["namespace"] and
                each["metadata"]["labels"].get("kubernetes.io/service-name") == meta["name"]]
        for port in spec.get("ports") or []:
            protocol = port.get("protocol", "TCP").lower()
            everywhere = [(endpoint.get("nodeName"), address, exposed["port"])
                          for each in mine for exposed in each["ports"]
                          if (exposed.get("name") or "") == (port.get("name") or "")
                          for endpoint in each.get("endpoints") or []
                          if (endpoint.get("conditions") or {}).get("ready", True)
                          for address in endpoint["addresses"]]
            local = spec.get("internalTrafficPolicy") == "Local"
            backends = [(address, number) for where, address, number in everywhere
                        if not local or where == node]
            name = f"s_{address.replace('.', '_')}_{protocol}_{port['port']}"
            to = f"  ip daddr {address} {protocol} dport {port['port']}"
            if not backends:
                yield to, "drop" if everywhere else "reject", None
                continue
            choices = ", ".join(f"{i} : {host} . {number}"
                                for i, (host, number) in enumerate(sorted(backends)))
            yield to, name, (f" chain {name} {{\n  ip protocol {protocol} dnat ip addr . port to numgen "
                             f"random mod {len(backends)} map {{ {choices} }}\n }}")

