// SPDX-License-Identifier: Apache-2.0
#include "runtime/policy/rate_limiter.h"

#include <catch2/catch.hpp>

using namespace smic::policy;
using namespace std::chrono_literals;
using smic::contract::RateLimit;
using smic::contract::RateScope;

namespace {

constexpr Time kStart{1h};
constexpr nanoseconds kTaken{0};

// How many of `tries` requests at one moment pass.
int pass(RateLimiter& limiter, std::string_view source, Time now, int tries) {
  int passed = 0;
  for (int i = 0; i < tries; ++i) passed += limiter.take(source, now) == kTaken;
  return passed;
}

}  // namespace

TEST_CASE("a burst passes at once, then as many a second as the average") {
  RateLimiter limiter({10, 5, RateScope::source});
  CHECK(pass(limiter, "a", kStart, 20) == 5);
  CHECK(pass(limiter, "a", kStart + 99ms, 20) == 0);
  CHECK(pass(limiter, "a", kStart + 100ms, 20) == 1);
  CHECK(pass(limiter, "a", kStart + 400ms, 20) == 3);
  CHECK(pass(limiter, "a", kStart + 1h, 20) == 5);
  int passed = 0;
  for (int i = 0; i < 1000; ++i) passed += pass(limiter, "b", kStart + i * 10ms, 1);
  CHECK(passed == 5 + 99);  // the burst, and ten seconds' worth
}

TEST_CASE("who is refused is told when there is a token") {
  RateLimiter limiter({4, 1, RateScope::source});
  CHECK(limiter.take("a", kStart) == kTaken);
  CHECK(limiter.take("a", kStart) == 250ms);
  CHECK(limiter.take("a", kStart + 100ms) == 150ms);
  CHECK(limiter.take("a", kStart + 250ms) == kTaken);
}

TEST_CASE("each source has a bucket of its own, or all have one") {
  RateLimiter each({1, 2, RateScope::source});
  CHECK(pass(each, "a", kStart, 5) == 2);
  CHECK(pass(each, "b", kStart, 5) == 2);
  RateLimiter together({1, 2, RateScope::service});
  CHECK(pass(together, "a", kStart, 5) == 2);
  CHECK(pass(together, "b", kStart, 5) == 0);
  CHECK(together.sources() == 0);
}

TEST_CASE("sources are forgotten when their bucket is full, and at most so many are known") {
  RateLimiter limiter({1, 2, RateScope::source});
  for (std::size_t i = 0; i < RateLimiter::kMaxSources; ++i) {
    CHECK(limiter.take(std::to_string(i), kStart) == kTaken);
  }
  CHECK(limiter.sources() == RateLimiter::kMaxSources);
  // Nothing can be forgotten yet, so all that are new share one bucket.
  CHECK(pass(limiter, "late", kStart, 5) == 2);
  CHECK(pass(limiter, "later", kStart, 5) == 0);
  CHECK(pass(limiter, "0", kStart, 5) == 1);
  CHECK(limiter.sources() == RateLimiter::kMaxSources);
  CHECK(pass(limiter, "new", kStart + 3s, 5) == 2);
  CHECK(limiter.sources() == 1);
}

TEST_CASE("the largest numbers do not overflow") {
  RateLimiter limiter({1, smic::contract::kMaxRate, RateScope::service});
  CHECK(pass(limiter, "a", kStart, 1'000'001) == 1'000'000);
  RateLimiter fast({smic::contract::kMaxRate, 1, RateScope::service});
  CHECK(pass(fast, "a", kStart, 2) == 1);
  CHECK(pass(fast, "a", kStart + 1us, 2) == 1);
}
