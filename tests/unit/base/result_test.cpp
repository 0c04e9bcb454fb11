// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <catch2/catch.hpp>

using namespace smic;

namespace {
Result<int> inner() { return fail("no such file"); }
Result<std::string> outer() {
  auto number = inner();
  if (!number) return fail(number, "load image");
  return std::to_string(*number);
}
}  // namespace

TEST_CASE("an error carries its chain of contexts, outermost first") {
  REQUIRE_FALSE(outer().has_value());
  CHECK(outer().error().message == "load image: no such file");
}
