// SPDX-License-Identifier: Apache-2.0
// Part of kernel.cpp: which header patterns a request has. A bit each, slot by slot, and only when
// a leaf asks.
#pragma once

#include "contract/kernel_bytes.h"
#include "contract/kernel_program.h"

namespace smic::contract {
namespace {

// The header patterns that the request has, a bit each, slot by slot and only when asked.
struct HeaderWords {
  uint64_t known;     // bit per slot, for the first 64 slots
  uint32_t searches;  // made so far
  uint64_t words[kMemoWords];
};

// Unites what the lines of `slot` match, words [first, first + count) of it, into `words`.
SMIC_INLINE void evaluate_slot(Tables t, const RequestView* view, uint32_t slot, uint32_t first,
                               uint32_t count, uint64_t* words) {
  for (uint32_t i = 0; i < count; ++i) words[i] = 0;
  const uint8_t* record = t + SMIC_HEADER(slot_table) + sizeof(SlotRecord) * slot;
  const uint32_t groups = load32(record + 8);
  const uint8_t* roots = t + load32(record + 12);
  const HeaderSlot& lines = view->headers[slot];
  for (uint64_t line = 0; line < lines.count; ++line) {
    for (uint32_t group = 0; group < groups; ++group) {
      const uint32_t set = run_program(t, load32(roots + 4 * group), lines.lines[line]);
      if (set == 0) continue;
      const uint32_t pairs = load32(t + set);
      for (uint32_t i = 0; i < pairs; ++i) {
        const uint8_t* pair = t + set + 4 + sizeof(PatternWord) * i;
        const uint32_t word = load32(pair) - first;
        if (word < count) words[word] |= load64(pair + 4);
      }
    }
  }
}

SMIC_INLINE bool found_at(const Subject& s, uint64_t at, const uint8_t* needle, uint32_t size) {
  if (at + size > s.size) return false;
  for (uint32_t i = 0; i < size; ++i) {
    if (s.data[at + i] != needle[i]) return false;
  }
  return true;
}

// Is the needle in the line? Sets `odd` if the line has bytes for which that is not the question.
// Looks for its first and last byte at their distance, eight places at a time.
SMIC_INLINE bool search(Slice line, const uint8_t* needle, uint32_t size, bool& odd) {
  uint8_t copy[8];
  Subject s = make_subject(line, copy);
  const uint64_t first = each_byte(needle[0]), last = each_byte(needle[size - 1]);
  uint64_t other = 0;
  bool found = false;
  for (; s.at < s.size; s.at += 8) {
    const uint64_t here = window(s);
    const uint64_t end = s.at + size - 1;
    const uint64_t there = window(s, end < s.size ? end : s.size);
    other |= (here & kHighs) | zero_bytes(here ^ each_byte('\n'));
    for (uint64_t hits = found ? 0 : zero_bytes((here ^ first) | (there ^ last)); hits != 0;
         hits &= hits - 1) {
      found |= found_at(s, s.at + first_byte(hits), needle, size);
    }
  }
  odd |= other != 0;
  return found;
}

// The patterns of `word` among `wanted` by searching for each; false if that cannot be done.
SMIC_INLINE bool search_all(Tables t, const HeaderSlot& lines, uint32_t needles, uint32_t word,
                            uint64_t wanted, HeaderWords& memo, uint64_t& found) {
  const uint32_t count = __builtin_popcountll(wanted);
  if (needles == 0 || memo.searches + count > kMaxSearches) return false;
  memo.searches += count;
  found = 0;
  bool odd = false;
  for (; wanted != 0; wanted &= wanted - 1) {
    const uint32_t bit = __builtin_ctzll(wanted);
    const uint32_t needle = load32(t + needles + 4 * (64 * uint64_t{word} + bit));
    if (needle == 0) return false;
    const uint32_t size = load32(t + needle);
    const uint8_t* text = t + needle + sizeof(NeedleRecord);
    for (uint64_t line = 0; line < lines.count; ++line) {
      if (search(lines.lines[line], text, size, odd)) found |= uint64_t{1} << bit;
    }
  }
  return !odd;
}

// The header patterns of a word that the request has; of those that are not `wanted` perhaps not.
// Not inlined: rare beside the path, and a second and third copy would double the code of a unit.
SMIC_NOINLINE uint64_t header_word(Tables t, const RequestView* view, HeaderWords& memo,
                                   uint32_t slot, uint32_t word, uint64_t wanted) {
  const uint8_t* record = t + SMIC_HEADER(slot_table) + sizeof(SlotRecord) * slot;
  const uint32_t first = load32(record);
  const uint32_t count = load32(record + 4);
  const bool kept = slot < 64 && first + count <= kMemoWords;
  if (kept && memo.known >> slot & 1) return memo.words[first + word];
  uint64_t alone;
  if (search_all(t, view->headers[slot], load32(record + 16), word, wanted, memo, alone)) {
    return alone;
  }
  evaluate_slot(t, view, slot, kept ? 0 : word, kept ? count : 1,
                kept ? memo.words + first : &alone);
  if (!kept) return alone;
  memo.known |= uint64_t{1} << slot;
  return memo.words[first + word];
}

}  // namespace
}  // namespace smic::contract
