#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the house (DESIGN §2), read off the tree itself. Each test says what it guards."""

import collections
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = ("base", "http", "contract", "grammar", "compiler", "runtime", "controller", "cli")

# Foreign headers and the only files that may include them. A door is one or two .cpp files; no
# header is one, so no type or exception of the library can leave.
DOORS = {
    "antlr4-runtime": r"compiler/text/\w+\.cpp",
    "llvm/": r"(compiler/codegen|runtime/program)/\w+\.cpp",
    "openssl/": r"(contract/(digest|signature)|http/(pem|tls_stream)|controller/keys/certificate|controller/api/tls)\.cpp",
    "openssl/pem": r"(contract/signature|http/pem)\.cpp",
    "boost/json": r"(contract|runtime/observe|controller(/api|/kube|/dns|/cluster_dns|/keys|/distribution)?)/\w+\.cpp",
    "boost/beast": r"(runtime/observe|runtime/proxy|cli|http|controller/api)/\w+\.cpp",
    "zstd": r"base/packed_bytes\.cpp",
    "linux/bpf.h": r"runtime/steer/\w+\.cpp",
    "re2/": r"(?!)",  # judges in tests, never part of the product
    "yaml-cpp/": r"(?!)",
    "ldns/": r"(?!)",
    "catch2/": r"(?!)",
}
DOOR_LIMIT = {"antlr4-runtime": 1, "linux/bpf.h": 2, "openssl/": 6}  # hashes, signatures, PEM, TLS, X.509


def sources(*folders, suffixes=(".cpp", ".h")):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [ROOT / name for name in listed
            if name.endswith(suffixes) and (ROOT / name).exists()]


def relative(path):
    return str(path.relative_to(ROOT))


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.M)


def without_comments(text):
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


class Library:
    def __init__(self, name, folder, links):
        self.name, self.folder, self.links = name, folder, links


def libraries():
    """smic_library(NAME SOURCES … LINKS smic::a …) of every CMakeLists.txt."""
    found = {}
    for cmake in sources(*CODE, suffixes=("CMakeLists.txt",)):
        text = re.sub(r"#[^\n]*", "", cmake.read_text())
        for call in re.findall(r"smic_library\(([^)]*)\)", text):
            words = call.split()
            links, section = set(), None
            for word in words[1:]:
                if word in ("SOURCES", "LINKS", "PRIVATE_LINKS"):
                    section = word
                elif word.startswith("smic::"):
                    links.add(word.removeprefix("smic::"))
            found[words[0]] = Library(words[0], cmake.parent, links)
    return found


def closure(name, table):
    seen, todo = set(), [name]
    while todo:
        current = todo.pop()
        if current in seen or current not in table:
            continue
        seen.add(current)
        todo.extend(table[current].links)
    return seen


class Architecture(unittest.TestCase):
    def test_includes_follow_the_table_of_who_may_know_whom(self):
        table = libraries()
        by_folder = collections.defaultdict(set)
        for library in table.values():
            by_folder[library.folder].add(library.name)
        wrong = []
        for path in sources(*CODE):
            owners = by_folder.get(path.parent)
            if not owners:
                continue
            reachable = set().union(*(closure(owner, table) for owner in owners))
            folders = {table[name].folder for name in reachable}
            is_main = path.name == "main.cpp"
            for include in includes(path):
                if include.split("/")[0] not in CODE or is_main:
                    continue
                if (ROOT / include).parent not in folders:
                    wrong.append(f"{relative(path)} includes {include}, which its library does not link")
        self.assertEqual(wrong, [])

    def test_dependencies_only_go_downhill(self):
        table = libraries()
        self.assertGreater(len(table), 10)
        layer = {name: relative(library.folder) for name, library in table.items()}
        forbidden = {  # folder prefix → prefixes it may never reach, however indirectly
            "base": ("http", "contract", "grammar", "compiler", "runtime", "controller", "cli"),
            "http": ("contract", "grammar", "compiler", "runtime", "controller", "cli"),
            "contract": ("http", "grammar", "compiler", "runtime", "controller", "cli"),
            "compiler": ("http", "runtime", "controller", "cli"),
            "compiler/passes": ("compiler/model", "compiler/resources", "compiler/lowering"),
            "compiler/automata": ("compiler/ir", "compiler/model", "compiler/resources"),
            "compiler/ir": ("compiler/model", "compiler/resources", "compiler/lowering"),
            "runtime": ("compiler", "grammar", "controller", "cli"),
            "runtime/program": ("runtime/net", "runtime/proxy", "runtime/upstream"),
            "runtime/subscribe": ("runtime/net", "runtime/proxy", "runtime/program"),
            "controller": ("cli", "runtime/proxy", "runtime/net", "runtime/upstream"),
        }
        wrong = []
        for name in table:
            for prefix, banned in forbidden.items():
                if not (layer[name] + "/").startswith(prefix + "/"):
                    continue
                for reached in closure(name, table) - {name}:
                    if any((layer[reached] + "/").startswith(b + "/") for b in banned):
                        wrong.append(f"{layer[name]} reaches {layer[reached]}")
        self.assertEqual(wrong, [])

    def test_no_two_libraries_know_each_other(self):
        table = libraries()
        wrong = [f"{name} <-> {other}" for name in table for other in table[name].links
                 if other in table and name in closure(other, table)]
        self.assertEqual(wrong, [])

    def test_every_folder_with_a_library_has_its_front_door_header(self):
        missing = []
        for library in libraries().values():
            folder = library.folder
            names = {folder.name + ".h", library.name + ".h"}
            if not any((folder / name).exists() for name in names):
                missing.append(relative(folder))
        self.assertEqual(missing, [])


