// SPDX-License-Identifier: Apache-2.0
// A shunting yard: tests go out as they come, operators wait on a stack until one that binds less
// follows. The stack is on the heap and no longer than the text.
#include "contract/breaker_expression.h"

#include <array>
#include <optional>
#include <utility>

#include "base/did_you_mean.h"
#include "base/overload.h"

namespace smic::contract {
namespace {

constexpr std::size_t kDecimals = 6;
constexpr std::uint64_t kMostWhole = 1'000'000'000;

constexpr std::string_view kErrors = "NetworkErrorRatio";
constexpr std::string_view kCodes = "ResponseCodeRatio";
constexpr std::string_view kLatency = "LatencyAtQuantileMS";

constexpr std::array<std::pair<std::string_view, Comparison>, 6> kComparisons = {{
    {"<=", Comparison::less_equal},
    {">=", Comparison::greater_equal},
    {"==", Comparison::equal},
    {"!=", Comparison::not_equal},
    {"<", Comparison::less},
    {">", Comparison::greater},
}};

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

enum class Operator : std::uint8_t { open, either, both };  // the later, the tighter

// Every reader answers whether it could go on; why not is in `mistake`.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<BreakerStep> steps;
  BreakerMistake mistake;

  bool parse() {
    if (text_.size() > kMaxBreakerBytes) {
      return fail(0, text_.size(), "is longer than " + std::to_string(kMaxBreakerBytes) + " bytes");
    }
    for (;;) {
      while (take("(")) waiting_.push_back({Operator::open, at_ - 1});
      if (!test()) return false;
      while (take(")")) {
        if (!close()) return false;
      }
      skip_space();
      if (at_ == text_.size()) return finish();
      if (take("&&")) {
        push(Operator::both);
      } else if (take("||")) {
        push(Operator::either);
      } else {
        return unexpected("`&&`, `||` or the end");
      }
    }
  }

