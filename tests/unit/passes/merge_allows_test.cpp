// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/passes/expect_pass.h"

using namespace smic::test;

namespace {

constexpr std::string_view kDeclarations = R"(
  source s0 = { x/a }
  source s1 = { x/b }
  match m0 = path ~ "/a"
  match m1 = path ~ "/b")";

}  // namespace

TEST_CASE("merge-allows joins conditions over the same destination and sources", "[passes]") {
  expect_pass("merge-allows", kDeclarations,
              R"(allow to x/y from s0 when m1
                 allow to x/y from s1 when m1
                 allow to x/y:80 from s0 when m1
                 allow to x/y from s0 when m0)",
              R"(allow to x/y from s0 when m1 or m0
                 allow to x/y from s1 when m1
                 allow to x/y:80 from s0 when m1)");
}

TEST_CASE("merge-allows knows that always takes all and never adds nothing", "[passes]") {
  expect_pass("merge-allows", kDeclarations, "allow to x/y from s0 when m0\nallow to x/y from s0",
              "allow to x/y from s0");
  expect_pass("merge-allows", kDeclarations, "allow to x/y from s0\nallow to x/y from s0 when m0",
              "allow to x/y from s0");
  expect_pass("merge-allows", kDeclarations,
              "allow to x/y from s0 when never\nallow to x/y from s0 when m0",
              "allow to x/y from s0 when m0");
  expect_pass("merge-allows", kDeclarations,
              "allow to x/y from s0 when m0\nallow to x/y from s0 when never",
              "allow to x/y from s0 when m0");
}

TEST_CASE("merge-allows keeps the least origin", "[passes]") {
  const auto unit = run_pass("merge-allows", unit_with(R"(source s0 = {}
    allow to x/y from s0 @ "B" "f":1
    allow to x/y from s0 @ "A" "f":2)"));
  REQUIRE(unit.allows.size() == 1);
  REQUIRE(unit.allows[0].origin == smic::ir::Origin{"A", "f", 2});
}
