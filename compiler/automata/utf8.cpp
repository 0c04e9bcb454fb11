// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/automata/utf8_test.cpp.
#include "compiler/automata/utf8.h"

namespace smic::automata {
namespace {

constexpr std::array<char32_t, 4> kLastOfLength = {0x7F, 0x7FF, 0xFFFF, kLastCodePoint};

std::string encode(char32_t point) {
  std::string bytes;
  append_utf8(bytes, point);
  return bytes;
}

void add_all_beyond_ascii(std::vector<ByteSequence>& out) {
  constexpr ByteRange any = {0x80, 0xBF};
  out.push_back({{{{0xC2, 0xDF}, any}}, 2});
  out.push_back({{{{0xE0, 0xEF}, any, any}}, 3});
  out.push_back({{{{0xF0, 0xF4}, any, any, any}}, 4});
}

// Cuts the range until all its members have the same length and differ, from some byte on, in whole
// continuation ranges only. The recursion is at most one deep per length and per byte.
void add_range(char32_t first, char32_t last, std::vector<ByteSequence>& out) {
  if (first == 0x80 && last == kLastCodePoint) return add_all_beyond_ascii(out);
  for (const char32_t longest : kLastOfLength) {
    if (first <= longest && longest < last) {
      add_range(first, longest, out);
      return add_range(longest + 1, last, out);
    }
  }
  for (int bits = 6; first > 0x7F && bits <= 18; bits += 6) {
    const char32_t low = (char32_t{1} << bits) - 1;
    if ((first & ~low) == (last & ~low)) continue;
    if ((first & low) != 0) {
      add_range(first, first | low, out);
      return add_range((first | low) + 1, last, out);
    }
    if ((last & low) != low) {
      add_range(first, (last & ~low) - 1, out);
      return add_range(last & ~low, last, out);
    }
  }
  const std::string from = encode(first);
  const std::string to = encode(last);
  ByteSequence sequence{.length = static_cast<std::uint32_t>(from.size())};
  for (std::size_t i = 0; i < from.size(); ++i) {
    sequence.bytes[i] = {static_cast<std::uint8_t>(from[i]), static_cast<std::uint8_t>(to[i])};
  }
  out.push_back(sequence);
}

}  // namespace

void append_utf8(std::string& bytes, char32_t point) {
  const auto tail = [&](int shift) { bytes += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point <= 0x7F) {
    bytes += static_cast<char>(point);
  } else if (point <= 0x7FF) {
    bytes += static_cast<char>(0xC0 | point >> 6);
    tail(0);
  } else if (point <= 0xFFFF) {
    bytes += static_cast<char>(0xE0 | point >> 12);
    tail(6);
    tail(0);
  } else {
    bytes += static_cast<char>(0xF0 | point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::vector<ByteSequence> utf8_sequences(const std::vector<CodePointRange>& ranges) {
  std::vector<ByteSequence> sequences;
  for (const CodePointRange& range : ranges) add_range(range.first, range.last, sequences);
  return sequences;
}

}  // namespace smic::automata
