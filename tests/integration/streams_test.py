#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TCP and UDP through `smic up`: explain and the proxy agree, edits under load, what idling costs."""

import json
import os
import pathlib
import socket
import threading
import unittest

from mesh import PATIENCE, Mesh, account, document, eventually, pod, slice_of, smic, target


def service(ns, name, port, protocol, target_port):
    return document("v1", "Service", name, ns, spec={"selector": {"app": name}, "ports": [
        {"name": f"{protocol}-x", "port": port, "targetPort": target_port,
         "protocol": "UDP" if protocol == "udp" else "TCP"}]})


def endpoints(ns, name, port, protocol, pods):
    made = slice_of(ns, name, port, pods)
    made["ports"] = [{"name": f"{protocol}-x", "port": port,
                      "protocol": "UDP" if protocol == "udp" else "TCP"}]
    return made


def route(ns, kind, name, *ports):
    return document("specs.smi-spec.io/v1alpha4", kind, name, ns,
                    spec={"matches": {"ports": list(ports)}})


class Streams(unittest.TestCase):
    def mesh(self, *options):
        """`bytes` by TCP and `datagrams` by UDP, both for web alone, who is .11; batch is .12."""
        mesh = self.enterContext(Mesh(*options))
        ns, port = mesh.ns, mesh.port
        mesh.write("services.yaml", service(ns, "bytes", 7000, "tcp", port),
                   service(ns, "datagrams", 7000, "udp", port),
                   *(account(ns, who) for who in ("web", "batch", "app")))
        mesh.write("pods.yaml", pod(ns, "web", "web", mesh.ip(11)), pod(ns, "batch", "batch", mesh.ip(12)),
                   pod(ns, "app", "app", mesh.ip(21)),
                   endpoints(ns, "bytes", port, "tcp", [("app", mesh.ip(21))]),
                   endpoints(ns, "datagrams", port, "udp", [("app", mesh.ip(21))]))
        self.allow(mesh, "web")
        mesh.echo("app", 21, "--protocol=tcp")
        mesh.echo("app", 21, "--protocol=udp")
        return mesh.start()

    def allow(self, mesh, *who):
        mesh.write("access.yaml", route(mesh.ns, "TCPRoute", "t", mesh.port),
                   route(mesh.ns, "UDPRoute", "u", mesh.port),
                   target(mesh.ns, "allowed", "app", who, ("TCPRoute", "t"), ("UDPRoute", "u")))

    def connect(self, mesh, last=11):
        stream = socket.create_connection(mesh.address("bytes", 7000), PATIENCE, (mesh.ip(last), 0))
        self.addCleanup(stream.close)
        return stream

    def client(self, mesh, last=11):
        udp = socket.socket(type=socket.SOCK_DGRAM)
        self.addCleanup(udp.close)
        udp.settimeout(PATIENCE)
        udp.bind((mesh.ip(last), 0))
        udp.connect(mesh.address("datagrams", 7000))
        return udp

    def test_explain_and_the_proxy_agree(self):
        mesh = self.mesh()
        for who, last, outcome in (("web", 11, "forward"), ("batch", 12, "deny")):
            for name in ("bytes", "datagrams"):
                done = smic("explain", mesh.path, "--from", f"{mesh.ns}/{who}", "--to",
                            f"{name}.{mesh.ns}:7000", "--format=json")
                told = json.loads(done.stdout)
                self.assertEqual(told["outcome"], outcome, (who, name))
                self.assertEqual(told["because"][0]["resource"] if told["because"] else None,
                                 f"TrafficTarget {mesh.ns}/allowed" if outcome == "forward" else None)
                self.assertIsNone(told["request"]["path"])
            self.assertEqual(self.connect(mesh, last).recv(4), b"app\n" if who == "web" else b"")
        udp = self.client(mesh)
        udp.send(b"x")
        self.assertEqual(udp.recv(100), b"app: x")

    def test_edits_under_load_lose_no_byte_and_no_datagram(self):
        mesh = self.mesh()
        going, seen, failures = True, [0], []

        def talk(last):
            stream, udp = self.connect(mesh, last), self.client(mesh, last)
            stream.recv(4)
            while going and not failures:
                text = f"{last} {seen[0]}".encode()
                stream.sendall(text)
                udp.send(text)
                got = b""
                while len(got) < len(text):
                    got += stream.recv(100) or self.fail("the stream ended")
                if (got, udp.recv(100)) != (text, b"app: " + text):
                    failures.append((text, got))
                seen[0] += 1
        talkers = [threading.Thread(target=talk, args=(11,)) for _ in range(4)]
        for talker in talkers:
            talker.start()
        for edit in range(10):
            self.allow(mesh, *(("web", "batch") if edit % 2 == 0 else ("web",)))
            mesh.up.says(f"version {edit + 2}:")
            goal = seen[0] + 20
            eventually(lambda goal=goal: seen[0] >= goal or failures, "traffic flows")
        going = False
        for talker in talkers:
            talker.join(PATIENCE)
        self.assertEqual(failures, [])

    def test_an_address_taken_by_others_holds_up_no_edit_and_is_had_when_it_is_free(self):
        mesh = self.mesh()
        with socket.socket(type=socket.SOCK_DGRAM) as other:
            other.bind((mesh.address("datagrams", 7000)[0], 7001))
            ns, port = mesh.ns, mesh.port
            mesh.write("more.yaml", document("v1", "Service", "datagrams", ns, spec={
                "selector": {"app": "datagrams"}, "ports": [
                    {"name": "udp-x", "port": number, "targetPort": port, "protocol": "UDP"}
                    for number in (7000, 7001)]}))
            (mesh.path / "services.yaml").write_text("\n---\n".join(json.dumps(each) for each in (
                service(ns, "bytes", 7000, "tcp", port),
                *(account(ns, who) for who in ("web", "batch", "app")))))
            self.allow(mesh, "web", "batch")
            mesh.up.says("an address cannot be had; trying again")
            eventually(lambda: self.connect(mesh, 12).recv(4) == b"app\n", "the edit takes effect")
        mesh.up.says("info: listening address=")

    def test_idle_connections_hold_no_buffers(self):
        mesh = self.mesh("--workers=1")
        resident = lambda: int(pathlib.Path(  # noqa: E731
            f"/proc/{mesh.up.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
        block = b"b" * 16384

        def open_one():
            stream = self.connect(mesh)
            stream.sendall(block)
            left = len(block) + 4  # both buffers of the connection were full once
            while left:
                left -= len(stream.recv(left))
            return stream
        kept = [open_one() for _ in range(300)]
        before = resident()
        kept += [open_one() for _ in range(700)]
        self.assertLess(resident() - before, 700 * 8192)


if __name__ == "__main__":
    unittest.main(verbosity=2)
