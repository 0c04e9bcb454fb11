// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/support/read_units.h"
#include "tests/unit/passes/expect_pass.h"

using namespace smic::test;

TEST_CASE("unite-sources makes one allow of equal rights", "[passes]") {
  const auto unit = run_pass("unite-sources", unit_with(R"(
    source s0 = { x/a }
    source s1 = { x/b, x/c }
    source s2 = { x/d }
    match m0 = path ~ "/a"
    allow to x/y from s0 when m0
    allow to x/y from s1 when m0
    allow to x/y from s2
    allow to x/z from s0 when m0
    allow to x/y from s2 when m0)"));
  REQUIRE(print_without_origins(unit) == R"(unit x/svc:80 http enforce
  source s0 = { x/a }
  source s1 = { x/b, x/c }
  source s2 = { x/d }
  source s3 = { x/a, x/b, x/c, x/d }
  match m0 = path ~ "/a"
  route r0 -> x/svc:80
  allow to x/y from s3 when m0
  allow to x/y from s2
  allow to x/z from s0 when m0
)");
}

TEST_CASE("unite-sources leaves any source alone", "[passes]") {
  const auto unit = permissive_unit_with(R"(
    source s0 = { x/a }
    allow to any from any
    allow to any from s0
    allow to any from any)");
  REQUIRE(run_pass("unite-sources", unit) == unit);
}
