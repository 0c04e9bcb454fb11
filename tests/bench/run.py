#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every bench and gathers their figures. Each bench measures its peers in the same run and
reports ratios; nothing here judges a figure, so a slow machine never fails."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WHEN_ASKED = ["shadow"]  # by --only: it takes a quarter of an hour and more, and `./dev parts`


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", help="where the programs were built")
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    names = ["decision", "engines", "compile", "distribution", "proxy", "streams", "changes", "fleet",
             "reload", *WHEN_ASKED]
    parser.add_argument("--only", choices=names, help="one bench alone")
    options = parser.parse_args()
    programs = pathlib.Path(options.build) / "bin"
    benches = {
        "decision": [str(programs / "bench_decision")],
        "engines": [str(programs / "bench_engines")],
        "compile": [str(programs / "bench_compile")],
        "distribution": [str(programs / "bench_distribution")],
        "proxy": [sys.executable, str(HERE / "bench_proxy.py"), "--build", options.build],
        "streams": [sys.executable, str(HERE / "bench_streams.py"), "--build", options.build],
    }
    benches["changes"] = ["unshare", "--net", "sh", "-c", "ip link set lo up; exec \"$@\"", "sh",
                          str(programs / "bench_changes"), "--node-plan"]
    benches["fleet"] = [str(programs / "bench_fleet")]
    benches["reload"] = [sys.executable, str(HERE / "bench_reload.py")]
    benches["shadow"] = ["unshare", "--net", sys.executable, str(HERE / "bench_shadow.py")]
    figures, failed = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, command in benches.items():
            if name != options.only and (options.only or name in WHEN_ASKED):
                continue
            print(f"\n== {name} ==", flush=True)
            part = pathlib.Path(folder) / f"{name}.json"
            if subprocess.run([*command, "--json", str(part)]).returncode != 0:
                failed.append(name)
            elif part.exists():
                figures += json.loads(part.read_text())
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")
    if failed:
        sys.exit(f"run.py: failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
