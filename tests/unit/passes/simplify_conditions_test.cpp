// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/passes/expect_pass.h"

using namespace smic::test;

namespace {

constexpr std::string_view kDeclarations = R"(
  source s0 = { x/a }
  match any_get    = method in { GET }
  match a          = path ~ "/a"
  match a_get      = path ~ "/a" and method in { GET }
  match a_get_head = path ~ "/a" and method in { GET, HEAD }
  match a_x        = path ~ "/a" and header "x" ~ "1"
  match a_x_y      = path ~ "/a" and header "x" ~ "1" and header "y" ~ "1"
  match y          = header "y" ~ "1"
  match nothing    = method in {}
  match everything = any
  match other      = method in { GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH, other })";

void expect_condition(std::string before, std::string after) {
  expect_pass("simplify-conditions", kDeclarations, "allow to x/y from s0 " + before,
              "allow to x/y from s0 " + after);
}

}  // namespace

TEST_CASE("simplify-conditions drops alternatives that another contains", "[passes]") {
  expect_condition("when a or a", "when a");
  expect_condition("when a_get or a", "when a");
  expect_condition("when a_get or any_get", "when any_get");
  expect_condition("when a_get or a_get_head", "when a_get_head");
  expect_condition("when a_x_y or a_x", "when a_x");
  expect_condition("when a_x_y or y", "when y");
  expect_condition("when a_x or a_x_y or a", "when a");
}

TEST_CASE("simplify-conditions keeps alternatives that add something", "[passes]") {
  expect_condition("when any_get or a", "when any_get or a");
  expect_condition("when a_x or y", "when a_x or y");
  expect_condition("when any_get or a_get_head", "when any_get or a_get_head");
}

TEST_CASE("simplify-conditions finds out what always and never holds", "[passes]") {
  expect_condition("when nothing", "when never");
  expect_condition("when {}", "when never");
  expect_condition("when a or nothing", "when a");
  expect_condition("when a or everything", "");
  expect_condition("when other", "");
  expect_condition("when never", "when never");
  expect_condition("", "");
}

TEST_CASE("simplify-conditions ends the routes at the first that always holds", "[passes]") {
  const auto unit = run_pass("simplify-conditions", unit_with(std::string(kDeclarations) + R"(
    route r0 when a -> x/v0:80
    route r1 when everything -> x/v1:80
    route r2 when y -> x/v2:80)"));
  REQUIRE(unit.routes.size() == 2);
  REQUIRE(std::get<smic::ir::Forward>(unit.routes[1].action).backends[0].service.name == "v1");
}
