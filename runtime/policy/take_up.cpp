// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/policy/take_up_test.cpp.
#include "runtime/policy/policy.h"

namespace smic::policy {
namespace {

// Rules are the same if their values are; the line that set them may have moved.
template <class T>
bool same(const contract::Optional<T>& a, const contract::Optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || a->value == b->value);
}

}  // namespace

std::shared_ptr<const UnitPolicy> take_up(const contract::RoutePolicy& rules,
                                          const UnitPolicy* before) {
  contract::RoutePolicy of_requests = rules;
  of_requests.split_shares.reset();  // the decision reads it where it stands
  if (of_requests.empty()) return nullptr;
  static const UnitPolicy kNothing;
  const UnitPolicy& old = before == nullptr ? kNothing : *before;
  auto policy = std::make_shared<UnitPolicy>();
  policy->rules = rules;
  if (rules.rate_limit) {
    policy->rate_limiter = same(rules.rate_limit, old.rules.rate_limit)
                               ? old.rate_limiter
                               : std::make_shared<RateLimiter>(rules.rate_limit->value);
  }
  if (rules.circuit_breaker) {
    policy->circuit_breaker = same(rules.circuit_breaker, old.rules.circuit_breaker)
                                  ? old.circuit_breaker
                                  : std::make_shared<CircuitBreaker>(rules.circuit_breaker->value);
  }
  if (rules.retry_attempts) {
    policy->retry_budget = old.retry_budget ? old.retry_budget : std::make_shared<RetryBudget>();
  }
  return policy;
}

}  // namespace smic::policy
