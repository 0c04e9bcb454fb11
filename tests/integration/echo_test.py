#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`smic echo`: who answered, over HTTP, TCP and UDP."""

import json
import signal
import socket
import time
import unittest

from mesh import PATIENCE, Client, Echo, smic


class EchoServer(unittest.TestCase):
    def echo(self, *options):
        backend = Echo("b1", "127.0.0.1", 0, *options)
        self.addCleanup(backend.end)
        return backend

    def test_http_answers_say_who_and_what(self):
        backend = self.echo()
        client = Client(backend.host, backend.port)
        self.addCleanup(client.close)
        status, who, body = client.request("PATCH", "/a?b", b"12345", {"X-One": "1"})
        self.assertEqual((status, who), (200, "b1"))
        said = json.loads(body)
        self.assertEqual((said["name"], said["method"], said["path"]), ("b1", "PATCH", "/a?b"))
        self.assertEqual((said["headers"]["x-one"], said["body_bytes"]), ("1", 5))
        self.assertEqual(client.request("HEAD", "/")[0::2], (200, ""))
        self.assertEqual(client.request("GET", "/")[0], 200)

    def test_status_and_delay_can_be_asked_for(self):
        backend = self.echo("--status=503", "--delay-ms=50")
        client = Client(backend.host, backend.port)
        self.addCleanup(client.close)
        start = time.monotonic()
        self.assertEqual(client.request()[0], 503)
        self.assertGreaterEqual(time.monotonic() - start, 0.05)

    def test_tcp_says_its_name_and_echoes_to_the_last_byte(self):
        backend = self.echo("--protocol=tcp")
        with socket.create_connection((backend.host, backend.port), PATIENCE) as client:
            client.sendall(b"x" * 100_000)
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(client.makefile("rb").read(), b"b1\n" + b"x" * 100_000)

    def test_udp_answers_each_datagram(self):
        backend = self.echo("--protocol=udp")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE)
            client.sendto(b"hello", (backend.host, backend.port))
            self.assertEqual(client.recv(100), b"b1: hello")

    def test_sigterm_and_ctrl_c_end_it(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.assertEqual(Echo("b1", "127.0.0.1").end(number), 0)

    def test_an_address_in_use_is_exit_code_1_and_named(self):
        backend = self.echo()
        done = smic("echo", "--listen", f"127.0.0.1:{backend.port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"127.0.0.1:{backend.port}", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
