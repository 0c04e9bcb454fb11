// SPDX-License-Identifier: Apache-2.0
// Part of kernel.cpp: loads, and bytes of a subject, eight at a time.
#pragma once

#include <stdint.h>

#include "contract/abi.h"
#include "contract/tables.h"

namespace smic::contract {
namespace {

#define SMIC_INLINE __attribute__((always_inline)) inline
#define SMIC_NOINLINE __attribute__((noinline))

using Tables = const uint8_t*;

SMIC_INLINE uint32_t load32(const void* at) {
  uint32_t value;
  __builtin_memcpy(&value, at, 4);
  return value;
}

SMIC_INLINE uint64_t load64(const void* at) {
  uint64_t value;
  __builtin_memcpy(&value, at, 8);
  return value;
}

SMIC_INLINE uint32_t header(Tables t, uint64_t field) { return load32(t + field); }
#define SMIC_HEADER(field) header(t, __builtin_offsetof(TablesHeader, field))

constexpr uint64_t kHighs = 0x8080808080808080;
constexpr uint64_t each_byte(uint8_t byte) { return uint64_t{0x0101010101010101} * byte; }

// A subject of less than eight bytes is read from a copy with zeros behind it, so that window()
// needs no branch: it loads the last eight bytes at most and shifts. The copy lies outside, so that
// the rest stays in registers.
struct Subject {
  const uint8_t* data;
  uint64_t size;
  uint64_t at;
  const uint8_t* base;
  uint64_t last;        // the last offset at which eight bytes can be loaded from base
  uint32_t result = 0;  // of the last word that was looked up
};

SMIC_INLINE Subject make_subject(Slice slice, uint8_t (&copy)[8]) {
  const uint8_t* data = reinterpret_cast<const uint8_t*>(slice.data);
  if (slice.size >= 8) return {data, slice.size, 0, data, slice.size - 8};
  for (uint64_t i = 0; i < 8; ++i) copy[i] = i < slice.size ? data[i] : 0;
  return {data, slice.size, 0, copy, 0};
}

// The bytes from `at` ≤ size on, zeros after the end; never reads outside the subject.
SMIC_INLINE uint64_t window(const Subject& s, uint64_t at) {
  const uint64_t from = at < s.last ? at : s.last;
  const uint64_t half = 4 * (at - from);  // 64 bits may have to go, which one shift cannot do
  return load64(s.base + from) >> half >> half;
}
SMIC_INLINE uint64_t window(const Subject& s) { return window(s, s.at); }

SMIC_INLINE uint64_t first_bit(uint64_t bits) { return __builtin_ctzll(bits); }
SMIC_INLINE uint64_t first_byte(uint64_t high_bits) { return first_bit(high_bits) / 8; }

// High bit of every byte that is zero, and perhaps of some behind the first of them.
SMIC_INLINE uint64_t zero_bytes(uint64_t v) { return (v - each_byte(1)) & ~v & kHighs; }

SMIC_INLINE uint32_t padded(uint32_t size) { return (size + 3) & ~3u; }

// The bytes in which two windows differ among the first `count` ≤ 8, moved to the high end.
SMIC_INLINE uint64_t differing(uint64_t a, uint64_t b, uint32_t count) {
  const uint32_t half = 32 - 4 * count;
  return (a ^ b) << half << half;
}

// High bit of every byte that is in none of the class's ranges.
SMIC_INLINE uint64_t outside(const uint8_t* byte_class, uint64_t v) {
  const uint8_t* low = byte_class + __builtin_offsetof(ByteClassRecord, low);
  const uint8_t* high = byte_class + __builtin_offsetof(ByteClassRecord, high);
  const uint64_t ascii = v & ~kHighs;
  uint64_t inside = 0;
  for (uint32_t i = 0; i < kClassRanges; ++i) {
    inside |= (ascii + load64(low + 8 * i)) & ~(ascii + load64(high + 8 * i));
  }
  return (~inside | v) & kHighs;
}

SMIC_INLINE bool in_class(const uint8_t* byte_class, uint8_t byte) {
  return byte_class[byte / 8] >> (byte % 8) & 1;
}

// Bytes that a lead byte asks for; 0 if it is none. Overlong and too large forms pass, as in RE2.
SMIC_INLINE uint32_t continuation(uint8_t lead) {
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

// Steps over `count` continuation bytes; false if the subject has something else or ends.
SMIC_INLINE bool skip_continuation(Subject& s, uint32_t count) {
  for (; count != 0; --count, ++s.at) {
    if (s.at == s.size || (s.data[s.at] & 0xc0) != 0x80) return false;
  }
  return true;
}

}  // namespace
}  // namespace smic::contract
