// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/passes/expect_pass.h"

using namespace smic::test;

TEST_CASE("merge-matches keeps the first of two equal matches", "[passes]") {
  expect_pass("merge-matches", R"(
    source s0 = { x/a }
    match m0 = path ~ "/a"
    match m1 = path ~ "/a" and method in { GET }
    match m2 = path ~ "/a"
    match m3 = path ~ "/a" and header "h" ~ "1"
    match m4 = header "h" ~ "1" and path ~ "/a" and method in { GET })",
              R"(route r0 when m2 or m1 -> x/b:80
    allow to x/y from s0 when m0 or m2 or m3
    allow to x/y from s0 when m4)",
              R"(route r0 when m0 or m1 -> x/b:80
    allow to x/y from s0 when m0 or m0 or m3
    allow to x/y from s0 when m4)");
}

TEST_CASE("merge-matches keeps the least origin", "[passes]") {
  const auto unit = run_pass("merge-matches", unit_with(R"(match m0 = any @ "B" "b":1
    match m1 = any @ "A" "a":9
    match m2 = any @ "A" "a":10)"));
  REQUIRE(unit.matches[0].origin == smic::ir::Origin{"A", "a", 9});
}
