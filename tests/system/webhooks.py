# SPDX-License-Identifier: Apache-2.0
"""A controller whose webhooks and aggregated API a test's API server reaches on loopback: where the
manifests say Service, it is told an address."""

import base64
import json

from cluster import STARTING, eventually, free_port
from mesh import BIN, Process

CONVERTED = ("trafficsplits.split", "httproutegroups.specs", "tcproutes.specs",
             "traffictargets.access")


class ServingController(Process):
    """Follows the cluster with its admin's rights; keys in a directory, nothing written but by
    choice."""

    def __init__(self, cluster, *more, writes=False):
        self.cluster = cluster
        self.port = free_port()
        self.keys = cluster.path / f"keys-{self.port}"
        super().__init__(BIN / "smic-controller", "--kubeconfig", cluster.admin,
                         *([] if writes else ["--read-only"]), "--listen", f"127.0.0.1:{self.port}", "--keys", self.keys, *more)
        self.says(" serving ", STARTING)

    def url(self, path):
        return f"https://127.0.0.1:{self.port}{path}"

    @property
    def authority(self):
        return next(path for path in self.keys.rglob("ca.crt"))

    @property
    def bundle(self):
        return base64.b64encode(self.authority.read_bytes()).decode()

    def convert_for_cluster(self):
        client = {"service": None, "url": self.url("/convert"), "caBundle": self.bundle}
        for name in CONVERTED:
            self.cluster.kubectl(
                "patch", "crd", f"{name}.smi-spec.io", "--type=merge", "-p",
                json.dumps({"spec": {"conversion": {"webhook": {"clientConfig": client}}}}))
        for name in CONVERTED:  # the API server takes it up a moment later
            plural, group = name.split(".")
            eventually(lambda: self.cluster.get(f"/apis/{group}.smi-spec.io/v1alpha1/{plural}"),
                       f"{plural} in v1alpha1", STARTING)
