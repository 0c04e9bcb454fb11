// SPDX-License-Identifier: Apache-2.0
#include "compiler/codegen/code_shape.h"

#include <array>
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
  CHECK(*shape.split == codegen::SplitCode{{.backends = 1}});
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
  REQUIRE(shape.split->size() == 2);
  CHECK((*shape.split)[0].backends == 2);
  CHECK((*shape.split)[0].sums_at != 0);
  CHECK((*shape.split)[1] == codegen::RouteCode{.backends = 1});
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

TEST_CASE("texts of one length and weights make no other code", "[codegen]") {
  const auto shape_of = [](const std::string& path, int weight) {
    return read_code_shape(
        decide("unit a/b:1 http enforce\n source s = { a/x }\n match m = path ~ \"" + path +
               "/[0-9]+\"\n route r when m -> split { a/c:1 = " + std::to_string(weight) +
               ", a/d:1 = 1 }\n route q -> a/b:1\n allow to a/b from s when m\n"));
  };
  const auto shape = shape_of("/orders", 9);
  CHECK(shape == shape_of("/review", 9));
  CHECK(shape == shape_of("/orders", 90'000));
  CHECK(shape == shape_of("/orders", 0));
  CHECK(shape != shape_of("/order", 9));
}

TEST_CASE("long texts stay in the tables", "[codegen]") {
  const auto match_of = [](const std::string& path) {
    return read_code_shape(decide("unit a/b:1 http enforce\n match m0 = path ~ \"" + path +
                                  "\"\n route r0 when m0 -> unavailable\n route r1 -> a/b:1\n"))
        .match;
  };
  CHECK(match_of(std::string(codegen::kMaxPathBytes, 'a')));
  CHECK_FALSE(match_of(std::string(codegen::kMaxPathBytes + 1, 'a')));
}

TEST_CASE("words that are hashed stay in the tables", "[codegen]") {
  const auto match_of = [](int words) {
    std::string text = "unit a/b:1 http enforce\n source s0 = { a/x }\n";
    std::string all = "m0";
    for (int i = 10; i < 10 + words; ++i) {
      const std::string word = std::to_string(i);
      text += " match m" + std::to_string(i - 10) + " = path ~ \"/" + word + "/x$\"\n";
      if (i != 10) all += " or m" + std::to_string(i - 10);
    }
    return read_code_shape(decide(text + " route r0 when " + all +
                                  " -> unavailable\n route r1 -> a/b:1\n allow to a/b from s0\n"))
        .match;
  };
  CHECK(match_of(5));
  CHECK_FALSE(match_of(20));
}

TEST_CASE("a path that means something else to each method asks the kernel for its leaf",
          "[codegen]") {
  constexpr std::array kNames{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                              "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  const auto leaf_of = [&](std::size_t methods) {
    std::string text = "unit a/b:1 http permissive\n";
    for (std::size_t i = 0; i < methods; ++i) {
      text +=
          " match m" + std::to_string(i) + " = method in { " + kNames[i] + " } and path ~ \"/a\"\n";
    }
    for (std::size_t i = 0; i < methods; ++i) {
      text += " route r" + std::to_string(i) + " when m" + std::to_string(i) + " -> unavailable\n";
    }
    return read_code_shape(decide(text + " route r" + std::to_string(methods) + " -> a/b:1\n"))
        .match->leaves.at(0);
  };
  CHECK(leaf_of(codegen::kMaxLeafTerms).kernel_at == 0);
  CHECK(leaf_of(codegen::kMaxLeafTerms + 1).kernel_at != 0);
}
