// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <numeric>

#include "tests/differential/run.h"
#include "tests/support/small_units.h"

using namespace smic;

namespace {

// There are some 14 million small units. A run visits them in large steps that share no factor with
// their number, so that a short one sees all digits in all places and a long one all units.
constexpr std::uint64_t kStep = 7'368'787;

}  // namespace

TEST_CASE("all engines agree on small units and every small request", "[differential]") {
  constexpr std::size_t kUnits = 1500;
  constexpr std::size_t kCostlyEvery = 30;
  const std::uint64_t count = test::small_unit_count();
  test::repeat(kUnits, [&](std::size_t i) {
    const std::uint64_t number = (i * kStep) % count;
    INFO("small unit " << number);
    test::compare(test::small_unit(number), test::small_requests(), i % kCostlyEvery == 0);
  });
}

TEST_CASE("the step through the small units meets them all", "[differential]") {
  REQUIRE(std::gcd(test::small_unit_count(), kStep) == 1);
}
