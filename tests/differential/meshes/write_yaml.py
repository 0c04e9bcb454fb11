# SPDX-License-Identifier: Apache-2.0
"""Objects as the YAML a person would write: block style, small things in flow style, quotes where
they are needed and, by chance, where they are not."""

import json
import re

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./-]*")
WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def scalar(value):
    if isinstance(value, str):
        if PLAIN.fullmatch(value) and value.lower() not in WORDS:
            return value
        if "'" not in value and "\\" in value:
            return f"'{value}'"
    return json.dumps(value)


def flow(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return json.dumps(value) if isinstance(value, str) and not PLAIN.fullmatch(value) else scalar(value)


def is_small(value):
    return not isinstance(value, (dict, list)) or not value or len(flow(value)) < 60


def block(value, indent):
    """Lines of a mapping or list; the caller has written what comes before."""
    lines = []
    if isinstance(value, dict):
        for key, each in value.items():
            lines += entry(f"{scalar(key)}:", each, indent, indent + 2)
    else:
        for each in value:
            lines += entry("-", each, indent, indent + 2)
    return lines


def entry(head, value, indent, inner):
    pad = " " * indent
    if isinstance(value, (dict, list)) and not is_small(value):
        lines = block(value, inner)
        if head == "-":
            return [f"{pad}- {lines[0].lstrip()}"] + lines[1:]
        return [pad + head] + lines
    return [f"{pad}{head} {flow(value) if isinstance(value, (dict, list)) else scalar(value)}"]


def text_of(objects):
    return "---\n".join("\n".join(block(each, 0)) + "\n" for each in objects)
