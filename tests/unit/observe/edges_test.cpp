// SPDX-License-Identifier: Apache-2.0
#include "runtime/observe/edges.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::observe;
using namespace std::chrono_literals;

namespace {

const std::chrono::steady_clock::time_point kBegin(1h);

contract::EdgeNames named(int number) {
  contract::EdgeNames names;
  names.source = "shop/" + std::to_string(number);
  return names;
}

}  // namespace

TEST_CASE("edges of several workers are added up") {
  EdgeTable one, other;
  one.series(named(1), kBegin)->count(true, kBegin, 1ms);
  one.series(named(1), kBegin)->count(false, kBegin, 1ms);
  other.series(named(1), kBegin)->count(true, kBegin, 2s);
  other.series(named(2), kBegin)->count(true, kBegin, 1ms);
  EdgeTable::Sums sums;
  one.add_to(sums);
  other.add_to(sums);
  REQUIRE(sums.size() == 2);
  CHECK(sums[named(1)].success == 2);
  CHECK(sums[named(1)].failure == 1);
  CHECK(sums[named(1)].latency.size() == 2);
  CHECK(sums[named(1)].latency[0].second == 2);
}

TEST_CASE("a full table lets go of what nobody held for long, and counts on when it cannot") {
  EdgeTable table;
  const auto held = table.series(named(0), kBegin);
  for (std::size_t i = 1; i < kMaxEdges; ++i) table.series(named(static_cast<int>(i)), kBegin);
  const auto nobody = table.series(named(1'000'000), kBegin + 1min);
  nobody->count(true, kBegin + 1min, 1ms);
  EdgeTable::Sums sums;
  table.add_to(sums);
  CHECK(sums[contract::EdgeNames{}].success == 1);
  table.series(named(1'000'000), kBegin + 1h);
  EdgeTable::Sums later;
  table.add_to(later);
  CHECK(later.size() == 3);  // what is held, and the new one
  CHECK(later.contains(named(0)));
  CHECK(later.contains(named(1'000'000)));
}
