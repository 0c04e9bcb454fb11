// SPDX-License-Identifier: Apache-2.0
// Closed: requests go, and how they end is remembered for ten seconds. When the expression holds
// of what is remembered, the breaker opens: requests are refused, so that a service that is
// drowning gets time. After ten seconds it is half open: a few requests go, and when all have ended
// they alone decide between open again and closed.
//
// Traefik's breaker can be tripped by the first request of a quiet minute, if that one fails; here
// it takes kLeastRequests to have an opinion.
//
// No latencies are stored. "the 99th percentile is above 250 ms" is the same as "of n requests,
// fewer than 0.99·n took 250 ms or less", and since the threshold is known beforehand, counting the
// requests on either side of it answers every comparison exactly.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "contract/breaker_expression.h"
#include "runtime/policy/rate_limiter.h"

namespace smic::policy {

// How a request ended.
struct Ending {
  std::uint32_t status = 0;    // of the response
  bool network_error = false;  // no endpoint gave an answer, or it was 502 or 504
  nanoseconds latency{};       // to the response's head
};

// What of the last ten seconds an expression asks about.
class Window {
 public:
  explicit Window(contract::BreakerExpression expression);

  void add(const Ending& ending, Time now);
  void clear();
  std::uint64_t requests(Time now);
  bool holds(Time now);

  static constexpr std::size_t kSlices = 10;
  static constexpr std::chrono::seconds kSlice{1};

 private:
  // For one test. A ratio is `first` by `second`; of latencies, `first` are below the threshold and
  // `second` above it.
  struct Tally {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
  };
  struct Slice {
    std::uint64_t requests = 0;
    std::vector<Tally> tallies;  // by test
  };

  static Tally tally_of(const Ending& ending, const contract::Test& test);
  void advance(Time now);
  void forget(Slice& slice);

  contract::BreakerExpression expression_;
  std::vector<contract::Test> tests_;
  std::array<Slice, kSlices> slices_;
  Slice all_;                // the sum of them
  std::int64_t newest_ = 0;  // number of the slice that `now` was in, counted since the epoch
};

class CircuitBreaker {
 public:
  static constexpr std::uint64_t kLeastRequests = 5;
  static constexpr std::chrono::seconds kOpenTime{10};
  static constexpr std::uint32_t kProbes = 3;

  enum class State : std::uint8_t { closed, half_open, open };

  explicit CircuitBreaker(contract::BreakerExpression trips) : window_(std::move(trips)) {}

  // Whether a request may go, and if not, when to ask again. Who may go tells its end with leave(),
  // or abandon() if there is nothing to tell: the caller went away.
  struct Permit {
    bool granted = false;
    nanoseconds retry_after{};
    std::uint64_t round = 0;
  };
  Permit enter(Time now);
  void leave(const Permit& permit, const Ending& ending, Time now);
  void abandon(const Permit& permit);

  State state(Time now);

 private:
  void change_to(State next, Time now);
  void follow_time(Time now);

  std::mutex mutex_;
  Window window_;
  State state_ = State::closed;
  Time since_{};               // the last change of state
  std::uint64_t round_ = 0;    // grows with each change: endings from before it say nothing
  std::uint32_t probing_ = 0;  // granted while half open, and of these
  std::uint32_t probed_ = 0;   // ended
};

// A permit that cannot be forgotten: what goes without having told its end is abandoned.
class Passage {
 public:
  Passage() = default;
  Passage(std::shared_ptr<CircuitBreaker> breaker, const CircuitBreaker::Permit& permit)
      : breaker_(std::move(breaker)), permit_(permit) {}
  Passage(Passage&& other) noexcept
      : breaker_(std::exchange(other.breaker_, nullptr)), permit_(other.permit_) {}
  Passage& operator=(Passage&& other) noexcept {
    std::swap(breaker_, other.breaker_);
    std::swap(permit_, other.permit_);
    return *this;
  }
  ~Passage() {
    if (breaker_) breaker_->abandon(permit_);
  }

  explicit operator bool() const { return breaker_ != nullptr; }
  void end(const Ending& ending, Time now) {
    if (const auto breaker = std::exchange(breaker_, nullptr)) breaker->leave(permit_, ending, now);
  }

 private:
  std::shared_ptr<CircuitBreaker> breaker_;
  CircuitBreaker::Permit permit_;
};

}  // namespace smic::policy
