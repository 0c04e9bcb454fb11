// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/policy/circuit_breaker_test.cpp.
#include "runtime/policy/circuit_breaker.h"

namespace smic::policy {
namespace {

constexpr std::chrono::seconds kAskSoon{1};  // while others probe

}  // namespace

CircuitBreaker::Permit CircuitBreaker::enter(Time now) {
  const std::lock_guard lock(mutex_);
  follow_time(now);
  switch (state_) {
    case State::closed:
      return {true, {}, round_};
    case State::open:
      return {false, since_ + kOpenTime - now, round_};
    case State::half_open:
      if (probing_ == kProbes) return {false, kAskSoon, round_};
      ++probing_;
      return {true, {}, round_};
  }
  return {};
}

void CircuitBreaker::leave(const Permit& permit, const Ending& ending, Time now) {
  const std::lock_guard lock(mutex_);
  if (permit.round != round_) return;
  if (state_ == State::closed) {
    window_.add(ending, now);
    if (window_.requests(now) >= kLeastRequests && window_.holds(now)) change_to(State::open, now);
    return;
  }
  window_.add(ending, since_);  // probes are judged together, however long one took
  if (++probed_ == kProbes) change_to(window_.holds(since_) ? State::open : State::closed, now);
}

void CircuitBreaker::abandon(const Permit& permit) {
  const std::lock_guard lock(mutex_);
  if (permit.round == round_ && state_ == State::half_open) --probing_;
}

CircuitBreaker::State CircuitBreaker::state(Time now) {
  const std::lock_guard lock(mutex_);
  follow_time(now);
  return state_;
}

void CircuitBreaker::follow_time(Time now) {
  if (state_ == State::open && now - since_ >= kOpenTime) change_to(State::half_open, now);
}

void CircuitBreaker::change_to(State next, Time now) {
  state_ = next;
  ++round_;
  probing_ = probed_ = 0;
  since_ = now;
  window_.clear();
}

}  // namespace smic::policy
