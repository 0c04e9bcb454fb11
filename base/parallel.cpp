// SPDX-License-Identifier: Apache-2.0
// Jobs are taken one by one from a counter: units differ a thousandfold in cost, and a fixed share
// each would leave threads idle. Tested by tests/unit/base/parallel_test.cpp.
#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace smic {

void in_parallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) job(i);
  };
  std::vector<std::jthread> others;
  const std::size_t wanted = std::min<std::size_t>(threads, count);
  for (std::size_t i = 1; i < wanted; ++i) others.emplace_back(work);
  work();
}

unsigned machine_threads() { return std::max(1u, std::thread::hardware_concurrency()); }

}  // namespace smic
