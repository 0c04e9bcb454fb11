#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""enter_container.py CONFIG.json: becomes a container's process, as a container runtime makes it.

Started in mount and UTS namespaces of its own (`unshare --mount --uts`) and in the network namespace it
shall have. CONFIG: hostname, root, mounts [{from, to, read_only}], read_only_root, user, group, capabilities (names, without
CAP_), no_new_privileges, environment, command."""

import ctypes
import json
import os
import pathlib
import socket
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 23, 24, 38
CAPABILITIES = {"NET_BIND_SERVICE": 10, "NET_ADMIN": 12, "NET_RAW": 13, "SYS_ADMIN": 21,
                "SYS_RESOURCE": 24, "BPF": 39}


def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(source, at, flags, kind=None):
    must(LIBC.mount(str(source).encode(), str(at).encode(), kind and kind.encode(), flags, None))


def bind(source, at, read_only):
    mount(source, at, MS_BIND | MS_REC)
    if read_only:
        mount(source, at, MS_REMOUNT | MS_BIND | MS_RDONLY)


def prepare_root(config):
    root = pathlib.Path(config["root"])
    mount("none", "/", MS_REC | MS_PRIVATE)
    bind(root, root, False)
    for each in [{"from": "/proc", "to": "/proc"}, {"from": "/dev", "to": "/dev"},
                 {"from": "/sys", "to": "/sys"}, *config["mounts"]]:
        at = root / each["to"].lstrip("/")
        if pathlib.Path(each["from"]).is_dir():
            at.mkdir(parents=True, exist_ok=True)
        else:
            at.parent.mkdir(parents=True, exist_ok=True)
            at.touch()
        bind(each["from"], at, each.get("read_only", False))
    if config["read_only_root"]:
        mount(root, root, MS_REMOUNT | MS_BIND | MS_RDONLY)
    os.chroot(root)
    os.chdir("/")


def give_up_rights(config):
    keep = {CAPABILITIES[name] for name in config["capabilities"]}
    for number in range(64):
        if LIBC.prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1 and number not in keep:
            must(LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0))
    os.setgroups([])
    os.setgid(config["group"])
    os.setuid(config["user"])
    if config["no_new_privileges"]:
        must(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    must(LIBC.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0))  # last: a change of user forgets it


if __name__ == "__main__":
    CONFIG = json.loads(pathlib.Path(sys.argv[1]).read_text())
    socket.sethostname(CONFIG["hostname"])
    prepare_root(CONFIG)
    give_up_rights(CONFIG)
    os.execve(CONFIG["command"][0], CONFIG["command"], CONFIG["environment"])
