// SPDX-License-Identifier: Apache-2.0
// So many a second on average, and no more than a burst at once: of our own writes, so that ten
// thousand objects that need a status do not become ten thousand requests in a second.
#pragma once

#include <chrono>
#include <mutex>

#include "controller/kube/fault.h"

namespace smic::kube {

class Rate {
 public:
  Rate(double per_second, double burst)
      : per_second_(per_second), burst_(burst), tokens_(burst), at_(Clock::now()) {}

  // Takes one. How long to wait before it may be used; later takers wait longer.
  std::chrono::milliseconds take(Clock::time_point now);

 private:
  const double per_second_;
  const double burst_;
  std::mutex mutex_;
  double tokens_;  // below zero: so many wait already
  Clock::time_point at_;
};

}  // namespace smic::kube
