// SPDX-License-Identifier: Apache-2.0
// Tested by rate_test.cpp.
#include "controller/kube/rate.h"

#include <algorithm>

namespace smic::kube {

std::chrono::milliseconds Rate::take(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (now > at_) {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
    at_ = now;
  }
  tokens_ -= 1;
  if (tokens_ >= 0) return std::chrono::milliseconds(0);
  return std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::duration<double>(-tokens_ / per_second_));
}

}  // namespace smic::kube
