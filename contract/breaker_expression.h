// SPDX-License-Identifier: Apache-2.0
// When a circuit breaker opens, in Traefik's words:
//
//   NetworkErrorRatio() > 0.5 || (LatencyAtQuantileMS(99.0) > 250 && ResponseCodeRatio(500, 600, 0,
//   600) > 0.2)
//
// Annotations, .smir and manifests carry this text, and everybody has it read by the one parser
// here, so that compiler and proxy cannot disagree about it. In memory it is typed: comparisons of
// measures with numbers, and `&&` (binds tighter) and `||` between them, in postfix order, so that
// neither reading nor evaluating recurses, whatever a hostile author nests.
//
// Numbers are decimals with at most six places and are kept in millionths. So a latency, given in
// milliseconds, is a whole number of nanoseconds, and comparing is exact.
//
// Tested by tests/unit/contract/breaker_expression_test.cpp, fuzzed by tests/fuzz/breaker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace smic::contract {

enum class Comparison : std::uint8_t { less, less_equal, equal, not_equal, greater_equal, greater };

inline constexpr std::uint64_t kMillion = 1'000'000;

struct CodeRange {  // of response codes, as Traefik has it: `below` is not in it
  std::uint32_t from = 0;
  std::uint32_t below = 0;
  bool holds(std::uint32_t code) const { return from <= code && code < below; }
  bool operator==(const CodeRange&) const = default;
};

// The share of requests to which no endpoint gave an answer, or 502 or 504.
struct NetworkErrorRatio {
  bool operator==(const NetworkErrorRatio&) const = default;
};
// The number of responses with a code in `counted`, by the number of those with one in `among`.
struct ResponseCodeRatio {
  CodeRange counted, among;
  bool operator==(const ResponseCodeRatio&) const = default;
};
// The latency that this share of requests did not exceed.
struct LatencyAtQuantile {
  std::uint64_t percent = 0;  // in millionths: 50.0 is 50'000'000
  bool operator==(const LatencyAtQuantile&) const = default;
};
using Measure = std::variant<NetworkErrorRatio, ResponseCodeRatio, LatencyAtQuantile>;

struct Test {
  Measure measure;
  Comparison comparison = Comparison::greater;
  std::uint64_t threshold = 0;  // in millionths, of 1 or of a millisecond
  bool operator==(const Test&) const = default;
};
struct Both {  // of the two before it
  bool operator==(const Both&) const = default;
};
struct Either {
  bool operator==(const Either&) const = default;
};
using BreakerStep = std::variant<Test, Both, Either>;

struct BreakerMistake {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string message;  // about what stands there
  std::string help;
};

inline constexpr std::size_t kMaxBreakerBytes = 1024;
inline constexpr std::size_t kMaxBreakerTests = 16;

// Only a sound expression exists: it was parsed.
class BreakerExpression {
 public:
  static std::expected<BreakerExpression, BreakerMistake> parse(std::string_view text);

  std::span<const BreakerStep> steps() const { return steps_; }

  // Whether it holds, if `holds(test, index)` says so of each test; index counts the tests.
  template <class Holds>
  bool evaluate(Holds holds) const;

  bool operator==(const BreakerExpression&) const = default;

 private:
  explicit BreakerExpression(std::vector<BreakerStep> steps) : steps_(std::move(steps)) {}
  std::vector<BreakerStep> steps_;
};

// Canonical text: parse(to_string(e)) == e.
std::string to_string(const BreakerExpression& expression);

template <class Holds>
bool BreakerExpression::evaluate(Holds holds) const {
  std::uint32_t stack = 0;  // a bit per result that is waiting; at most kMaxBreakerTests do
  std::size_t tests = 0;
  for (const BreakerStep& step : steps_) {
    if (const Test* test = std::get_if<Test>(&step)) {
      stack = stack << 1 | std::uint32_t{holds(*test, tests++)};
      continue;
    }
    const std::uint32_t right = stack & 1, left = stack >> 1 & 1;
    const std::uint32_t joined = std::holds_alternative<Both>(step) ? left & right : left | right;
    stack = stack >> 2 << 1 | joined;
  }
  return stack & 1;
}

}  // namespace smic::contract