class Doors(unittest.TestCase):
    def test_foreign_libraries_have_one_door(self):
        wrong, users = [], collections.defaultdict(set)
        for path in sources(*CODE):
            for include in includes(path):
                for prefix, allowed in DOORS.items():
                    if include.startswith(prefix):
                        users[prefix].add(relative(path))
                        if not re.fullmatch(allowed, relative(path)):
                            wrong.append(f"{relative(path)} includes <{include}>")
        for prefix, limit in DOOR_LIMIT.items():
            if len(users[prefix]) > limit:
                wrong.append(f"<{prefix}…> is included by {sorted(users[prefix])}, at most {limit}")
        self.assertEqual(wrong, [])

    def test_the_node_links_only_the_linking_half_of_llvm(self):
        text = "".join(path.read_text() for path in
                       sources("runtime", suffixes=("CMakeLists.txt",)))
        self.assertNotIn("SMIC_LLVM_COMPILER", text)


class Manners(unittest.TestCase):
    def test_only_main_ends_the_process(self):
        pattern = re.compile(r"(?<![\w.:>])_?exit\s*\(|"
                             r"\bstd::(exit|_Exit|quick_exit|abort|terminate)\s*\(")
        allowed = {"base/check.cpp"}
        wrong = [relative(path) for path in sources(*CODE)
                 if path.name != "main.cpp" and relative(path) not in allowed
                 and pattern.search(without_comments(path.read_text()))]
        self.assertEqual(wrong, [])

    def test_the_compiler_is_a_function(self):
        """Invariant 1: no clock, no network, no environment; files only in read_paths."""
        pattern = re.compile(r"\b(getenv|system_clock|gettimeofday|socket\s*\(|random_device)\b")
        wrong = [relative(path) for path in sources("compiler")
                 if pattern.search(without_comments(path.read_text()))]
        self.assertEqual(wrong, [])

    def test_files_open_with_their_licence(self):
        wrong = [relative(path) for path in
                 sources(*CODE, "tests", "examples", "cmake",
                         suffixes=(".cpp", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt", ".g4"))
                 if "SPDX-License-Identifier: Apache-2.0" not in path.read_text()[:200]]
        self.assertEqual(wrong, [])

    def test_names_say_what_things_are(self):
        wrong = [relative(path) for path in sources(*CODE, "tests")
                 if re.search(r"(^|[_/])(utils?|helpers?|common|misc)(\.|/|$)", relative(path))
                 or not re.fullmatch(r"[a-z0-9_]+\.(cpp|h)", path.name)]
        self.assertEqual(wrong, [])

    def test_source_lists_are_explicit(self):
        wrong = [relative(path) for path in
                 sources(suffixes=("CMakeLists.txt", ".cmake")) if "file(GLOB" in path.read_text()]
        self.assertEqual(wrong, [])

    def test_nothing_is_left_open_without_an_issue(self):
        wrong = [relative(path) for path in sources(*CODE)
                 if re.search(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))", path.read_text())]
        self.assertEqual(wrong, [])

    def test_comments_name_tests_that_exist(self):
        wrong = [f"{relative(path)}: {name}" for path in sources(*CODE)
                 for name in re.findall(r"\btests/[\w/]+\.(?:cpp|py)\b", path.read_text())
                 if not (ROOT / name).exists()]
        self.assertEqual(wrong, [])

    def test_heavy_headers_stay_out_of_headers(self):
        """Two cores build this: Beast, LLVM, ANTLR, YAML and JSON libraries only in .cpp files."""
        heavy = re.compile(r"^(boost/beast|boost/json|llvm/|antlr4|yaml-cpp/|openssl/|catch2)")
        wrong = [f"{relative(path)}: {include}" for path in sources(*CODE, suffixes=(".h",))
                 for include in includes(path) if heavy.match(include)]
        self.assertEqual(wrong, [])


class Documents(unittest.TestCase):
    def code_blocks(self, document):
        text = (ROOT / document).read_text()
        return re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)

    def test_readme_names_commands_that_dev_knows(self):
        known = subprocess.run(["./dev", "help"], cwd=ROOT, capture_output=True, text=True,
                               check=True).stdout
        for block in self.code_blocks("README.md"):
            for word in re.findall(r"\./dev (\w+)", block):
                self.assertRegex(known, rf"(?m)^  {word}\b")

    def test_readme_commands_run(self):
        """Every smic line of the README's sh blocks exits 0 (./dev lines have tests of their own)."""
        binary = os.environ.get("SMIC_BIN")
        self.assertIsNotNone(binary, "SMIC_BIN tells where the built programs are")
        ran = 0
        for block in self.code_blocks("README.md"):
            for line in block.replace("\\\n", " ").splitlines():
                if "build/bin/smic " not in line or "smic up" in line:
                    continue
                command = line.split("   #")[0].replace("build/bin", binary)
                done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT,
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, f"{line}\n{done.stderr}")
                ran += 1
        self.assertGreater(ran, 2)

    def test_every_decision_has_a_test(self):
        rows = re.findall(r"^\| (D-\d+\w?) \|.*\| `([^`]+)`: ?(.*?) \|$", (ROOT / "docs/decisions.md").read_text(), re.M)
        missing = [f"{number}: {file}: {name}" for number, file, name in rows
                   if not (ROOT / file).exists()
                   or name not in re.sub(r'"\s*"', "", (ROOT / file).read_text())]
        self.assertEqual(missing, [])
        elsewhere = {23, 24, 25, 26}  # told below the table
        self.assertEqual({int(re.match(r"D-(\d+)", number)[1]) for number, _, _ in rows},
                         set(range(1, 32)) - elsewhere)

    def test_documents_point_at_files_that_exist(self):
        wrong = []
        for document in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
            for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text()):
                if not (ROOT / target).exists():
                    wrong.append(f"{document}: {target}")
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
