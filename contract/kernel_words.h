// SPDX-License-Identifier: Apache-2.0
// Part of kernel.cpp: the op that looks literal words up.
//
// What it costs is the chain of what waits for what: four windows, the place of a slash, two
// products, a shift, a slot. Nothing in it branches on the subject but the comparison with the
// text, and this is foreseen wrong only for what is in no rule: so the CPU goes on while the text
// is on its way, and where it comes from hardly matters.
#pragma once

#include "contract/kernel_bytes.h"

namespace smic::contract {
namespace {

using Bytes32 = uint8_t __attribute__((vector_size(32)));
using Quads4 = uint64_t __attribute__((vector_size(32)));
using Bits32 = bool __attribute__((ext_vector_type(32)));
static_assert(kMaxWord == 32 && kWordParts == 4, "a word is one vector");

// A bit for every slash in the next 32 bytes.
SMIC_INLINE uint32_t slashes(const Word& w) {
  const Quads4 quads = {w.parts[0], w.parts[1], w.parts[2], w.parts[3]};
  const auto found = reinterpret_cast<Bytes32>(quads) == static_cast<uint8_t>('/');
  return __builtin_bit_cast(uint32_t, __builtin_convertvector(found, Bits32));
}

// All ones but for the last 8 - count bytes; of eight bytes and more, all.
SMIC_INLINE uint64_t first_bytes(uint32_t count) {
  const uint32_t half = count < 8 ? 32 - 4 * count : 0;
  return ~uint64_t{0} >> half >> half;
}

// The word ahead that ends before the slash numbered `segments`, and its size.
SMIC_INLINE Word word_ahead(const Subject& s, uint32_t segments, uint32_t& size) {
  Word word;
  for (uint32_t i = 0; i < kWordParts; ++i) {
    const uint64_t at = s.at + 8 * i;
    word.parts[i] = window(s, at < s.size ? at : s.size);
  }
  uint32_t ends = slashes(word);
  for (uint32_t i = 1; i < segments; ++i) ends &= ends - 1;
  const uint64_t left = s.size - s.at;
  size = ends != 0 ? __builtin_ctz(ends) : left < kMaxWord ? left : kMaxWord;
  for (uint32_t i = 0; i < kWordParts; ++i) {
    word.parts[i] &= first_bytes(size > 8 * i ? size - 8 * i : 0);
  }
  return word;
}

SMIC_INLINE bool is_word(const Subject& s, const Word& word, uint32_t size, const uint8_t* slot,
                         const uint8_t* prefixes, uint32_t stride) {
  const uint32_t size_and_prefix = load32(slot + 8);
  const uint8_t* prefix = prefixes + uint64_t{stride} * (size_and_prefix >> 8);
  const uint32_t before = size > kWordEnd ? size - kWordEnd : 0;
  uint64_t other = (size_and_prefix & 0xff) ^ size;
  for (uint32_t i = 0; i < kWordParts; ++i) {
    const uint64_t keep = first_bytes(before > 8 * i ? before - 8 * i : 0);
    other |= (load64(prefix + 8 * i) ^ word.parts[i]) & keep;
  }
  const uint64_t end = window(s, s.at + before) & first_bytes(size - before);
  return (other | (end ^ load32(slot + kWordEndAt))) == 0;
}

SMIC_INLINE uint32_t run_hash(Tables t, uint32_t offset, uint32_t bits, Subject& s) {
  const uint8_t* op = t + offset;
  if (s.at == s.size) return load32(op + 4) | kRefFinal;
  uint32_t size;
  const Word word = word_ahead(s, bits >> 24, size);
  const uint64_t hash = word_hash(word, bits >> 8 & 0xff);
  const uint32_t shift_bits = bits >> 16 & 0xff;
  const uint32_t shift = op[kHashHeader + word_shift(hash, shift_bits)];
  const uint32_t slots = load32(op + 12);
  const uint64_t number = word_slot(hash, shift, slots);
  const uint8_t* table = t + word_table(offset, shift_bits);
  const uint8_t* slot = table + sizeof(WordSlot) * number;
  const uint8_t* prefixes = table + sizeof(WordSlot) * uint64_t{slots};
  const uint32_t next = load32(slot), result = load32(slot + 4);
  const uint32_t take = size + (result & kWordSlash);
  const bool found = is_word(s, word, size, slot, prefixes, load32(op + 20));
  if (!found || take > s.size - s.at) return load32(op + 8) & ~kRefRetry;
  s.at += take;
  s.result = result & ~kRefTags;
  return next;
}

}  // namespace
}  // namespace smic::contract
