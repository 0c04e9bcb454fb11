// SPDX-License-Identifier: Apache-2.0
// What a Service's owner asks of the proxy beyond routes and access: how long to wait, how often to
// try, when to say no. It belongs to a unit as a whole and is data: it is in no image, so changing
// it compiles nothing. The annotations it comes from are in docs/annotations.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/breaker_expression.h"
#include "contract/origin.h"

namespace smic::contract {

// How the proxy speaks to the pods.
enum class Scheme : std::uint8_t { http, h2c, https };

// A token bucket of `burst` tokens, of which `average` come back each second: on every node, for
// each address that calls, or for all callers together.
enum class RateScope : std::uint8_t { source, service };
struct RateLimit {
  std::uint32_t average = 0;
  std::uint32_t burst = 0;
  RateScope scope = RateScope::source;
  bool operator==(const RateLimit&) const = default;
};

// Where the share of a split's backend goes that has no ready endpoint (D-20c): to the others by
// their weights, or nowhere, so that no backend ever gets more than was written for it.
enum class SplitShares : std::uint8_t { redistribute, strict };

inline constexpr std::chrono::milliseconds kMaxPolicyTimeout = std::chrono::hours(24);
inline constexpr std::uint32_t kMaxRetryAttempts = 10;
inline constexpr std::uint32_t kMaxRate = 1'000'000;

// A value, and the line that set it.
template <class T>
struct Setting {
  T value;
  Origin origin;
  bool operator==(const Setting&) const = default;
};
template <class T>
using Optional = std::optional<Setting<T>>;

struct RoutePolicy {
  Optional<Scheme> scheme;
  Optional<std::chrono::milliseconds> request_timeout;  // to the response's head, all attempts
  Optional<std::chrono::milliseconds> idle_timeout;     // no byte either way
  Optional<std::uint32_t> retry_attempts;               // in total; 1 = no retry
  Optional<RateLimit> rate_limit;
  Optional<BreakerExpression> circuit_breaker;
  Optional<SplitShares> split_shares;

  bool empty() const { return *this == RoutePolicy{}; }
  bool strict_shares() const { return split_shares && split_shares->value == SplitShares::strict; }
  bool operator==(const RoutePolicy&) const = default;
};

std::string_view word_of(Scheme scheme);       // "h2c"
std::string_view word_of(RateScope scope);     // "source"
std::string_view word_of(SplitShares shares);  // "strict"
std::optional<Scheme> scheme_from(std::string_view word);
std::optional<RateScope> rate_scope_from(std::string_view word);
std::optional<SplitShares> split_shares_from(std::string_view word);

// "2s" or "1500ms"; "5m", "1h" and "1.5s" are read too. Absent: no duration, or none from 1ms to
// kMaxPolicyTimeout.
std::string duration_text(std::chrono::milliseconds duration);
std::optional<std::chrono::milliseconds> duration_from(std::string_view text);

// Every setting that is there, in the order above and in the words of .smir.
struct PolicyLine {
  std::string_view name;  // "request-timeout"
  std::string value;      // "2s"
  const Origin& origin;
};
std::vector<PolicyLine> lines_of(const RoutePolicy& policy);

// Which rule a policy breaks that not every value of its types keeps; empty = none.
std::string_view broken_rule(const RoutePolicy& policy);

}  // namespace smic::contract
