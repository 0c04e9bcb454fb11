// SPDX-License-Identifier: Apache-2.0
// Every limit of limits.h, and that hostile documents are refused, quickly and in words.
#include "compiler/resources/limits.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "tests/support/expect_diagnostic.h"
#include "tests/unit/resources/decoded.h"

using namespace smic;
using test::expect_diagnostics;
using test::expect_json_diagnostics;

namespace {

constexpr std::size_t kTenMegabytes = 10u << 20;

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

std::string nested(std::size_t depth) { return repeated("[", depth) + repeated("]", depth); }

}  // namespace

TEST_CASE("kDepth: one level more is refused, in YAML and JSON") {
  using resources::limits::kDepth;
  const std::string head = "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"data\": ";
  expect_json_diagnostics(head + nested(kDepth - 1) + "}").none();
  expect_json_diagnostics(head + nested(kDepth) + "}").only({"E51"}).has("E51").at(1, 250);
  const std::string yaml = "apiVersion: v1\nkind: ConfigMap\ndata: ";
  expect_diagnostics(yaml + nested(kDepth - 1)).none();
  expect_diagnostics(yaml + nested(kDepth)).only({"E51"});
  expect_diagnostics("data:\n " + repeated("- ", kDepth)).only({"E51"});
}

TEST_CASE("kNodes: more values than that are refused") {
  using resources::limits::kNodes;
  expect_json_diagnostics("[" + repeated("1,", kNodes) + "1]").only({"E51"});
}

TEST_CASE("kNodes: aliases count as if written out") {
  std::string laughs = "apiVersion: v1\nkind: ConfigMap\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level <= 9; ++level) {
    const std::string below = "*a" + std::to_string(level - 1);
    laughs += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + below;
    for (int i = 1; i < 10; ++i) laughs += ", " + below;
    laughs += "]\n";
  }
  expect_diagnostics(laughs).only({"E51"}).has("E51").help("aliases");
}

TEST_CASE("kDocumentBytes: a larger document is refused, its neighbours are not") {
  const std::string account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: a\n---\n";
  const std::string yaml =
      account + "data: " + std::string(resources::limits::kDocumentBytes, 'x') + "\n";
  expect_diagnostics(yaml).only({"E51"}).has("E51").at(5, 1);
}

TEST_CASE("kDocuments: documents beyond that are not read") {
  const std::string yaml = repeated("--- ~\n", resources::limits::kDocuments + 1);
  expect_diagnostics(yaml).has("E51").message("documents");
}

TEST_CASE("ten megabytes of brackets, braces, dashes and the like are refused in good time") {
  const auto start = std::chrono::steady_clock::now();
  expect_diagnostics(repeated("[", kTenMegabytes)).only({"E51"});
  expect_diagnostics(repeated("{", kTenMegabytes)).only({"E50"});
  expect_diagnostics(repeated("- ", kTenMegabytes / 2)).only({"E51"});
  expect_diagnostics(repeated("[\n", kTenMegabytes / 2)).only({"E51"});
  expect_diagnostics(repeated("{a: ", kTenMegabytes / 4)).only({"E51"});
  expect_diagnostics(repeated("? ", kTenMegabytes / 2)).only({"E50"});
  expect_diagnostics(repeated("&a ", kTenMegabytes / 3)).only({"E50"});
  expect_diagnostics(repeated("a: ", kTenMegabytes / 3)).only({"E50"});
  expect_diagnostics("\"" + std::string(kTenMegabytes, 'x')).only({"E50"});
  expect_diagnostics(std::string(kTenMegabytes, ']')).only({"E50"});
  expect_json_diagnostics(repeated("{\"a\":", kTenMegabytes / 5)).only({"E51"});
  expect_json_diagnostics(repeated("[", kTenMegabytes)).only({"E51"});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  INFO(seconds.count() << " s");
  CHECK(seconds.count() < 60);  // far from quadratic, on a busy machine and with sanitizers too
}
