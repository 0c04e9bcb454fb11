// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "runtime/upstream/upstream.h"

using smic::upstream::pick;

TEST_CASE("with equal load the endpoints take turns") {
  std::vector<int> hits(5, 0);
  std::mt19937 random(1);
  for (std::uint32_t turn = 0; turn < 1000; ++turn) {
    ++hits[pick(5, turn, random(), [](std::size_t) { return 7u; })];
  }
  CHECK(hits == std::vector<int>(5, 200));
}

TEST_CASE("a single endpoint is picked whatever its load") {
  CHECK(pick(1, 41, 17, [](std::size_t) { return 1000u; }) == 0);
}

TEST_CASE("a busy endpoint is spared in favour of one drawn at random") {
  std::vector<int> hits(4, 0);
  std::mt19937 random(1);
  for (std::uint32_t turn = 0; turn < 4000; ++turn) {
    ++hits[pick(4, turn, random(), [](std::size_t i) { return i == 2 ? 9u : 1u; })];
  }
  CHECK(hits[2] == 0);
  for (const std::size_t other : {0u, 1u, 3u}) CHECK(hits[other] > 1200);
}
