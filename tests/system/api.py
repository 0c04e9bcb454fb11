# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API in JSON, without the cost of a kubectl for each question."""

import http.client
import json
import ssl
import threading


class ApiError(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body[:500]}")
        self.status = status


class Api:
    """As whoever the certificate says. A connection per thread, opened again when it is lost."""

    def __init__(self, host, port, ca, certificate, key):
        self.host, self.port = host, port
        self.context = ssl.create_default_context(cafile=ca)
        self.context.load_cert_chain(certificate, key)
        self.mine, self.all = threading.local(), []

    def request(self, method, path, body=None, kind="application/json"):
        for last in (False, True):
            connection = getattr(self.mine, "connection", None)
            if connection is None:
                connection = http.client.HTTPSConnection(self.host, self.port, timeout=20,
                                                         context=self.context)
                self.mine.connection = connection
                self.all.append(connection)
            try:
                connection.request(method, path, None if body is None else json.dumps(body),
                                   {"content-type": kind})
                answer = connection.getresponse()
                text = answer.read().decode()
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                self.mine.connection = None
                if last:
                    raise
        if answer.status >= 300:
            raise ApiError(answer.status, text)
        return json.loads(text) if text.startswith("{") else text

    def close(self):
        for connection in self.all:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def find(self, path):
        """None if it does not exist."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def items(self, path):
        return self.get(path)["items"]

    def post(self, path, body):
        return self.request("POST", path, body)

    def put(self, path, body):
        return self.request("PUT", path, body)

    def edit(self, path, change):
        """Reads, has it changed, writes all of it back, and begins anew when somebody else wrote
        meanwhile, as our controller does with each status. What was written is returned."""
        for last in (*[False] * 20, True):
            found = self.get(path)
            change(found)
            try:
                self.put(path, found)
                return found
            except ApiError as error:
                if error.status != 409 or last:
                    raise

    def merge(self, path, body):
        return self.request("PATCH", path, body, "application/merge-patch+json")

    def apply(self, path, body, manager="test"):
        return self.request("PATCH", f"{path}?fieldManager={manager}&force=true", body,
                            "application/apply-patch+yaml")

    def delete(self, path, grace=None):
        try:
            return self.request("DELETE", path, {} if grace is None else {"gracePeriodSeconds": grace})
        except ApiError as error:
            if error.status != 404:
                raise
            return None
