// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/read_units.h"
#include "tests/unit/passes/expect_pass.h"

using namespace smic::test;

namespace {

constexpr std::string_view kDeclarations = R"(
  source none = {}
  source a    = { x/a }
  source ab   = { x/a, x/b }
  match p     = path ~ "/p"
  match p_get = path ~ "/p" and method in { GET }
  match q     = path ~ "/q")";

void expect_allows(std::string_view before, std::string_view after) {
  expect_pass("prune-allows", kDeclarations, before, after);
}

}  // namespace

TEST_CASE("prune-allows drops allows that allow nothing", "[passes]") {
  expect_allows("allow to x/y from none\nallow to x/y from a when never", "");
}

TEST_CASE("prune-allows drops an allow within another", "[passes]") {
  expect_allows("allow to x/y from a\nallow to x/y from ab", "allow to x/y from ab");
  expect_allows("allow to x/y:80 from a\nallow to x/y from a", "allow to x/y from a");
  expect_allows("allow to x/y from ab when p\nallow to x/y:80 from a when p_get",
                "allow to x/y from ab when p");
  expect_allows("allow to x/y from a when q or p_get\nallow to x/y from a when p or q",
                "allow to x/y from a when p or q");
}

TEST_CASE("prune-allows keeps one of two equal allows", "[passes]") {
  expect_allows("allow to x/y from a when p or q\nallow to x/y from a when q or p",
                "allow to x/y from a when p or q");
}

TEST_CASE("prune-allows keeps allows that only overlap", "[passes]") {
  const std::string_view kept[] = {
      "allow to x/y from a\nallow to x/y from ab when p",
      "allow to x/y:80 from ab\nallow to x/y from a",
      "allow to x/y:80 from a\nallow to x/y:81 from a",
      "allow to x/y from a when p\nallow to x/y from a when q",
      "allow to x/y from a\nallow to x/z from a",
  };
  for (const std::string_view allows : kept) expect_allows(allows, allows);
}

TEST_CASE("prune-allows knows that any is all", "[passes]") {
  const auto unit = run_pass("prune-allows", permissive_unit_with(R"(
    source s0 = { x/a }
    allow to x/y:80 from s0
    allow to any from s0
    allow to x/y from any
    allow to any from any)"));
  REQUIRE(unit.allows.size() == 1);
  REQUIRE(print_without_origins(unit).contains("allow to any from any"));
}

TEST_CASE("prune-allows stays below quadratic on many allows", "[passes]") {
  std::string statements;
  for (int i = 0; i < 5000; ++i) {
    const std::string n = std::to_string(i);
    statements += "source s" + n + " = { x/a" + n + " }\nallow to x/y from s" + n + "\n";
  }
  REQUIRE(run_pass("prune-allows", unit_with(statements)).allows.size() == 5000);
}
