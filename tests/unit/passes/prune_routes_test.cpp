// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/passes/expect_pass.h"

using namespace smic::test;

namespace {

constexpr std::string_view kDeclarations = R"(
  match a     = path ~ "/a"
  match a_get = path ~ "/a" and method in { GET }
  match b     = path ~ "/b")";

}  // namespace

TEST_CASE("prune-routes removes routes that never hold", "[passes]") {
  expect_pass(
      "prune-routes", kDeclarations,
      "route r0 when never -> x/a:80\nroute r1 when a -> x/b:80\nroute r2 when {} -> x/c:80",
      "route r0 when a -> x/b:80");
}

TEST_CASE("prune-routes removes routes that an earlier one hides", "[passes]") {
  expect_pass("prune-routes", kDeclarations,
              R"(route r0 when a or b -> x/a:80
                 route r1 when b -> x/b:80
                 route r2 when a_get -> x/c:80)",
              "route r0 when a or b -> x/a:80");
}

TEST_CASE("prune-routes narrows a route to what earlier ones leave", "[passes]") {
  expect_pass("prune-routes", kDeclarations,
              "route r0 when a -> x/a:80\nroute r1 when b or a_get -> x/b:80",
              "route r0 when a -> x/a:80\nroute r1 when b -> x/b:80");
}

TEST_CASE("prune-routes keeps a wider route after a narrow one", "[passes]") {
  constexpr std::string_view kRoutes =
      "route r0 when a_get -> x/a:80\nroute r1 when a -> x/b:80\nroute r2 when b -> x/a:80";
  expect_pass("prune-routes", kDeclarations, kRoutes, kRoutes);
}
