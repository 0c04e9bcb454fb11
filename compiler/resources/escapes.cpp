// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/escapes.h"

namespace smic::resources {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::size_t kEscapeSize = 6;  // \uXXXX

std::optional<std::uint32_t> code_unit(std::string_view text) {
  if (!text.starts_with("\\u")) return std::nullopt;
  return hexadecimal(text.substr(2), 4);
}

bool is_high(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

}  // namespace

void append_utf8(std::string& out, std::uint32_t point) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  const auto tail = [&](unsigned shift) { byte(0x80 | (point >> shift & 63)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    tail(6);
    tail(0);
  } else {
    byte(0xF0 | point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::optional<std::uint32_t> hexadecimal(std::string_view text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, digits)) {
    const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
  }
  return value;
}

std::size_t append_unicode_escape(std::string_view text, std::string& out) {
  const std::optional<std::uint32_t> unit = code_unit(text);
  if (!unit) return 0;
  const std::optional<std::uint32_t> second =
      is_high(*unit) ? code_unit(text.substr(kEscapeSize)) : std::nullopt;
  if (second && is_low(*second)) {
    append_utf8(out, 0x10000 + ((*unit - 0xD800) << 10) + (*second - 0xDC00));
    return 2 * kEscapeSize;
  }
  append_utf8(out, is_high(*unit) || is_low(*unit) ? kReplacement : *unit);
  return kEscapeSize;
}

}  // namespace smic::resources
