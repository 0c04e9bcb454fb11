// SPDX-License-Identifier: Apache-2.0
#include "runtime/policy/circuit_breaker.h"

#include <catch2/catch.hpp>
#include <string>

using namespace smic::policy;
using namespace std::chrono_literals;
using smic::contract::BreakerExpression;
using State = CircuitBreaker::State;

namespace {

constexpr Time kStart{1h};
constexpr Ending kFine{200, false, 10ms};
constexpr Ending kBroken{503, true, 10ms};

struct Tried {
  explicit Tried(std::string_view expression) : breaker(*BreakerExpression::parse(expression)) {}

  // A request at `now` that ends at once. False if it was refused.
  bool request(const Ending& ending) {
    const auto permit = breaker.enter(now);
    if (permit.granted) breaker.leave(permit, ending, now);
    return permit.granted;
  }
  Tried& requests(int count, const Ending& ending) {
    for (int i = 0; i < count; ++i) request(ending);
    return *this;
  }
  State state() { return breaker.state(now); }

  CircuitBreaker breaker;
  Time now = kStart;
};

// What the expression says of 100 requests with latencies of 1 to 100 ms.
bool of_latencies(const std::string& expression) {
  Window window(*BreakerExpression::parse(expression));
  for (int i = 1; i <= 100; ++i) window.add({200, false, i * 1ms}, kStart);
  return window.holds(kStart);
}

}  // namespace

TEST_CASE("a breaker opens when its expression holds, half opens later and closes if all is well") {
  Tried tried("NetworkErrorRatio() > 0.5");
  tried.requests(5, kFine).requests(5, kBroken);
  CHECK(tried.state() == State::closed);  // half is not more than half
  CHECK(tried.request(kBroken));
  CHECK(tried.state() == State::open);
  CHECK_FALSE(tried.request(kFine));
  CHECK(tried.breaker.enter(tried.now + 4s).retry_after == 6s);
  tried.now += CircuitBreaker::kOpenTime;
  CHECK(tried.state() == State::half_open);
  CHECK(tried.request(kFine));
  CHECK(tried.request(kFine));
  CHECK(tried.state() == State::half_open);
  CHECK(tried.request(kFine));
  CHECK(tried.state() == State::closed);
  CHECK(tried.request(kBroken));  // what was before is forgotten
  CHECK(tried.state() == State::closed);
}

TEST_CASE("a half open breaker lets a few go, and opens again if they fare no better") {
  Tried tried("NetworkErrorRatio() > 0.5");
  tried.requests(5, kBroken);
  tried.now += CircuitBreaker::kOpenTime;
  CircuitBreaker::Permit probes[CircuitBreaker::kProbes];
  for (auto& probe : probes) {
    probe = tried.breaker.enter(tried.now);
    CHECK(probe.granted);
  }
  CHECK_FALSE(tried.breaker.enter(tried.now).granted);
  tried.now += 1min;  // however long they take
  for (const auto& probe : probes) {
    CHECK(tried.state() == State::half_open);
    tried.breaker.leave(probe, kBroken, tried.now);
  }
  CHECK(tried.state() == State::open);
}

TEST_CASE("a probe that is abandoned makes room for another") {
  Tried tried("NetworkErrorRatio() > 0.5");
  tried.requests(5, kBroken);
  tried.now += CircuitBreaker::kOpenTime;
  const auto breaker =
      std::make_shared<CircuitBreaker>(*BreakerExpression::parse("NetworkErrorRatio() > 0"));
  for (int i = 0; i < 5; ++i) {
    const auto permit = breaker->enter(kStart);
    breaker->leave(permit, kBroken, kStart);
  }
  const Time later = kStart + CircuitBreaker::kOpenTime;
  for (int i = 0; i < 20; ++i) {
    const auto permit = breaker->enter(later);
    REQUIRE(permit.granted);
    const Passage passage(breaker, permit);
  }
  Passage first(breaker, breaker->enter(later));
  Passage moved = std::move(first);
  moved.end(kFine, later);
  CHECK_FALSE(moved);
  CHECK(breaker->state(later) == State::half_open);
}

TEST_CASE("a few requests are no reason, and what is longer ago than ten seconds is none either") {
  Tried tried("NetworkErrorRatio() > 0.5");
  tried.requests(4, kBroken);
  CHECK(tried.state() == State::closed);
  tried.now += 10s;
  tried.requests(4, kBroken);
  CHECK(tried.state() == State::closed);
  tried.now += 9s;
  tried.request(kBroken);
  CHECK(tried.state() == State::open);
}

TEST_CASE("what began before a change says nothing about the time after it") {
  Tried tried("NetworkErrorRatio() > 0.5");
  const auto early = tried.breaker.enter(tried.now);
  tried.requests(5, kBroken);
  tried.now += CircuitBreaker::kOpenTime;
  for (int i = 0; i < 3; ++i) tried.breaker.leave(early, kFine, tried.now);
  tried.breaker.abandon(early);
  CHECK(tried.state() == State::half_open);
}

TEST_CASE("quantiles are exact, for every comparison") {
  CHECK(of_latencies("LatencyAtQuantileMS(50.0) == 50"));
  CHECK(of_latencies("LatencyAtQuantileMS(50.0) >= 50"));
  CHECK_FALSE(of_latencies("LatencyAtQuantileMS(50.0) > 50"));
  CHECK(of_latencies("LatencyAtQuantileMS(50.0) > 49.999999"));
  CHECK(of_latencies("LatencyAtQuantileMS(50.1) > 50"));
  CHECK(of_latencies("LatencyAtQuantileMS(99.0) <= 99"));
  CHECK(of_latencies("LatencyAtQuantileMS(100) == 100"));
  CHECK(of_latencies("LatencyAtQuantileMS(0.000001) == 1"));
  CHECK(of_latencies("LatencyAtQuantileMS(99.0) < 99.5"));
  CHECK(of_latencies("LatencyAtQuantileMS(99.0) != 98"));
  CHECK_FALSE(of_latencies("LatencyAtQuantileMS(99.0) < 99"));
}

TEST_CASE("codes are counted in ranges without their ends, and of nothing the ratio is 0") {
  Window window(*BreakerExpression::parse("ResponseCodeRatio(500, 600, 200, 600) == 0.25"));
  CHECK_FALSE(window.holds(kStart));
  for (const std::uint32_t status : {500u, 200u, 404u, 499u, 600u, 199u}) {
    window.add({status, false, {}}, kStart);
  }
  CHECK(window.holds(kStart));
  Window nothing(*BreakerExpression::parse("ResponseCodeRatio(0, 1, 0, 1) == 0"));
  CHECK(nothing.holds(kStart));
}

TEST_CASE("parts of an expression are counted apart") {
  Tried tried(
      "NetworkErrorRatio() > 0.5 || LatencyAtQuantileMS(50) > 100 && "
      "ResponseCodeRatio(500, 600, 0, 600) > 0.5");
  tried.requests(10, {200, false, 500ms});
  CHECK(tried.state() == State::closed);
  tried.requests(11, {500, false, 500ms});
  CHECK(tried.state() == State::open);
}
