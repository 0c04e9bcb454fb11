#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test application of the SMI conformance suite: an HTTP server that calls others when it is told
to, and remembers who called it and how its own calls went.

    conformance_app.py NAME ADDRESS PORT [DNS_ADDRESS:PORT]

POST /call   {"url", "method", "body", "headers"}: makes that request, from this pod's own address
GET  /echo   what was asked        /metrics  what is remembered; DELETE forgets it
POST /send   {"to": "NAME:PORT", "body"}: a datagram from this pod; 504 if it gets no answer

By UDP on the same port it answers "NAME: " and the datagram.

A name is asked of DNS_ADDRESS where one is given, otherwise of this pod's resolver."""

import http.client
import http.server
import json
import os
import socket
import struct
import sys
import threading
import urllib.parse

NAME, ADDRESS, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
DNS = sys.argv[4].rsplit(":", 1) if len(sys.argv) > 4 else None
PATIENCE = 15.0


class Memory:
    def __init__(self):
        self.lock = threading.Lock()
        self.clear()

    def clear(self):
        self.kept = {"ReqReceived": [], "RespSucceeded": [], "RespFailed": []}

    def add(self, what, value):
        with self.lock:
            self.kept[what].append(value)

    def take(self, clear=False):
        with self.lock:
            text = json.dumps(self.kept)
            if clear:
                self.clear()
            return text


MEMORY = Memory()


def resolve(name):
    """One address, by one question over UDP."""
    try:
        socket.inet_aton(name)
        return name
    except OSError:
        pass
    if DNS is None:
        return socket.getaddrinfo(name, None, socket.AF_INET)[0][4][0]
    labels = [label for label in name.split(".") if label]
    ident = os.urandom(2)
    question = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(PATIENCE)
        asker.connect((DNS[0], int(DNS[1])))
        asker.send(ident + b"\1\0\0\1\0\0\0\0\0\0" + question)
        answer = asker.recv(1500)
    count = struct.unpack("!H", answer[6:8])[0]
    if answer[:2] != ident or answer[3] & 15 or count == 0:
        raise OSError(f"{name}: no address")
    at = 12 + len(question)
    for _ in range(count):  # the owner of a record is a pointer to the question, or a name
        while answer[at] and answer[at] < 192:
            at += answer[at] + 1
        at += 2 if answer[at] else 1
        kind, _, _, length = struct.unpack("!HHIH", answer[at:at + 10])
        if kind == 1:
            return socket.inet_ntoa(answer[at + 10:at + 14])
        at += 10 + length
    raise OSError(f"{name}: no address")


def call(order):
    """Makes the request; a failure of transport is an OSError and is remembered as nothing."""
    url = urllib.parse.urlsplit(order["url"])
    connection = http.client.HTTPConnection(resolve(url.hostname), url.port or 80, timeout=PATIENCE,
                                            source_address=(ADDRESS, 0))
    headers = {"Host": url.netloc, **(order.get("headers") or {}), "ServiceName": NAME}
    path = url.path + (f"?{url.query}" if url.query else "")
    try:
        connection.request(order["method"], path or "/", order.get("body") or None, headers)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    seen = {"URL": order["url"], "Method": order["method"], "Headers": dict(answer.getheaders()),
            "Status": answer.status}
    MEMORY.add("RespSucceeded" if 200 <= answer.status < 400 else "RespFailed", seen)
    return seen


def send(to, body):
    """What came back; empty if nothing did, after a second try as datagrams may be lost."""
    name, _, port = to.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(0.5)
        sender.bind((ADDRESS, 0))
        sender.connect((resolve(name), int(port)))
        for _ in range(2):
            try:
                sender.send(body.encode())
                return sender.recv(1500).decode()
            except OSError:
                pass
    return ""


def answer_datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((ADDRESS, PORT))
        while True:
            data, peer = server.recvfrom(1500)
            server.sendto(f"{NAME}: ".encode() + data, peer)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-app", NAME)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def serve(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        path = urllib.parse.urlsplit(self.path).path
        if path == "/metrics" and self.command in ("GET", "DELETE"):
            return self.answer(200, MEMORY.take(clear=self.command == "DELETE"))
        if path == "/send":
            sent = send(**json.loads(body))
            return self.answer(200, sent) if sent else self.answer(504, "no answer\n")
        if path not in ("/call", "/echo"):
            return self.answer(404, "there is /call, /echo, /send and /metrics\n")
        MEMORY.add("ReqReceived", self.headers.get("ServiceName") or "Unidentified")
        if path == "/echo":
            return self.answer(200, json.dumps({"name": NAME, "method": self.command, "body": body,
                                                "headers": dict(self.headers.items())}))
        try:
            self.answer(200, json.dumps(call(json.loads(body))))
        except (OSError, http.client.HTTPException) as error:
            self.answer(500, f"{NAME}: {error}\n")

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = serve

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    threading.Thread(target=answer_datagrams, daemon=True).start()
    with Server((ADDRESS, PORT), Handler) as server:
        print("ready", flush=True)
        server.serve_forever()
