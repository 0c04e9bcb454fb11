// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/policy/policy.h"

using namespace smic;
using contract::RoutePolicy;

namespace {

RoutePolicy rules(std::uint32_t average, std::uint32_t line) {
  RoutePolicy policy;
  const contract::Origin origin{"Service shop/web", "shop.yaml", line};
  policy.rate_limit = {{average, 5, contract::RateScope::source}, origin};
  policy.circuit_breaker = {*contract::BreakerExpression::parse("NetworkErrorRatio() > 0.5"),
                            origin};
  policy.retry_attempts = {2, origin};
  return policy;
}

}  // namespace

TEST_CASE("no rules are no policy") { CHECK(policy::take_up({}, nullptr) == nullptr); }

TEST_CASE("a rule that did not change keeps what it remembers, one that did starts anew") {
  const auto first = policy::take_up(rules(10, 1), nullptr);
  const auto moved = policy::take_up(rules(10, 2), first.get());
  CHECK(moved->rate_limiter == first->rate_limiter);
  CHECK(moved->circuit_breaker == first->circuit_breaker);
  CHECK(moved->retry_budget == first->retry_budget);
  CHECK(moved->rules.rate_limit->origin.line == 2);
  const auto changed = policy::take_up(rules(11, 2), moved.get());
  CHECK(changed->rate_limiter != first->rate_limiter);
  CHECK(changed->circuit_breaker == first->circuit_breaker);
}

TEST_CASE("how splits share is nothing to remember") {
  RoutePolicy policy;
  policy.split_shares = {contract::SplitShares::strict, {}};
  CHECK(policy::take_up(policy, nullptr) == nullptr);
}

TEST_CASE("a policy remembers only for the rules that it has") {
  RoutePolicy only_timeout;
  only_timeout.request_timeout = {std::chrono::seconds(1), {}};
  const auto policy = policy::take_up(only_timeout, policy::take_up(rules(1, 1), nullptr).get());
  REQUIRE(policy);
  CHECK_FALSE(policy->rate_limiter);
  CHECK_FALSE(policy->circuit_breaker);
  CHECK_FALSE(policy->retry_budget);
}
