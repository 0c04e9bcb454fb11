# SPDX-License-Identifier: Apache-2.0
"""What the controller-manager and kube-proxy would do for Services: EndpointSlices from pods, and
addresses that lead to them; and a `default` ServiceAccount for every namespace."""

import http.client
import threading
import time

from api import ApiError

INTERVAL = 0.2
MANAGER = "endpointslice-controller.k8s.io"


def ready(pod):
    conditions = (pod.get("status") or {}).get("conditions") or []
    return "deletionTimestamp" not in pod["metadata"] and any(
        each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def target_port(port, pod):
    """The number on this pod, as Kubernetes finds it; None if it has no such port."""
    wanted = port.get("targetPort", port["port"])
    if isinstance(wanted, int):
        return wanted
    for container in pod["spec"]["containers"]:
        for each in container.get("ports") or []:
            if each.get("name") == wanted and each.get("protocol", "TCP") == port.get("protocol", "TCP"):
                return each["containerPort"]
    return None


def slices_of(service, pods):
    for family in service["spec"].get("ipFamilies") or ["IPv4"]:
        yield from slices_of_family(service, pods, family)


def address_of(pod, family):
    return next((each["ip"] for each in (pod.get("status") or {}).get("podIPs") or []
                 if (":" in each["ip"]) == (family == "IPv6")), None)


def slices_of_family(service, pods, family):
    """One slice for each set of port numbers that pods have."""
    meta, spec = service["metadata"], service["spec"]
    groups = {}
    kind = "" if family == "IPv4" else "6-"
    for pod in pods:
        status = pod.get("status") or {}
        if (pod["metadata"]["namespace"] != meta["namespace"] or not address_of(pod, family) or
                status.get("phase") != "Running" or
                not spec["selector"].items() <= (pod["metadata"].get("labels") or {}).items()):
            continue
        numbers = tuple(target_port(port, pod) for port in spec.get("ports") or [])
        groups.setdefault(numbers, []).append(pod)
    for index, (numbers, members) in enumerate(sorted(groups.items(), key=str)):
        yield {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family,
            "metadata": {"name": f"{meta['name']}-{kind}{index}", "namespace": meta["namespace"], "labels": {
                "kubernetes.io/service-name": meta["name"],
                "endpointslice.kubernetes.io/managed-by": MANAGER}},
            "ports": [{"name": port.get("name", ""), "port": number,
                       "protocol": port.get("protocol", "TCP")}
                      for port, number in zip(spec.get("ports") or [], numbers) if number],
            "endpoints": [{
                "addresses": [address_of(pod, family)], "nodeName": pod["spec"]["nodeName"],
                "conditions": {"ready": ready(pod), "serving": ready(pod),
                               "terminating": "deletionTimestamp" in pod["metadata"]},
                "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"],
                              "namespace": meta["namespace"], "uid": pod["metadata"]["uid"]}}
                for pod in sorted(members, key=lambda pod: pod["metadata"]["name"])]}


class Caretaker:
    """A thread that looks again and again; an API that is away is no reason to end."""

    def __init__(self, api, addresses):
        self.api, self.addresses = api, addresses
        self.going = True
        self.rounds = 0
        self.failure = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self):
        self.going = False
        self.thread.join(30)

    def settled(self):
        """Two whole rounds from now: what was there before is taken care of."""
        wanted, end = self.rounds + 2, time.monotonic() + 30
        while self.rounds < wanted:
            if time.monotonic() > end or self.failure:
                raise AssertionError(f"the caretaker does not get on: {self.failure!r}")
            time.sleep(0.01)

    def _run(self):
        while self.going:
            try:
                self._round()
                self.failure = None
                self.rounds += 1
            except (OSError, http.client.HTTPException, ApiError) as failure:
                self.failure = failure
            time.sleep(INTERVAL)

    def _round(self):
        services = self.api.items("/api/v1/services")
        pods = self.api.items("/api/v1/pods")
        path = "/apis/discovery.k8s.io/v1/endpointslices"
        slices = self.api.items(path)
        ours = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in slices
                if (each["metadata"].get("labels") or {}).get(
                    "endpointslice.kubernetes.io/managed-by") == MANAGER}
        changed = False
        for service in services:
            for wanted in slices_of(service, pods) if service["spec"].get("selector") else ():
                where = wanted["metadata"]["namespace"], wanted["metadata"]["name"]
                there = ours.pop(where, None)
                if there and all(there.get(part) == wanted[part] for part in ("ports", "endpoints")):
                    continue
                changed = True
                self.api.apply(f"/apis/discovery.k8s.io/v1/namespaces/{where[0]}/endpointslices/{where[1]}",
                               wanted, MANAGER)
        for ns, name in ours:
            changed = True
            self.api.delete(f"/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices/{name}")
        self.addresses.sync(services, self.api.items(path) if changed else slices)
        self._accounts()

    def _accounts(self):
        have = {each["metadata"]["namespace"] for each in self.api.items("/api/v1/serviceaccounts")
                if each["metadata"]["name"] == "default"}
        for namespace in self.api.items("/api/v1/namespaces"):
            name = namespace["metadata"]["name"]
            if name not in have and namespace["status"]["phase"] == "Active":
                self.api.post(f"/api/v1/namespaces/{name}/serviceaccounts", {
                    "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
