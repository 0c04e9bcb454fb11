// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/contract/route_policy_test.cpp.
#include "contract/route_policy.h"

#include <algorithm>
#include <array>

namespace smic::contract {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::pair<std::string_view, Scheme>, 3> kSchemes = {
    {{"http", Scheme::http}, {"h2c", Scheme::h2c}, {"https", Scheme::https}}};
constexpr std::array<std::pair<std::string_view, RateScope>, 2> kScopes = {
    {{"source", RateScope::source}, {"service", RateScope::service}}};
constexpr std::array<std::pair<std::string_view, SplitShares>, 2> kShares = {
    {{"redistribute", SplitShares::redistribute}, {"strict", SplitShares::strict}}};
constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};

template <class Words, class T>
std::string_view word_in(const Words& words, T value) {
  return std::ranges::find(words, value, [](const auto& entry) { return entry.second; })->first;
}

template <class T, std::size_t n>
std::optional<T> value_in(const std::array<std::pair<std::string_view, T>, n>& words,
                          std::string_view word) {
  const auto found = std::ranges::find(words, word, [](const auto& entry) { return entry.first; });
  if (found == words.end()) return std::nullopt;
  return found->second;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits with an optional point among them, in thousandths; as much of `text` as that is goes.
std::optional<std::int64_t> take_thousandths(std::string_view& text) {
  constexpr std::size_t kMostDigits = 9;
  std::int64_t value = 0;
  std::size_t whole = 0, places = 0;
  for (; whole < text.size() && is_digit(text[whole]); ++whole) {
    if (whole == kMostDigits) return std::nullopt;
    value = value * 10 + (text[whole] - '0');
  }
  text.remove_prefix(whole);
  if (whole == 0) return std::nullopt;
  if (text.starts_with('.')) {
    for (text.remove_prefix(1); !text.empty() && is_digit(text[0]); text.remove_prefix(1)) {
      if (++places > 3) return std::nullopt;
      value = value * 10 + (text[0] - '0');
    }
    if (places == 0) return std::nullopt;
  }
  for (; places < 3; ++places) value *= 10;
  return value;
}

bool is_policy_timeout(milliseconds duration) {
  return duration >= milliseconds(1) && duration <= kMaxPolicyTimeout;
}

bool out_of_range(const Optional<milliseconds>& timeout) {
  return timeout && !is_policy_timeout(timeout->value);
}

bool is_rate(std::uint32_t number) { return number >= 1 && number <= kMaxRate; }

}  // namespace

std::string_view word_of(Scheme scheme) { return word_in(kSchemes, scheme); }
std::string_view word_of(RateScope scope) { return word_in(kScopes, scope); }
std::string_view word_of(SplitShares shares) { return word_in(kShares, shares); }
std::optional<Scheme> scheme_from(std::string_view word) { return value_in(kSchemes, word); }
std::optional<RateScope> rate_scope_from(std::string_view word) { return value_in(kScopes, word); }
std::optional<SplitShares> split_shares_from(std::string_view word) {
  return value_in(kShares, word);
}

std::string duration_text(milliseconds duration) {
  const std::int64_t count = duration.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

std::optional<milliseconds> duration_from(std::string_view text) {
  const auto thousandths = take_thousandths(text);
  const auto unit = value_in(kUnits, text);
  if (!thousandths || !unit) return std::nullopt;
  const milliseconds duration(*thousandths * *unit / 1000);
  if (!is_policy_timeout(duration)) return std::nullopt;
  return duration;
}

std::vector<PolicyLine> lines_of(const RoutePolicy& policy) {
  std::vector<PolicyLine> lines;
  const auto line = [&lines](std::string_view name, const auto& setting, auto text) {
    if (setting) lines.push_back({name, text(setting->value), setting->origin});
  };
  line("upstream-scheme", policy.scheme, [](Scheme s) { return std::string(word_of(s)); });
  line("request-timeout", policy.request_timeout, duration_text);
  line("idle-timeout", policy.idle_timeout, duration_text);
  line("retry-attempts", policy.retry_attempts, [](std::uint32_t n) { return std::to_string(n); });
  line("rate-limit", policy.rate_limit, [](const RateLimit& limit) {
    return std::to_string(limit.average) + " with-burst " + std::to_string(limit.burst) + " per-" +
           std::string(word_of(limit.scope));
  });
  line("circuit-breaker", policy.circuit_breaker,
       [](const BreakerExpression& trips) { return '"' + to_string(trips) + '"'; });
  line("split-shares", policy.split_shares, [](SplitShares s) { return std::string(word_of(s)); });
  return lines;
}

std::string_view broken_rule(const RoutePolicy& policy) {
  if (out_of_range(policy.request_timeout) || out_of_range(policy.idle_timeout)) {
    return "has a timeout that is not 1ms to 24h";
  }
  if (policy.retry_attempts &&
      (policy.retry_attempts->value == 0 || policy.retry_attempts->value > kMaxRetryAttempts)) {
    return "has retry attempts that are not 1 to 10";
  }
  if (policy.rate_limit &&
      (!is_rate(policy.rate_limit->value.average) || !is_rate(policy.rate_limit->value.burst))) {
    return "has a rate that is not 1 to 1000000";
  }
  return {};
}

}  // namespace smic::contract
