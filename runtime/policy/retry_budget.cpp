// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/policy/retry_budget_test.cpp.
#include "runtime/policy/retry_budget.h"

namespace smic::policy {

void RetryBudget::add_request() {
  const std::lock_guard lock(mutex_);
  if (requests_ < kMaxSaved * kRequestsPerRetry) ++requests_;
}

bool RetryBudget::take_retry(Time now) {
  const std::lock_guard lock(mutex_);
  if (requests_ >= kRequestsPerRetry) {
    requests_ -= kRequestsPerRetry;
    return true;
  }
  return reserve_.take({}, now) == nanoseconds(0);
}

}  // namespace smic::policy
