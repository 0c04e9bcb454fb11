# SPDX-License-Identifier: Apache-2.0
"""Makes a failing mesh and request small: whatever can be left out while they still fail, is."""

import copy

from oracle import Request

MAX_TRIALS = 1500


class Shrinker:
    def __init__(self, fails):
        self.fails, self.trials = fails, 0

    def try_out(self, objects, request):
        if self.trials >= MAX_TRIALS:
            return False
        self.trials += 1
        return self.fails(objects, request)

    def shrink(self, objects, request):
        """Large pieces first, then single objects, then what is in them, until nothing goes."""
        size = max(1, len(objects) // 2)
        while size:
            objects = self.without_chunks(objects, request, size)
            size //= 2
        while True:
            smaller = self.without_one_part(objects, request)
            if smaller is None:
                break
            objects = smaller
        return objects, self.smaller_request(objects, request)

    def without_chunks(self, objects, request, size):
        at = 0
        while at < len(objects):
            fewer = objects[:at] + objects[at + size:]
            if self.try_out(fewer, request):
                objects = fewer
            else:
                at += size
        return objects

    def without_one_part(self, objects, request):
        for path in paths_of(objects):
            fewer = copy.deepcopy(objects)
            delete(fewer, path)
            try:
                if self.try_out(fewer, request):
                    return fewer
            except (KeyError, IndexError, TypeError, AttributeError, ValueError):
                continue  # no object any more, and the oracle's word about it means nothing
        return None

    def smaller_request(self, objects, request):
        given = dict(source=request.source, service=request.service, port=request.port, udp=request.udp)
        tries = [dict(method="GET", path="/", headers=[])]
        for i in range(len(request.headers)):
            tries.append(dict(method=request.method, path=request.path,
                              headers=request.headers[:i] + request.headers[i + 1:]))
        tries.append(dict(method="GET", path=request.path, headers=request.headers))
        tries.append(dict(method=request.method, path="/", headers=request.headers))
        for fields in tries:
            smaller = Request(**given, **fields)
            if vars(smaller) != vars(request) and self.try_out(objects, smaller):
                return self.smaller_request(objects, smaller)
        return request


def paths_of(value, path=()):
    """Where something could be left out, from the outside in. An object keeps who it is."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, each in inside:
        if key not in ("apiVersion", "kind", "name", "service", "weight", "containers", "schemes"):
            found.append(path + (key,))
        if isinstance(each, (dict, list)):
            found += paths_of(each, path + (key,))
    return found


def delete(value, path):
    for key in path[:-1]:
        value = value[key]
    del value[path[-1]]
