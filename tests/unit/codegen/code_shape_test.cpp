// SPDX-License-Identifier: Apache-2.0
#include "compiler/codegen/code_shape.h"

#include <catch2/catch.hpp>

#include "tests/support/decisions.h"

using namespace smic;
using codegen::read_code_shape;
using test::decide;

namespace {

// A unit whose only route splits among `backends`, and one with that many routes.
std::string unit_with_backends(std::size_t backends) {
  std::string text = "unit a/b:1 http permissive\n route r0 -> split { a/b:1 = 1";
  for (std::size_t i = 1; i < backends; ++i) text += ", a/b" + std::to_string(i) + ":1 = 1";
  return text + " }\n allow to any from any\n";
}

}  // namespace

TEST_CASE("a unit without patterns is all code", "[codegen]") {
  const auto shape = read_code_shape(decide(test::kPlainUnit));
  REQUIRE(shape.match);
  REQUIRE(shape.split);
  CHECK(shape.match->outcomes.size() == 1);
  CHECK(shape.match->outcomes[0].route == 0);
  CHECK(*shape.split == codegen::SplitCode{{1}});
}

TEST_CASE("a unit with few patterns is code, its header conditions are not", "[codegen]") {
  const auto shape = read_code_shape(decide(test::kCanaryUnit));
  REQUIRE(shape.match);
  CHECK(shape.match->paths.roots.size() == 1);
  REQUIRE(shape.match->leaves.size() == 1);
  CHECK(shape.match->leaves[0].kernel_at == 0);
  REQUIRE(shape.match->base);
  CHECK(shape.match->base->kernel_at != 0);
  REQUIRE(shape.split);
  CHECK(*shape.split == codegen::SplitCode{{9, 10}, {1}});
}

TEST_CASE("methods alone still make code, one outcome per distinct answer", "[codegen]") {
  const auto shape = read_code_shape(decide(R"(
unit a/b:1 http enforce
  source s0 = { a/x }
  match m0 = method in { GET, HEAD }
  route r0 -> a/b:1
  allow to a/b from s0 when m0
)"));
  REQUIRE(shape.match);
  CHECK(shape.match->outcomes.size() == 2);
  const auto outcome = [&](contract::Method method) {
    return shape.match->of_method[static_cast<std::size_t>(method)];
  };
  CHECK(outcome(contract::Method::kGet) == outcome(contract::Method::kHead));
  CHECK(outcome(contract::Method::kGet) != outcome(contract::Method::kPost));
  CHECK(outcome(contract::Method::kPost) == outcome(contract::Method::kOther));
}

TEST_CASE("a split of many backends stays in the tables", "[codegen]") {
  CHECK(read_code_shape(decide(unit_with_backends(codegen::kMaxCodeBackends))).split);
  CHECK_FALSE(read_code_shape(decide(unit_with_backends(codegen::kMaxCodeBackends + 1))).split);
}

TEST_CASE("services of the same shape have the same code, whatever they are called", "[codegen]") {
  CHECK(read_code_shape(decide("unit a/b:1 http permissive\n route r -> a/b:1\n"
                               " allow to any from any\n")) ==
        read_code_shape(decide("unit x/y:2 http permissive\n route r -> x/y:2\n"
                               " allow to any from any\n")));
}
