// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/split_sequence.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

using smic::proxy::SplitSequence;

namespace {

// What split() does with entropy, as the decision ABI says: a fraction of 2^64, scaled to the sum.
std::size_t choose(const std::vector<std::uint64_t>& weights, std::uint64_t total,
                   std::uint64_t entropy) {
  auto left = static_cast<std::uint64_t>((static_cast<unsigned __int128>(entropy) * total) >> 64);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (left < weights[i]) return i;
    left -= weights[i];
  }
  FAIL("entropy beyond the last weight");
  return 0;
}

}  // namespace

TEST_CASE("every sum of weights, consecutive requests are split exactly, wherever one starts") {
  for (const std::vector<std::uint64_t>& weights :
       std::vector<std::vector<std::uint64_t>>{{9, 1},
                                               {1},
                                               {1, 1},
                                               {50, 30, 20},
                                               {1, 0, 2, 97},
                                               {7, 11, 13},
                                               {1000, 1},
                                               {999'983, 17}}) {
    std::uint64_t total = 0;
    for (const std::uint64_t weight : weights) total += weight;
    std::mt19937_64 random(total);
    SplitSequence sequence;
    for (std::uint64_t skip = random() % 100; skip > 0; --skip) sequence.next(total, random());
    std::vector<std::uint64_t> hits(weights.size(), 0);
    for (std::uint64_t i = 0; i < total; ++i) {
      ++hits[choose(weights, total, sequence.next(total, random()))];
    }
    CHECK(hits == weights);
  }
}

TEST_CASE("at no moment is a backend ahead of its share, or behind, by more than three") {
  for (const std::vector<std::uint64_t>& weights : std::vector<std::vector<std::uint64_t>>{
           {700, 200, 90, 10}, {9, 1}, {50, 30, 20}, {39, 21, 42, 62, 36}, {438, 294, 76, 216}}) {
    std::uint64_t total = 0;
    for (const std::uint64_t weight : weights) total += weight;
    SplitSequence sequence;
    std::vector<double> hits(weights.size(), 0);
    for (int i = 1; i <= 5000; ++i) {
      ++hits[choose(weights, total, sequence.next(total, 3))];
      for (std::size_t b = 0; b < weights.size(); ++b) {
        const double share = static_cast<double>(weights[b]) / static_cast<double>(total);
        REQUIRE(std::abs(hits[b] - i * share) < 3);
      }
    }
  }
}

TEST_CASE("a change of weights starts a new round") {
  SplitSequence sequence;
  sequence.next(10, 1);
  std::vector<std::uint64_t> hits(2, 0);
  for (int i = 0; i < 4; ++i) ++hits[choose({3, 1}, 4, sequence.next(4, 99))];
  CHECK(hits == std::vector<std::uint64_t>{3, 1});
}
