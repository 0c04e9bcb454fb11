// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/read_units.h"
#include "tests/unit/passes/expect_pass.h"

using namespace smic;
using test::unit_with;

namespace {

constexpr std::string_view kStatements = R"(
  policy retry-attempts 3
  source s0 = { x/b }
  source s1 = { x/a }
  match m0 = path ~ "^/api/.*" and method in { GET }
  match m1 = path ~ "/api/"
  match m2 = path ~ ".*" and header "x" ~ "1"
  route r0 when m0 -> x/v0:80
  route r1 when m1 or m2 -> x/v1:80
  route r2 when m0 -> x/v2:80
  allow to x/y from s0 when m0
  allow to x/y from s0 when m1
  allow to x/y from s1 when m1
  allow to x/y:80 from s1 when m2)";

}  // namespace

TEST_CASE("all passes together leave what the rules say and nothing else", "[passes]") {
  REQUIRE(test::print_without_origins(passes::run(unit_with(kStatements), {})) ==
          R"(unit x/svc:80 http enforce
  policy retry-attempts 3
  source s0 = { x/a }
  source s1 = { x/a, x/b }
  match m0 = header "x" ~ "1"
  match m1 = method in { GET } and path ~ "/api/"
  match m2 = path ~ "/api/"
  route r0 when m1 -> x/v0:80
  route r1 when m0 or m2 -> x/v1:80
  route r2 -> x/svc:80
  allow to x/y from s1 when m2
  allow to x/y:80 from s0 when m0
)");
}

TEST_CASE("units that differ in the order of their files come out the same", "[passes]") {
  const auto one = unit_with(R"(
    source s0 = { x/a }
    source s1 = { x/b }
    match m0 = path ~ "/a" @ "HTTPRouteGroup x/g" "g.yaml":3
    match m1 = path ~ "/a" @ "HTTPRouteGroup x/h" "h.yaml":3
    allow to x/y from s0 when m0 @ "TrafficTarget x/t" "t.yaml":1
    allow to x/y from s1 when m1 @ "TrafficTarget x/u" "u.yaml":1)");
  const auto other = unit_with(R"(
    source s0 = { x/b }
    source s1 = { x/a }
    match m0 = path ~ "/a" @ "HTTPRouteGroup x/h" "h.yaml":3
    match m1 = path ~ "/a" @ "HTTPRouteGroup x/g" "g.yaml":3
    allow to x/y from s0 when m0 @ "TrafficTarget x/u" "u.yaml":1
    allow to x/y from s1 when m1 @ "TrafficTarget x/t" "t.yaml":1)");
  REQUIRE(test::print_without_origins(passes::run(one, {})) ==
          test::print_without_origins(passes::run(other, {})));
}

TEST_CASE("a pass can be skipped by name", "[passes]") {
  passes::Options options;
  for (const passes::Pass& pass : passes::all()) options.disabled.emplace(pass.name);
  REQUIRE(passes::run(unit_with(kStatements), options) == unit_with(kStatements));
}

TEST_CASE("after each pass one may look, and time is told if asked for", "[passes]") {
  std::vector<std::string> seen;
  std::vector<std::string> timed;
  passes::Options options;
  options.after = [&](std::string_view pass, const ir::Unit&, const ir::Unit&) {
    seen.emplace_back(pass);
  };
  options.timing = [&](std::string_view pass, double spent) {
    CHECK(spent >= 0);
    timed.emplace_back(pass);
  };
  const ir::Unit unit = unit_with("");  // nothing to do: one round
  REQUIRE(passes::run(unit, options) == unit);
  REQUIRE(seen == timed);
  REQUIRE(std::ranges::equal(seen, passes::all(), {}, {}, &passes::Pass::name));
}

TEST_CASE("every pass has a name of its own and says why", "[passes]") {
  std::set<std::string_view> names;
  for (const passes::Pass& pass : passes::all()) {
    CHECK(names.insert(pass.name).second);
    CHECK_FALSE(pass.why.empty());
  }
}
