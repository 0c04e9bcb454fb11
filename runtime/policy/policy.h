// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/policy: what it takes to remember to enforce a unit's route policy
// (contract/route_policy.h).
//   RateLimiter      who has called how often of late
//   CircuitBreaker   how requests ended of late, and whether more may go
//   RetryBudget      how much of the traffic is retries
// One of each for a unit and node, shared by the workers and behind a mutex: a caller's connections
// may be on any of them, and a limit of 100 that lets 100 pass on every core is not what was
// written. Units without a policy, nearly all, pay one test of a pointer.
//
// Time is an argument, so nothing here waits and every test is exact. Deliberately absent: sockets,
// HTTP.
#pragma once

#include <memory>

#include "contract/route_policy.h"
#include "runtime/policy/circuit_breaker.h"
#include "runtime/policy/rate_limiter.h"
#include "runtime/policy/retry_budget.h"

namespace smic::policy {

struct UnitPolicy {
  contract::RoutePolicy rules;
  std::shared_ptr<RateLimiter> rate_limiter;  // null: no such rule
  std::shared_ptr<CircuitBreaker> circuit_breaker;
  std::shared_ptr<RetryBudget> retry_budget;
};

// Null if there are no rules, but for how splits share: that is no matter of what happened before.
// What `before` remembers stays with every rule that did not change.
std::shared_ptr<const UnitPolicy> take_up(const contract::RoutePolicy& rules,
                                          const UnitPolicy* before);

}  // namespace smic::policy
