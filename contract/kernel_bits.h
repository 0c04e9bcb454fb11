// SPDX-License-Identifier: Apache-2.0
// Part of kernel.cpp: the op for patterns that would take too many states.
#pragma once

#include "contract/kernel_bytes.h"

namespace smic::contract {
namespace {

using BitSet = uint64_t[kMaxBitPositions / 64];

SMIC_INLINE void set_bits(BitSet& set, uint32_t first, uint32_t count) {
  uint32_t word = first / 64;
  for (uint32_t low = first % 64; count != 0; ++word, low = 0) {
    const uint32_t here = count < 64 - low ? count : 64 - low;
    set[word] |= (~uint64_t{0} >> (64 - here)) << low;
    count -= here;
  }
}

// Opens what the record says; its flags.
SMIC_INLINE uint32_t follow(Tables t, uint32_t record, BitSet& open) {
  const uint32_t runs = load32(t + record + 4);
  for (uint32_t i = 0; i < runs; ++i) {
    const uint8_t* run = t + record + sizeof(FollowRecord) + sizeof(BitRun) * uint64_t{i};
    set_bits(open, load32(run), load32(run + 4));
  }
  return load32(t + record);
}

// Not inlined: rare, and its sets would be in every program's frame.
SMIC_NOINLINE uint32_t run_bits(Tables t, uint32_t offset, Subject& s) {
  const uint8_t* op = t + offset;
  const uint32_t result = load32(op + 4) | kRefFinal;
  const uint32_t words = (load32(op + 8) + 63) / 64;
  const uint8_t* follow_of = t + load32(op + 16);
  BitSet sets[2];
  for (uint32_t w = 0; w < words; ++w) sets[0][w] = 0;
  uint32_t flags = follow(t, load32(op + 12), sets[0]);
  uint32_t now = 0;
  for (; s.at != s.size && !(flags & kFollowMatched); ++s.at, now ^= 1) {
    const uint8_t* mask = t + load32(op + 20) + 8 * uint64_t{words} * op[24 + s.data[s.at]];
    BitSet& next = sets[now ^ 1];
    for (uint32_t w = 0; w < words; ++w) next[w] = 0;
    uint64_t taken = 0;
    flags = 0;
    for (uint32_t w = 0; w < words; ++w) {
      uint64_t open = sets[now][w] & load64(mask + 8 * uint64_t{w});
      taken |= open;
      for (; open != 0; open &= open - 1) {
        const uint64_t position = 64 * uint64_t{w} + first_bit(open);
        flags |= follow(t, load32(follow_of + 4 * position), next);
      }
    }
    if (taken == 0) return kDead;
  }
  return flags != 0 ? result : kDead;
}

}  // namespace
}  // namespace smic::contract
