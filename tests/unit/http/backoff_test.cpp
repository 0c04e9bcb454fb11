// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "http/backoff.h"

using namespace smic::http;
using std::chrono::milliseconds;

TEST_CASE("waits double up to a limit, each drawn from the upper half") {
  Backoff backoff({milliseconds(100), milliseconds(1000)}, 7);
  for (const int most : {100, 200, 400, 800, 1000, 1000}) {
    const auto wait = backoff.next();
    CHECK(wait >= milliseconds(most / 2));
    CHECK(wait <= milliseconds(most));
  }
  backoff.reset();
  CHECK(backoff.next() <= milliseconds(100));
}

TEST_CASE("the same seed gives the same waits, another seed others") {
  const auto waits = [](std::uint64_t seed) {
    Backoff backoff({milliseconds(1000), milliseconds(100'000)}, seed);
    std::vector<milliseconds> all;
    for (int i = 0; i < 5; ++i) all.push_back(backoff.next());
    return all;
  };
  CHECK(waits(7) == waits(7));
  CHECK(waits(7) != waits(8));
}

TEST_CASE("no wait is shorter than the server asked for") {
  Backoff backoff({milliseconds(10), milliseconds(20)}, 7);
  CHECK(backoff.next(std::chrono::seconds(3)) >= milliseconds(3000));
}
