// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <vector>

using namespace smic;

TEST_CASE("every job is done once, whatever the number of threads") {
  for (const unsigned threads : {0u, 1u, 2u, 7u, 64u}) {
    std::vector<int> done(50);
    in_parallel(done.size(), threads, [&](std::size_t i) { ++done[i]; });
    CHECK(done == std::vector<int>(50, 1));
  }
}

TEST_CASE("no jobs are nothing to wait for") {
  in_parallel(0, machine_threads(), [](std::size_t) { FAIL("there is no job"); });
  CHECK(machine_threads() >= 1);
}

TEST_CASE("jobs run beside each other") {
  // Each waits for the other: one thread alone would never come back.
  std::atomic<int> arrived = 0;
  in_parallel(2, 2, [&](std::size_t) {
    ++arrived;
    while (arrived < 2) {
    }
  });
  CHECK(arrived == 2);
}
