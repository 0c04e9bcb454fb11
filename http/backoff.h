// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next try: twice as long each time, up to a limit, each wait drawn
// between half of it and all of it, so that the controllers of a cluster do not come back as one
// when its API does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace smic::http {

class Backoff {
 public:
  struct Limits {
    std::chrono::milliseconds first{100};
    std::chrono::milliseconds most{30'000};
  };

  Backoff(Limits limits, std::uint64_t seed) : limits_(limits), random_(seed) {}

  // Never less than the server asked for.
  std::chrono::milliseconds next(std::optional<std::chrono::seconds> at_least = std::nullopt);
  void reset() { step_ = std::chrono::milliseconds(0); }

 private:
  Limits limits_;
  std::chrono::milliseconds step_{0};
  std::mt19937_64 random_;
};

}  // namespace smic::http
