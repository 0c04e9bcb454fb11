// SPDX-License-Identifier: Apache-2.0
#include "compiler/automata/cursor.h"

#include <algorithm>
#include <cstdint>

namespace smic::automata {
namespace {

int sequence_length(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

}  // namespace

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

bool Cursor::take(std::string_view token) {
  if (!at(token)) return false;
  offset_ += token.size();
  return true;
}

std::optional<char32_t> Cursor::take_point() {
  if (done()) return std::nullopt;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(rest()[i]); };
  const int length = sequence_length(byte(0));
  if (length == 0 || rest().size() < static_cast<std::size_t>(length)) return std::nullopt;
  char32_t point = length == 1 ? byte(0) : byte(0) & (0x7F >> length);
  for (int i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    point = point << 6 | (byte(i) & 0x3F);
  }
  constexpr char32_t kFirstOfLength[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kFirstOfLength[length] || point > kLastCodePoint) return std::nullopt;
  offset_ += length;
  return point;
}

std::unexpected<SyntaxError> Cursor::fail(std::size_t start, std::string message,
                                          std::string help) const {
  const std::size_t length = std::max<std::size_t>(offset_ - std::min(start, offset_), 1);
  return std::unexpected(SyntaxError{start, length, std::move(message), std::move(help)});
}

std::unexpected<SyntaxError> Cursor::fail_utf8() const {
  if (done()) return fail(offset_, "the regex ends too early");
  return fail(offset_, "invalid UTF-8", "an arbitrary byte is matched by `\\C`");
}

}  // namespace smic::automata
