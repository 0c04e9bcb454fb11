// SPDX-License-Identifier: Apache-2.0
// How many retries a unit may still have. Retries help when one pod of many fails and make it worse
// when all do: then everybody tries three times, and what was left of the service gets three times
// its traffic. So retries are a fifth of the requests at most, and a few each second besides, for
// services that are called rarely.
#pragma once

#include <cstdint>
#include <mutex>

#include "runtime/policy/rate_limiter.h"

namespace smic::policy {

class RetryBudget {
 public:
  static constexpr std::uint32_t kRequestsPerRetry = 5;
  static constexpr std::uint32_t kMaxSaved = 100;  // retries that a quiet time saves up
  static constexpr contract::RateLimit kReserve{10, 10, contract::RateScope::service};

  void add_request();
  bool take_retry(Time now);

 private:
  std::mutex mutex_;
  std::uint32_t requests_ = 0;  // not yet spent on retries
  RateLimiter reserve_{kReserve};
};

}  // namespace smic::policy
