// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/quantity.h"

#include <algorithm>
#include <charconv>

namespace smic::resources {
namespace {

using Wide = unsigned __int128;

constexpr Wide kNano = 1'000'000'000;
constexpr Wide kLargest = ~Wide{0};

// a * b, or nothing if that does not fit.
std::optional<Wide> product(std::optional<Wide> a, Wide b) {
  if (!a || (b != 0 && *a > kLargest / b)) return std::nullopt;
  return *a * b;
}

std::optional<Wide> power(Wide base, unsigned exponent) {
  std::optional<Wide> result = 1;
  for (unsigned i = 0; result && i < exponent; ++i) result = product(result, base);
  return result;
}

// value = digits × 10^decimal × 2^binary
struct Scale {
  int decimal = 0;
  unsigned binary = 0;
};

std::optional<Scale> suffix_scale(std::string_view suffix) {
  struct Suffix {
    std::string_view text;
    Scale scale;
  };
  static constexpr Suffix kSuffixes[] = {
      {"", {}},        {"n", {-9, 0}},  {"u", {-6, 0}},  {"m", {-3, 0}},
      {"k", {3, 0}},   {"M", {6, 0}},   {"G", {9, 0}},   {"T", {12, 0}},
      {"P", {15, 0}},  {"E", {18, 0}},  {"Ki", {0, 10}}, {"Mi", {0, 20}},
      {"Gi", {0, 30}}, {"Ti", {0, 40}}, {"Pi", {0, 50}}, {"Ei", {0, 60}}};
  for (const Suffix& known : kSuffixes) {
    if (known.text == suffix) return known.scale;
  }
  if (suffix[0] != 'e' && suffix[0] != 'E') return std::nullopt;
  suffix.remove_prefix(1);
  if (suffix.starts_with('+')) suffix.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(suffix.data(), suffix.data() + suffix.size(), exponent);
  if (error == std::errc::invalid_argument || end != suffix.data() + suffix.size()) {
    return std::nullopt;
  }
  // Beyond this every digit is over the edge on one side or the other.
  constexpr int kFarthest = 100;
  if (error == std::errc::result_out_of_range) exponent = suffix[0] == '-' ? -kFarthest : kFarthest;
  return Scale{std::clamp(exponent, -kFarthest, kFarthest), 0};
}

Wide gcd(Wide a, Wide b) {
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

}  // namespace

std::expected<Quantity, QuantityError> parse_quantity(std::string_view text) {
  Quantity quantity;
  if (text.starts_with('+') || text.starts_with('-')) {
    quantity.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const std::size_t number_end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, number_end);
  const std::size_t dot = std::min(number.find('.'), number.size());
  const auto scale = suffix_scale(text.substr(number_end));
  const bool one_dot = number.find('.', dot + 1) == number.npos;
  if (!scale || !one_dot || number.empty() || number == ".") {
    return std::unexpected(QuantityError::malformed);
  }

  std::optional<Wide> digits = 0;
  for (const char c : number) {
    if (c == '.') continue;
    digits = product(digits, 10);
    if (!digits) return std::unexpected(QuantityError::too_large);
    *digits += static_cast<Wide>(c - '0');
  }
  const std::size_t fraction = dot == number.size() ? 0 : number.size() - dot - 1;
  const int decimal = scale->decimal + 9 - static_cast<int>(fraction);
  std::optional<Wide> nano = product(digits, Wide{1} << scale->binary);
  if (decimal >= 0 && digits != Wide{0}) {
    const auto factor = power(10, static_cast<unsigned>(decimal));
    nano = factor ? product(nano, *factor) : std::nullopt;
  } else if (decimal < 0 && nano) {
    const auto divisor = power(10, static_cast<unsigned>(-decimal));
    const Wide by = divisor.value_or(kLargest);
    nano = *nano / by + (*nano % by == 0 ? 0 : 1);
  }
  if (!nano) return std::unexpected(QuantityError::too_large);
  quantity.nano = *nano;
  return quantity;
}

std::optional<std::vector<std::uint32_t>> whole_weights(const std::vector<Quantity>& weights) {
  Wide unit = kNano;  // what counts as one
  const auto all_whole = [&] {
    return std::ranges::all_of(weights, [&](const Quantity& w) { return w.nano % unit == 0; });
  };
  while (!all_whole()) unit /= 1000;
  Wide common = 0, largest = 0;
  for (const Quantity& weight : weights) {
    common = gcd(common, weight.nano / unit);
    largest = std::max(largest, weight.nano / unit);
  }
  if (largest <= kHighestWeight) common = 1;
  std::vector<std::uint32_t> whole;
  for (const Quantity& weight : weights) {
    const Wide value = common == 0 ? 0 : weight.nano / unit / common;
    if (value > kHighestWeight) return std::nullopt;
    whole.push_back(static_cast<std::uint32_t>(value));
  }
  return whole;
}

}  // namespace smic::resources