 private:
  struct Waiting {
    Operator what;
    std::size_t at;
  };

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  bool take(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  bool expect(std::string_view token) {
    return take(token) || unexpected("`" + std::string(token) + "`");
  }

  bool fail(std::size_t at, std::size_t length, std::string message, std::string help = {}) {
    mistake = {at, length, std::move(message), std::move(help)};
    return false;
  }

  bool unexpected(const std::string& expected) {
    skip_space();
    if (at_ == text_.size()) return fail(at_, 0, "ends where " + expected + " is expected");
    std::size_t length = 1;
    while (at_ + length < text_.size() && is_letter(text_[at_]) &&
           (is_letter(text_[at_ + length]) || is_digit(text_[at_ + length]))) {
      ++length;
    }
    return fail(
        at_, length,
        "has `" + std::string(text_.substr(at_, length)) + "` where " + expected + " is expected");
  }

  // ---- operators ----------------------------------------------------------------------------

  void emit(Operator what) {
    steps.push_back(what == Operator::both ? BreakerStep(Both{}) : BreakerStep(Either{}));
  }

  void push(Operator what) {
    while (!waiting_.empty() && waiting_.back().what >= what) {
      emit(waiting_.back().what);
      waiting_.pop_back();
    }
    waiting_.push_back({what, at_});
  }

  bool close() {
    while (!waiting_.empty() && waiting_.back().what != Operator::open) {
      emit(waiting_.back().what);
      waiting_.pop_back();
    }
    if (waiting_.empty()) return fail(at_ - 1, 1, "has a `)` that closes nothing");
    waiting_.pop_back();
    return true;
  }

  bool finish() {
    while (!waiting_.empty()) {
      if (waiting_.back().what == Operator::open) {
        return fail(waiting_.back().at, 1, "has a `(` that is not closed");
      }
      emit(waiting_.back().what);
      waiting_.pop_back();
    }
    return true;
  }

  // ---- tests --------------------------------------------------------------------------------

  bool test() {
    skip_space();
    const std::size_t begun = at_;
    if (tests_++ == kMaxBreakerTests) {
      return fail(begun, text_.size() - begun,
                  "has more than " + std::to_string(kMaxBreakerTests) + " comparisons");
    }
    Test test;
    if (!measure(test.measure) || !comparison(test.comparison)) return false;
    if (!number(test.threshold)) return false;
    steps.push_back(test);
    return true;
  }

  bool measure(Measure& out) {
    const std::size_t begun = at_;
    while (at_ < text_.size() && is_letter(text_[at_])) ++at_;
    const std::string_view name = text_.substr(begun, at_ - begun);
    if (name.empty()) return unexpected("a measure, like `NetworkErrorRatio()`,");
    if (name == kErrors) {
      out = NetworkErrorRatio{};
      return expect("(") && expect(")");
    }
    if (name == kCodes) return code_ratio(out.emplace<ResponseCodeRatio>());
    if (name == kLatency) return latency(out.emplace<LatencyAtQuantile>());
    std::string help =
        suggest(name, {std::string(kErrors), std::string(kCodes), std::string(kLatency)});
    if (help.empty()) {
      help =
          "measures are `NetworkErrorRatio()`, `ResponseCodeRatio(from, to, from, to)` and "
          "`LatencyAtQuantileMS(percent)`";
    }
    return fail(begun, name.size(), "has `" + std::string(name) + "`, which is no measure",
                std::move(help));
  }

  bool code_ratio(ResponseCodeRatio& out) {
    return expect("(") && code(out.counted.from) && expect(",") && code(out.counted.below) &&
           expect(",") && code(out.among.from) && expect(",") && code(out.among.below) &&
           expect(")");
  }

  bool code(std::uint32_t& out) {
    std::uint64_t value = 0;
    skip_space();
    const std::size_t begun = at_;
    if (!number(value)) return false;
    if (value % kMillion != 0 || value / kMillion > 999) {
      return fail(begun, at_ - begun, "has a response code that is no whole number up to 999");
    }
    out = static_cast<std::uint32_t>(value / kMillion);
    return true;
  }

  bool latency(LatencyAtQuantile& out) {
    if (!expect("(")) return false;
    skip_space();
    const std::size_t begun = at_;
    if (!number(out.percent)) return false;
    if (out.percent == 0 || out.percent > 100 * kMillion) {
      return fail(begun, at_ - begun, "has a quantile that is not above 0 and at most 100");
    }
    return expect(")");
  }

  bool comparison(Comparison& out) {
    for (const auto& [sign, meaning] : kComparisons) {
      if (!take(sign)) continue;
      out = meaning;
      return true;
    }
    return unexpected("a comparison, like `>`,");
  }

  bool number(std::uint64_t& out) {
    skip_space();
    const std::size_t begun = at_;
    std::uint64_t whole = 0;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      if (whole <= kMostWhole) whole = whole * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
    }
    if (at_ == begun) return unexpected("a number");
    std::uint64_t fraction = 0;
    std::size_t places = 0;
    if (at_ < text_.size() && text_[at_] == '.') {
      for (++at_; at_ < text_.size() && is_digit(text_[at_]); ++at_, ++places) {
        if (places < kDecimals) {
          fraction = fraction * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
        }
      }
      if (places == 0) return unexpected("a digit");
    }
    if (whole > kMostWhole || places > kDecimals) {
      return fail(begun, at_ - begun,
                  "has a number above " + std::to_string(kMostWhole) + " or with more than " +
                      std::to_string(kDecimals) + " decimals");
    }
    for (; places < kDecimals; ++places) fraction *= 10;
    out = whole * kMillion + fraction;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t tests_ = 0;
  std::vector<Waiting> waiting_;
};

// ---- text ---------------------------------------------------------------------------------------

std::string number_text(std::uint64_t millionths) {
  std::string text = std::to_string(millionths / kMillion);
  std::string fraction = std::to_string(millionths % kMillion + kMillion).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return fraction.empty() ? text : text + "." + fraction;
}

std::string range_text(const CodeRange& range) {
  return std::to_string(range.from) + ", " + std::to_string(range.below);
}

std::string measure_text(const Measure& measure) {
  return std::visit(Overload{[](const NetworkErrorRatio&) { return std::string(kErrors) + "()"; },
                             [](const ResponseCodeRatio& ratio) {
                               return std::string(kCodes) + "(" + range_text(ratio.counted) + ", " +
                                      range_text(ratio.among) + ")";
                             },
                             [](const LatencyAtQuantile& latency) {
                               return std::string(kLatency) + "(" + number_text(latency.percent) +
                                      ")";
                             }},
                    measure);
}

std::string test_text(const Test& test) {
  for (const auto& [sign, meaning] : kComparisons) {
    if (meaning != test.comparison) continue;
    return measure_text(test.measure) + " " + std::string(sign) + " " + number_text(test.threshold);
  }
  std::unreachable();
}

// A part of the expression that was written, and what stands outermost in it.
struct Written {
  std::string text;
  std::optional<Operator> outermost;  // absent: a test
};

std::string in_parentheses_if(bool needed, std::string text) {
  return needed ? "(" + std::move(text) + ")" : std::move(text);
}

// Both operators go left to right, so a right side of the same kind keeps its parentheses.
Written join(Operator what, Written left, Written right) {
  const bool left_weaker = left.outermost && *left.outermost < what;
  const bool right_not_tighter = right.outermost && *right.outermost <= what;
  return {in_parentheses_if(left_weaker, std::move(left.text)) +
              (what == Operator::both ? " && " : " || ") +
              in_parentheses_if(right_not_tighter, std::move(right.text)),
          what};
}

}  // namespace

std::expected<BreakerExpression, BreakerMistake> BreakerExpression::parse(std::string_view text) {
  Parser parser(text);
  if (!parser.parse()) return std::unexpected(std::move(parser.mistake));
  return BreakerExpression(std::move(parser.steps));
}

std::string to_string(const BreakerExpression& expression) {
  std::vector<Written> stack;
  const auto join_two = [&stack](Operator what) {
    Written right = std::move(stack.back());
    stack.pop_back();
    stack.back() = join(what, std::move(stack.back()), std::move(right));
  };
  for (const BreakerStep& step : expression.steps()) {
    std::visit(Overload{[&](const Test& test) { stack.push_back({test_text(test), {}}); },
                        [&](const Both&) { join_two(Operator::both); },
                        [&](const Either&) { join_two(Operator::either); }},
               step);
  }
  return std::move(stack.front().text);
}

}  // namespace smic::contract
