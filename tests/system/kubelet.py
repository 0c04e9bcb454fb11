# SPDX-License-Identifier: Apache-2.0
"""What kubelet does for a pod, for the parts of its specification that deploy/ uses: an address,
volumes, environment, a process with the rights of its securityContext, probes, status, restarts, and
an end with grace. What it does not know it refuses, so that a manifest cannot ask for it unseen."""

import base64
import http.client
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from api import ApiError
from cluster import Process, eventually
from container import container

PROBING = 0.3
TOKEN_PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"
KNOWN = {"serviceAccountName", "serviceAccount", "automountServiceAccountToken", "priorityClassName",
         "priority", "preemptionPolicy", "hostNetwork", "dnsPolicy", "terminationGracePeriodSeconds",
         "tolerations", "securityContext", "containers", "volumes", "affinity", "restartPolicy",
         "schedulerName", "enableServiceLinks", "nodeName", "topologySpreadConstraints"}


class Pod:
    """One pod with one container, from its start to its end."""

    def __init__(self, kubelet, document, node):
        self.kubelet, self.node, self.api = kubelet, node, kubelet.api
        self.spec = document["spec"]
        unknown = set(self.spec) - KNOWN
        if unknown:
            raise AssertionError(f"a pod here cannot have {unknown}")
        self.ns, self.name = document["metadata"]["namespace"], document["metadata"]["name"]
        self.path = f"/api/v1/namespaces/{self.ns}/pods/{self.name}"
        document["spec"]["nodeName"] = node.name
        made = self.api.post(f"/api/v1/namespaces/{self.ns}/pods", document)
        self.uid = made["metadata"]["uid"]
        self.container = self.spec["containers"][0]
        self.folder = tempfile.TemporaryDirectory(prefix=f"smic-pod-{self.name}-")
        self.place = pathlib.Path(self.folder.name)
        self.place.chmod(0o755)
        domains = (f"{self.ns}.svc.cluster.local", "svc.cluster.local", "cluster.local")
        self.net = node if self.spec.get("hostNetwork") else node.add_pod(self.name, kubelet.resolver, domains)
        self.address = self.net.address
        self.is_ready, self.restarts, self.ended, self.frozen = False, 0, False, False
        self.process, self.told, self.rounds = None, [], 0
        self.tell(False)

    # ---- what the process finds -----------------------------------------------------------------

    def prepare(self):
        self.mounts = [{"from": self.write("hosts", "127.0.0.1 localhost\n"), "to": "/etc/hosts"},
                       {"from": str(self.resolv_conf()), "to": "/etc/resolv.conf"}]
        self.refresh()
        for mounted in self.container.get("volumeMounts") or []:
            volume = next(each for each in self.spec["volumes"] if each["name"] == mounted["name"])
            self.mounts.append({"from": str(self.volume(volume)), "to": mounted["mountPath"],
                                "read_only": mounted.get("readOnly", False)})
        if self.has_api_token():
            self.mounts.append({"from": str(self.place / "api-access"), "to": TOKEN_PLACE,
                                "read_only": True})

    def resolv_conf(self):
        if self.spec.get("dnsPolicy") == "Default":
            return self.node.resolv_conf
        if self.net is not self.node or self.spec.get("dnsPolicy") != "ClusterFirstWithHostNet":
            return self.net.resolv_conf
        domains = f"{self.ns}.svc.cluster.local svc.cluster.local cluster.local"
        return self.write("resolv.conf",
                          f"nameserver {self.kubelet.resolver}\nsearch {domains}\noptions ndots:5\n")

    def write(self, name, content):
        """Beside, then over: whoever reads sees the old one or the new one."""
        file = self.place / name
        file.parent.mkdir(exist_ok=True)
        content = content if isinstance(content, bytes) else content.encode()
        if file.exists() and file.read_bytes() == content:
            return str(file)
        beside = file.with_suffix(".part")
        beside.write_bytes(content)
        beside.chmod(0o644)
        beside.rename(file)
        return str(file)

    def volume(self, volume):
        at = self.place / volume["name"]
        if "hostPath" in volume:
            at = self.kubelet.host_path(self.node, volume["hostPath"]["path"])
        at.mkdir(exist_ok=True, parents=True)
        if "emptyDir" in volume:
            at.chmod(0o777)
        return at

    def has_api_token(self):
        return self.spec.get("automountServiceAccountToken", True)

    def refresh(self):
        """Tokens and ConfigMaps as they are now; kubelet does so from time to time."""
        if self.has_api_token():
            self.write("api-access/token", self.token())
            self.write("api-access/ca.crt", self.kubelet.authority)
            self.write("api-access/namespace", self.ns)
        self.refresh_files()
        for volume in self.spec.get("volumes") or []:
            if "configMap" in volume:
                continue
            if "projected" in volume:
                for source in volume["projected"]["sources"]:
                    wanted = source["serviceAccountToken"]
                    self.write(f"{volume['name']}/{wanted['path']}", self.token(wanted.get("audience")))
            elif not set(volume) & {"emptyDir", "hostPath"}:
                raise AssertionError(f"a volume here cannot be {volume}")

    def refresh_files(self):
        """Of ConfigMaps, where they changed."""
        for volume in self.spec.get("volumes") or []:
            if "configMap" in volume:
                found = self.api.get(f"/api/v1/namespaces/{self.ns}/configmaps/{volume['configMap']['name']}")
                for name, text in (found.get("data") or {}).items():
                    self.write(f"{volume['name']}/{name}", text)
                for name, text in (found.get("binaryData") or {}).items():
                    self.write(f"{volume['name']}/{name}", base64.b64decode(text))

    def token(self, audience=None):
        who = self.spec.get("serviceAccountName", "default")
        return self.api.post(f"/api/v1/namespaces/{self.ns}/serviceaccounts/{who}/token", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {
                "audiences": [audience] if audience else None, "expirationSeconds": 3600,
                "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": self.name,
                                   "uid": self.uid}}})["status"]["token"]

    def environment(self):
        values = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
        fields = {"metadata.name": self.name, "metadata.namespace": self.ns, "metadata.uid": self.uid,
                  "spec.nodeName": self.node.name, "status.podIP": self.address, "status.podIPs": self.address,
                  "status.hostIP": self.node.address}
        for each in self.container.get("env") or []:
            source = each.get("valueFrom")
            values[each["name"]] = fields[source["fieldRef"]["fieldPath"]] if source else each["value"]
        return values

    def expand(self, word, values):
        return re.sub(r"\$\((\w+)\)", lambda found: values.get(found[1], found[0]), word)

    # ---- the process ----------------------------------------------------------------------------

    def start(self):
        program = self.container["image"].partition(":")[0]
        root = self.place / f"root{self.restarts}"
        self.kubelet.images.copy(program, root)
        values = self.environment()
        security = {**(self.spec.get("securityContext") or {}), **self.container["securityContext"]}
        command = [f"/usr/bin/{program}", *(self.expand(word, values) for word in self.container["args"])]
        words = container(self.place, root, command, mounts=self.mounts, environment=values,
                          security=security,
                          hostname=self.node.name if self.net is self.node else self.name)
        self.process = Process("nsenter", f"--net=/proc/{self.net.pid}/ns/net", *words)

    def probe(self, name):
        """Whether it passes; one that is not there does."""
        wanted = self.container.get(name)
        if wanted is None:
            return True
        pid = self.process.process.pid
        if "exec" in wanted:
            words = ["nsenter", "-t", str(pid), "--net", "--mount", "--root", "--wd=/",
                     *wanted["exec"]["command"]]
        else:
            get = wanted["httpGet"]
            port = get["port"]
            if isinstance(port, str):
                port = next(each["containerPort"] for each in self.container["ports"]
                            if each["name"] == port)
            scheme = get.get("scheme", "HTTP").lower()
            words = self.node.inside("curl", "-fsSk", "-m", "5", f"{scheme}://{self.address}:{port}{get['path']}")
        return subprocess.run(words, capture_output=True, timeout=30).returncode == 0

    def tend(self):
        """One look of kubelet's: is it alive, is it ready?"""
        if self.ended or self.frozen:
            return
        if self.process.process.poll() is not None:
            self.process.end()
            self.told.append(self.process.text())
            self.tell(False)
            self.restarts += 1
            self.start()
        self.rounds += 1
        if self.rounds % 3 == 0:
            self.refresh_files()
        if self.is_ready and self.rounds % 4 != 0:
            return
        is_ready = self.probe("readinessProbe")
        if is_ready != self.is_ready:
            self.tell(is_ready)

    def tell(self, is_ready):
        self.is_ready = is_ready
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        state = "True" if is_ready else "False"
        self.api.request("PATCH", f"{self.path}/status", {"status": {
            "phase": "Running", "hostIP": self.node.address, "podIP": self.address,
            "podIPs": [{"ip": self.address}], "startTime": now,
            "conditions": [{"type": kind, "status": state, "lastTransitionTime": now}
                           for kind in ("Ready", "ContainersReady")]}}, "application/merge-patch+json")

    def ready(self, patience=60):
        eventually(lambda: self.is_ready, f"{self.name} is ready", patience) if not self.is_ready else None
        return self

    def text(self):
        """All that it said, earlier lives included."""
        return "\n".join([*self.told, self.process.text()])

    def kill(self, number=signal.SIGKILL):
        """As an accident would; kubelet starts it again."""
        self.process.process.send_signal(number)

    def stop(self):
        """As `kubectl delete pod` does, with its grace. Gives the exit code."""
        self.ended = True
        grace = self.spec.get("terminationGracePeriodSeconds", 30)
        self.api.delete(self.path, grace)
        code = self.process.end(patience=grace)
        self.api.delete(self.path, 0)
        self.forget()
        return code

    def forget(self):
        self.ended = True
        if self.process and self.process.process.poll() is None:
            self.process.end(9)
        if self.net is not self.node:
            self.node.remove_pod(self.net)
        self.kubelet.pods.remove(self)
        self.folder.cleanup()


