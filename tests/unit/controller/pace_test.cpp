// SPDX-License-Identifier: Apache-2.0
#include "controller/pace.h"

#include <catch2/catch.hpp>

using smic::controller::Pace;
using namespace std::chrono_literals;

namespace {

const Pace::Clock::time_point kStart{1h};

Pace started() {
  Pace pace;
  pace.worked(10s, kStart);
  return pace;
}

}  // namespace

TEST_CASE("who changes something right after a start does not wait for it") {
  Pace pace = started();
  CHECK(pace.rest(kStart) == 0ns);
  pace.worked(5ms, kStart);
  CHECK(pace.rest(kStart) == 0ns);
}

TEST_CASE("a change that comes alone does not wait, nor do a few") {
  Pace pace = started();
  CHECK(pace.rest(kStart) == 0ns);
  for (int i = 0; i < 10; ++i) pace.worked(5ms, kStart);
  CHECK(pace.rest(kStart) == 0ns);
  pace.worked(5ms, kStart);
  CHECK(pace.rest(kStart) == 5ms * Pace::kShare);
  CHECK(pace.rest(kStart + 1min) == 0ns);
}

TEST_CASE("under a stream of changes the work is a share of the time") {
  Pace pace = started();
  auto now = kStart;
  Pace::Duration work = 0ns;
  while (now < kStart + 10s) {
    now += pace.rest(now) + 3ms;  // there is always something to do
    pace.worked(3ms, now);
    work += 3ms;
  }
  const double share =
      std::chrono::duration<double>(work) / std::chrono::duration<double>(now - kStart);
  CHECK(share < 1.1 / Pace::kShare);
  CHECK(share > 0.9 / Pace::kShare);
}

TEST_CASE("a long piece of work is no reason for a long rest") {
  Pace pace = started();
  pace.worked(20s, kStart);
  CHECK(pace.rest(kStart) <= Pace::kLongestRest);
  CHECK(pace.rest(kStart) > 0ns);
}
