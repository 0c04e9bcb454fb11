// SPDX-License-Identifier: Apache-2.0
#include "controller/dns/config_map.h"

#include <catch2/catch.hpp>

#include "controller/dns/difference.h"
#include "edits.h"

using namespace smic;
using test::edited;

namespace {

std::optional<std::string> value_of(const std::string& manifest, const char* key = "Corefile") {
  return edited(manifest,
                [key](const Sources& sources, SourceId id, Diagnostics& diagnostics) {
                  return dns_stub::read_value(sources, id, key, diagnostics);
                })
      .text;
}

test::Edited with(const std::string& manifest, const std::string& value,
                  const char* key = "Corefile") {
  return edited(manifest, [&](const Sources& sources, SourceId id, Diagnostics& diagnostics) {
    return dns_stub::write_value(sources, id, key, value, diagnostics);
  });
}

std::string manifest_of(const std::string& data) {
  return "# kept\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns}\ndata:\n" + data;
}

}  // namespace

TEST_CASE("a value is put into a manifest with every other byte as it was", "[dns_stub]") {
  const std::string added = "# one\nmesh:53 {\n\n}\n";
  for (const char* name : {"kubeadm.yaml", "rke2.yaml", "rke2.json"}) {
    INFO(name);
    const std::string original = test::read_file(std::string("tests/corefiles/") + name);
    REQUIRE(dns_stub::is_manifest(original));
    const auto value = value_of(original);
    REQUIRE(value);
    const auto edited = with(original, added + *value);
    INFO(edited.said);
    REQUIRE(edited.text);
    CHECK(value_of(*edited.text) == added + *value);
    CHECK(with(*edited.text, *value).text == original);
    CHECK(with(original, *value).text == original);
  }
}

TEST_CASE("only lines that differ are touched, of whatever depth and end", "[dns_stub]") {
  const std::string block =
      manifest_of("  Corefile: |-   # why\n\n        a {\n          b\n        }\n  other: x\n");
  CHECK(value_of(block) == "\na {\n  b\n}");
  CHECK(with(block, "\nnew\na {\n  b\n}").text ==
        manifest_of("  Corefile: |-   # why\n\n        new\n        a {\n          b\n        }\n  "
                    "other: x\n"));
  const auto two = "kind: Other\n---\n" + block + "---\nkind: ConfigMap\ndata: {x: y}\n";
  CHECK(with(two, "\nnew\na {\n  b\n}").text->ends_with("data: {x: y}\n"));
}

TEST_CASE("forms that are not edited are refused", "[dns_stub]") {
  for (const char* data :
       {"  Corefile: >\n    a\n    b\n", "  Corefile: 'a b'\n", "  Corefile: a\n"}) {
    INFO(data);
    const auto refused = with(manifest_of(data), "new\n");
    CHECK_FALSE(refused.text);
    CHECK(refused.said.find("is written in a form that is not edited") != std::string::npos);
  }
  CHECK(with("kind: ConfigMap\ndata: {}\n", "x").said.find("no ConfigMap with `Corefile`") !=
        std::string::npos);
  CHECK_FALSE(value_of("not: a\nconfig: map\n"));
  CHECK_FALSE(value_of(""));
}

TEST_CASE("a difference is one hunk that patch understands", "[dns_stub]") {
  CHECK(dns_stub::difference("f", "a\n", "a\n") == "");
  CHECK(dns_stub::difference("f", "1\n2\n3\n4\n5\n", "1\n2\n3\nx\n4\n5\n") ==
        "--- f\n+++ f\n@@ -1,5 +1,6 @@\n 1\n 2\n 3\n+x\n 4\n 5\n");
  CHECK(dns_stub::difference("f", "a", "x\na") ==
        "--- f\n+++ f\n@@ -1,1 +1,2 @@\n+x\n a\n\\ No newline at end of file\n");
  CHECK(dns_stub::difference("f", "", "x\n") == "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+x\n");
}
