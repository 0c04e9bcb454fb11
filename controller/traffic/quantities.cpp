// SPDX-License-Identifier: Apache-2.0
// Durations as Go writes them, and Quantities.
#include <array>
#include <charconv>
#include <cmath>

#include "controller/traffic/metrics_api.h"

namespace smic::traffic {
namespace {

struct Unit {
  std::string_view name;
  double millis;
};
constexpr std::array<Unit, 7> kUnits = {{{"ns", 1e-6},
                                         {"us", 1e-3},
                                         {"\xc2\xb5s", 1e-3},
                                         {"ms", 1},
                                         {"s", 1e3},
                                         {"m", 60e3},
                                         {"h", 3600e3}}};
constexpr double kLongest = 1e12;  // ms; thirty years

// Takes "1.5h" off the front; its milliseconds.
std::optional<double> take_part(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const auto read =
      std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  if (digits == 0 || read.ec != std::errc() || read.ptr != text.data() + digits) {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  const std::string_view name =
      text.substr(0, std::min(text.find_first_of("0123456789."), text.size()));
  text.remove_prefix(name.size());
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return number * unit.millis;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double millis = 0;
  if (text.empty() || text.size() > 64) return std::nullopt;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return std::nullopt;
    millis += *part;
  }
  if (millis < 1 || millis > kLongest) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(millis));
}

std::string print_duration(std::chrono::milliseconds duration) {
  const std::int64_t millis = duration.count();
  if (millis < 1000) return std::to_string(millis) + "ms";
  const std::int64_t hours = millis / 3'600'000, minutes = millis / 60'000 % 60;
  std::string text;
  if (hours > 0) text += std::to_string(hours) + 'h';
  if (hours > 0 || minutes > 0) text += std::to_string(minutes) + 'm';
  text += std::to_string(millis / 1000 % 60);
  if (std::string fraction = std::to_string(1000 + millis % 1000).substr(1); millis % 1000 > 0) {
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += '.' + fraction;
  }
  return text + 's';
}

std::string milli_quantity(double value) {
  const auto millis = static_cast<std::int64_t>(std::floor(value * 1000 + 1e-6));
  return millis % 1000 == 0 ? std::to_string(millis / 1000) : std::to_string(millis) + 'm';
}

}  // namespace smic::traffic
