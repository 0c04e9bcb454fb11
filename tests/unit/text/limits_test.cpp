// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/text/text.h"
#include "tests/support/expect_diagnostic.h"
#include "tests/support/read_units.h"

using namespace smic;
using test::expect_diagnostics;
using test::Reading;

TEST_CASE("a file beyond the limit is not looked at", "[text]") {
  expect_diagnostics(Reading(std::string(text::kMaxBytes + 1, ' ')).diagnostics)
      .has("E52")
      .times(1)
      .message("more than 67108864");
}

TEST_CASE("after so many mistakes the rest is not read", "[text]") {
  for (const std::string_view noise : {"[", "\"", "unit", "\"\n", "match match\n", "\xff", "a/"}) {
    std::string text;
    while (text.size() < 10'000'000) text += noise;
    const Reading reading(std::move(text));
    const auto told = reading.diagnostics.sorted();
    CHECK(told.size() <= text::kMaxMistakes + 1);
    CHECK(reading.diagnostics.has_errors());
  }
}

TEST_CASE("a long mistake is told in a short line", "[text]") {
  const Reading reading("unit " + std::string(1'000'000, 'x'));
  REQUIRE(reading.diagnostics.sorted().at(0).message.size() < 200);
}

TEST_CASE("a large unit reads back", "[text]") {
  std::string text = "unit a/b:1 http enforce\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "  match m" + std::to_string(i) + " = method in { GET, HEAD } and path ~ \"/service/" +
            std::to_string(i) + "/[0-9]+\" @ \"HTTPRouteGroup shop/api\" \"api.yaml\":7\n";
  }
  text += "  route r0 -> a/b:1 @ \"\" \"\":0\n";
  REQUIRE(ir::print(test::read_unit(text)) == text);
}