class Kubelet:
    """Of all nodes."""

    def __init__(self, api, network, images, resolver, authority):
        self.api, self.network, self.images = api, network, images
        self.resolver, self.authority = resolver, authority
        self.pods = []
        self.hosts = tempfile.TemporaryDirectory(prefix="smic-hosts-")
        self.going = True
        self.thread = threading.Thread(target=self._tend, daemon=True)
        self.thread.start()

    def host_path(self, node, path):
        """A directory of the node's own file system."""
        return pathlib.Path(self.hosts.name) / node.name / path.lstrip("/")

    def run(self, document, node):
        """A pod of this document, started."""
        pod = Pod(self, document, node)
        self.pods.append(pod)
        self._prepared(pod)
        pod.start()
        return pod

    def _prepared(self, pod):
        def prepared():
            try:
                pod.prepare()
                return True
            except ApiError as error:  # a ConfigMap that is not there yet
                if error.status != 404:
                    raise
                return False
        eventually(prepared, f"what {pod.name} mounts is there", 60)

    def _tend(self):
        while self.going:
            for pod in list(self.pods):
                try:
                    if pod.process is not None:
                        pod.tend()
                except (OSError, http.client.HTTPException, ApiError, subprocess.TimeoutExpired):
                    pass  # the API is away, or the pod is
            time.sleep(PROBING)

    def stop(self):
        self.going = False
        self.thread.join(30)
        for pod in list(self.pods):
            pod.forget()
        self.hosts.cleanup()
