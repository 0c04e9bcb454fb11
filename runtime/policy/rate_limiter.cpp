// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/policy/rate_limiter_test.cpp.
#include "runtime/policy/rate_limiter.h"

#include <algorithm>

namespace smic::policy {
namespace {

constexpr std::chrono::seconds kForgetInterval{1};  // looking at every bucket is not for every call

}  // namespace

RateLimiter::RateLimiter(contract::RateLimit limit)
    : scope_(limit.scope),
      interval_(nanoseconds(std::chrono::seconds(1)) / limit.average),
      whole_(interval_ * limit.burst) {}

nanoseconds RateLimiter::take(std::string_view source, Time now) {
  const std::lock_guard lock(mutex_);
  Time& full_at = scope_ == contract::RateScope::service ? shared_ : bucket_of(source, now);
  const Time after = std::max(full_at, now) + interval_;
  const nanoseconds missing = after - now - whole_;
  if (missing > nanoseconds(0)) return missing;
  full_at = after;
  return nanoseconds(0);
}

Time& RateLimiter::bucket_of(std::string_view source, Time now) {
  if (const auto found = full_at_.find(source); found != full_at_.end()) return found->second;
  if (full_at_.size() >= kMaxSources) forget_full_buckets(now);
  if (full_at_.size() >= kMaxSources) return shared_;
  return full_at_.emplace(source, now).first->second;
}

void RateLimiter::forget_full_buckets(Time now) {
  if (now - forgot_at_ < kForgetInterval) return;
  forgot_at_ = now;
  std::erase_if(full_at_, [now](const auto& entry) { return entry.second <= now; });
}

}  // namespace smic::policy
