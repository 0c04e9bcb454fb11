// SPDX-License-Identifier: Apache-2.0
// Code points as bytes, just as RE2 sees them: surrogates are encoded like any code point, and a
// range that ends at 0x10FFFF and holds 0x80 takes every lead byte with any continuation, overlong
// forms and all. That is what `.` and `[^/]` are, and it keeps their automata at four states.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/automata/code_points.h"

namespace smic::automata {

struct ByteRange {
  std::uint8_t first = 0;
  std::uint8_t last = 0;
  bool operator==(const ByteRange&) const = default;
};

struct ByteSequence {  // one byte out of each range in turn
  std::array<ByteRange, 4> bytes;
  std::uint32_t length = 0;
};

void append_utf8(std::string& bytes, char32_t point);

// The ranges (sorted, disjoint) as sequences in ascending order. At each place, the ranges of two
// sequences with equal beginnings are equal or disjoint: together they are a tree.
std::vector<ByteSequence> utf8_sequences(const std::vector<CodePointRange>& ranges);

}  // namespace smic::automata
