// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/read_units.h"
#include "tests/unit/passes/expect_pass.h"

using namespace smic::test;

TEST_CASE("canonicalize sorts, drops what nobody names, and numbers anew", "[passes]") {
  const auto unit = run_pass("canonicalize", unit_with(R"(
    source s0 = { x/c }
    source s1 = { x/a }
    source s2 = { x/b }
    source s3 = { x/a }
    match m0 = path ~ "/b"
    match m1 = path ~ "/a"
    match m2 = path ~ "/c"
    match m3 = any
    route r0 when m0 or m1 or m0 -> split { x/v2:80 = 1, x/v1:80 = 2 }
    allow to x/z from s0
    allow to x/y from s3 when m3
    allow to x/y from s1 when m1)"));
  REQUIRE(print_without_origins(unit) == R"(unit x/svc:80 http enforce
  source s0 = { x/a }
  source s1 = { x/c }
  match m0 = any
  match m1 = path ~ "/a"
  match m2 = path ~ "/b"
  route r0 when m1 or m2 -> split { x/v2:80 = 1, x/v1:80 = 2 }
  route r1 -> x/svc:80
  allow to x/y from s0 when m0
  allow to x/y from s0 when m1
  allow to x/z from s1
)");
}

TEST_CASE("canonicalize keeps the order of routes", "[passes]") {
  const auto unit = unit_with(R"(
    match m0 = path ~ "/a"
    match m1 = path ~ "/b"
    route r0 when m1 -> x/b:80
    route r1 when m0 -> x/a:80)");
  REQUIRE(run_pass("canonicalize", unit) == unit);
}
