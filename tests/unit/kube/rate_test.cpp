// SPDX-License-Identifier: Apache-2.0
#include "controller/kube/rate.h"

#include <catch2/catch.hpp>

using namespace smic::kube;
using std::chrono::milliseconds;

TEST_CASE("a burst goes at once, and what comes after it waits its turn") {
  Rate rate(10, 3);
  const auto now = Clock::now() + std::chrono::seconds(1);
  for (int i = 0; i < 3; ++i) CHECK(rate.take(now) == milliseconds(0));
  CHECK(rate.take(now) == milliseconds(100));
  CHECK(rate.take(now) == milliseconds(200));
  CHECK(rate.take(now + milliseconds(300)) == milliseconds(0));
}

TEST_CASE("who was quiet for long has a burst again, and no more") {
  Rate rate(10, 2);
  const auto now = Clock::now() + std::chrono::hours(1);
  CHECK(rate.take(now) == milliseconds(0));
  CHECK(rate.take(now) == milliseconds(0));
  CHECK(rate.take(now) > milliseconds(0));
}
