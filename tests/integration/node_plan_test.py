#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The node address plan with the real programs: cluster IPs to mesh addresses, a pod in a network
namespace of its own, proxies that come, go and crash. Runs under `unshare --net`: that is the node."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from mesh import BIN, Mesh, Process, document, eventually

CONTROLLER, PROXY = str(BIN / "smic-controller"), str(BIN / "smic-proxy")
ADDRESS = "240.96.1.7"

# Asks again and again until its standard input ends; then tells how it went.
CALLS = f"""
import http.client, json, select, sys, time
good, bad = 0, []
while not select.select([sys.stdin], [], [], 0.001)[0]:
    try:
        connection = http.client.HTTPConnection("{ADDRESS}", 80, timeout=10)
        connection.request("GET", "/")
        answer = connection.getresponse()
        if (answer.status, json.loads(answer.read())["name"]) != (200, "v1"):
            raise OSError(answer.status)
        good += 1
        if good % 50 == 0:
            print(good, flush=True)
    except (OSError, ValueError, http.client.HTTPException) as error:
        bad.append(repr(error))
        print(bad[-1], flush=True)
    finally:
        connection.close()
print(json.dumps([good, bad]), flush=True)
"""


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout


def setUpModule():
    of = lambda process: os.readlink(f"/proc/{process}/ns/net")  # noqa: E731
    if of("self") == of(os.getppid()):
        raise AssertionError("run this test by ctest, or under `unshare --net`")
    run("ip", "link", "set", "lo", "up")


def routes():
    return [line for family in ("-4", "-6")
            for line in run("ip", family, "route", "show", "table", "local", "proto", "115").splitlines()]


class Pod:
    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo up; exec sleep infinity"],
                                       stdout=subprocess.PIPE, text=True)
        self.holder.stdout.readline()
        pid = str(self.holder.pid)
        run("ip", "link", "add", "pod1", "type", "veth", "peer", "name", "eth0", "netns", pid)
        run("ip", "address", "add", "10.244.1.1/24", "dev", "pod1")
        run("ip", "link", "set", "pod1", "up")
        for words in ("link set lo up", "address add 10.244.1.9/24 dev eth0", "link set eth0 up",
                      "route add default via 10.244.1.1"):
            run(*self.inside("ip", *words.split()))

    def inside(self, *words):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *words]

    def get(self, address=ADDRESS, port=80):
        """Who answers, or the reason that nobody does: curl's exit code."""
        done = subprocess.run(self.inside("curl", "-sS", "-m", "10", f"http://{address}:{port}/"),
                              capture_output=True, text=True)
        return json.loads(done.stdout)["name"] if done.returncode == 0 else done.returncode

    def end(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


REFUSED = 7  # curl's word for it


class NodePlan(unittest.TestCase):
    def setUp(self):
        self.mesh = self.enterContext(Mesh()).reviews([("reviews-v1", 1)])
        self.mesh.echo("v1", 21)
        ns, port = self.mesh.ns, self.mesh.port
        for name, ip in (("reviews", "10.96.1.7"), ("reviews-v1", "172.96.1.7")):
            self.mesh.write(f"{name}.yaml", document(
                "v1", "Service", name, ns, spec={
                    "selector": {"app": name}, "clusterIP": ip, "clusterIPs": [ip],
                    "ports": [{"name": "http", "port": 80, "targetPort": port}]}))
        services = json.loads("[" + (self.mesh.path / "services.yaml").read_text().replace("\n---\n", ",") + "]")
        self.mesh.write("services.yaml", *[each for each in services if each["metadata"]["name"]
                                           not in ("reviews", "reviews-v1")])
        self.out = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="smic-out-")))
        self.controller = Process(CONTROLLER, "--resources", self.mesh.path, "--out", self.out,
                                  "--address-plan=node", "--access=permissive")
        self.addCleanup(self.controller.end)
        self.controller.says("ready")
        self.pod = Pod()
        self.addCleanup(self.pod.end)

    def proxy(self):
        proxy = Process(PROXY, "--manifest", self.out / "manifest.json", "--drop-capabilities",
                        "--admin", "127.0.0.1:0")
        self.addCleanup(proxy.end)
        proxy.says("mesh range proven")
        proxy.says("enforcing")
        return proxy

    def test_the_manifest_has_addresses_that_read_as_the_cluster_ips(self):
        manifest = json.loads((self.out / "manifest.json").read_text())
        self.assertEqual(manifest["mesh_ranges"], ["240.0.0.0/7"])
        addresses = {unit["service"].split("/")[1]: unit["listen_addresses"] for unit in manifest["units"]}
        self.assertEqual(addresses["reviews"], [ADDRESS])
        self.assertRegex(addresses["reviews-v1"][0], r"^241\.")  # 172.96.1.7 leads where 10.96.1.7 does
        self.controller.says("its mesh address does not follow from its cluster IP 172.96.1.7")
        self.assertRegex(addresses["reviews-v2"][0], r"^241\.")  # has no cluster IP
        self.assertIn("241.in-addr.arpa", manifest["names"]["reverse_zones"])

    def test_proxies_come_go_and_crash(self):
        proxy = self.proxy()
        self.assertEqual(self.pod.get(), "v1")
        self.assertEqual(self.pod.get(port=81), REFUSED)
        self.assertEqual(len(routes()), 1)
        # A proxy that crashes leaves its routes, and calls are refused at once.
        proxy.end(signal.SIGKILL)
        self.assertEqual(len(routes()), 1)
        self.assertEqual(self.pod.get(), REFUSED)
        proxy = self.proxy()
        self.assertEqual(self.pod.get(), "v1")
        self.assertEqual(len(routes()), 1)
        self.assertEqual(proxy.end(), 0)
        self.assertEqual(routes(), [])

    def test_one_thread_keeps_capabilities(self):
        proxy = self.proxy()
        threads = list(pathlib.Path(f"/proc/{proxy.process.pid}/task").iterdir())
        held = [next(line.split()[1] for line in (each / "status").read_text().splitlines()
                     if line.startswith("CapPrm")) for each in threads]
        self.assertGreater(len(held), 3)
        self.assertEqual(len([each for each in held if int(each, 16) != 0]), 1, held)
        # A unit that comes later is steered all the same.
        self.assertEqual(self.pod.get(port=8080), REFUSED)
        manifest = json.loads((self.out / "manifest.json").read_text())
        more = json.loads(json.dumps(next(unit for unit in manifest["units"]
                                          if unit["listen_addresses"] == [ADDRESS])))
        more["port"] = more["listen_port"] = 8080
        manifest["units"].append(more)
        manifest["version"] += 1
        beside = self.out / "manifest.part"
        beside.write_text(json.dumps(manifest))
        beside.rename(self.out / "manifest.json")
        eventually(lambda: self.pod.get(port=8080) == "v1", "the new port is served")

    def test_handovers_lose_nothing(self):
        proxy = self.proxy()
        calls = subprocess.Popen(self.pod.inside(sys.executable, "-c", CALLS), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        for _ in range(3):
            calls.stdout.readline()  # fifty more
            successor = self.proxy()
            self.assertEqual(proxy.end(), 0)
            proxy = successor
        calls.stdout.readline()
        good, bad = json.loads(calls.communicate("", timeout=30)[0].splitlines()[-1])
        self.assertEqual(bad, [])
        self.assertGreaterEqual(good, 200)
        self.assertEqual(len(routes()), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
