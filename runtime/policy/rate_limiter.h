// SPDX-License-Identifier: Apache-2.0
// A token bucket for each source, as one number each: when the bucket will be full again. Taking a
// token moves that moment one interval further; there is no token if it would then be more than a
// whole bucket away. So nothing refills buckets, and one that is full need not be remembered.
//
// Traefik Mesh delays a request that comes a little too early; here it is refused at once and told
// when to come again: a proxy that holds requests back is one more queue that can fill.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "contract/route_policy.h"

namespace smic::policy {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::nanoseconds;

class RateLimiter {
 public:
  // Sources remembered at once. Beyond, those that come new share one bucket.
  static constexpr std::size_t kMaxSources = 65'536;

  explicit RateLimiter(contract::RateLimit limit);

  // Takes a token for `source`, and returns 0. Or how long it is until there is one.
  nanoseconds take(std::string_view source, Time now);

  std::size_t sources() const { return full_at_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  Time& bucket_of(std::string_view source, Time now);
  void forget_full_buckets(Time now);

  const contract::RateScope scope_;
  const nanoseconds interval_;  // between tokens
  const nanoseconds whole_;     // to fill an empty bucket
  std::mutex mutex_;
  std::unordered_map<std::string, Time, Hash, std::equal_to<>> full_at_;
  Time shared_{};
  Time forgot_at_{};
};

}  // namespace smic::policy
