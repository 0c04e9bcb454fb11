// SPDX-License-Identifier: Apache-2.0
#include "contract/route_policy.h"

#include <catch2/catch.hpp>

using namespace smic::contract;
using std::chrono::milliseconds;

TEST_CASE("durations are a number and a unit, from 1ms to a day", "[policy]") {
  CHECK(duration_from("250ms") == milliseconds(250));
  CHECK(duration_from("2s") == milliseconds(2000));
  CHECK(duration_from("1.5s") == milliseconds(1500));
  CHECK(duration_from("5m") == milliseconds(300'000));
  CHECK(duration_from("24h") == kMaxPolicyTimeout);
  for (const char* bad : {"", "s", "2", "2 s", "-2s", "2d", "0s", "0.1ms", "25h", "1.s", ".5s",
                          "1.5000s", "9999999999s", "2s2", "1e3s"}) {
    INFO(bad);
    CHECK_FALSE(duration_from(bad));
  }
}

TEST_CASE("a duration reads back as it was written", "[policy]") {
  for (const int count : {1, 250, 999, 1000, 1500, 60'000, 86'400'000}) {
    CHECK(duration_from(duration_text(milliseconds(count))) == milliseconds(count));
  }
  CHECK(duration_text(milliseconds(2000)) == "2s");
  CHECK(duration_text(milliseconds(1500)) == "1500ms");
}

TEST_CASE("a policy's lines are its settings in words", "[policy]") {
  RoutePolicy policy;
  CHECK(policy.empty());
  CHECK(lines_of(policy).empty());
  policy.rate_limit = {{100, 200, RateScope::source}, {"Service shop/web", "shop.yaml", 7}};
  policy.scheme = {Scheme::h2c, {}};
  const auto lines = lines_of(policy);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].value == "h2c");
  CHECK(lines[1].name == "rate-limit");
  CHECK(lines[1].value == "100 with-burst 200 per-source");
  CHECK(lines[1].origin.line == 7);
  policy.split_shares = {SplitShares::strict, {}};
  CHECK(lines_of(policy).back().name == "split-shares");
  CHECK(lines_of(policy).back().value == "strict");
  CHECK(split_shares_from("redistribute") == SplitShares::redistribute);
  CHECK_FALSE(split_shares_from("Strict"));
}

TEST_CASE("numbers that make no sense break a rule", "[policy]") {
  RoutePolicy policy;
  policy.retry_attempts = {kMaxRetryAttempts, {}};
  policy.rate_limit = {{1, kMaxRate, RateScope::service}, {}};
  policy.idle_timeout = {kMaxPolicyTimeout, {}};
  CHECK(broken_rule(policy) == "");
  policy.idle_timeout->value = milliseconds(0);
  CHECK(broken_rule(policy) == "has a timeout that is not 1ms to 24h");
  policy.idle_timeout.reset();
  for (const std::uint32_t attempts : {0u, kMaxRetryAttempts + 1}) {
    policy.retry_attempts->value = attempts;
    CHECK(broken_rule(policy) == "has retry attempts that are not 1 to 10");
  }
  policy.retry_attempts.reset();
  policy.rate_limit->value.burst = 0;
  CHECK(broken_rule(policy) == "has a rate that is not 1 to 1000000");
}
