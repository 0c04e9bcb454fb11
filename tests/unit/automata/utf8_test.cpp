// SPDX-License-Identifier: Apache-2.0
#include "compiler/automata/utf8.h"

#include <catch2/catch.hpp>

using namespace smic::automata;

namespace {

bool contains(const std::vector<ByteSequence>& sequences, std::string_view bytes) {
  for (const ByteSequence& sequence : sequences) {
    bool inside = sequence.length == bytes.size();
    for (std::size_t i = 0; inside && i < bytes.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(bytes[i]);
      inside = sequence.bytes[i].first <= byte && byte <= sequence.bytes[i].last;
    }
    if (inside) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a range is exactly the encodings of its members") {
  constexpr CodePointRange range = {0x7A, 0x10FF1};
  const std::vector<ByteSequence> sequences = utf8_sequences({range});
  for (char32_t point = 0; point < 0x11100; ++point) {
    std::string bytes;
    append_utf8(bytes, point);
    if (contains(sequences, bytes) != (range.first <= point && point <= range.last)) {
      FAIL("code point " << static_cast<std::uint32_t>(point));
    }
  }
}

TEST_CASE("everything beyond ASCII is three sequences") {
  CHECK(utf8_sequences({{0x80, kLastCodePoint}}).size() == 3);
  CHECK(utf8_sequences({{0, kLastCodePoint}}).size() == 4);
}
