// SPDX-License-Identifier: Apache-2.0
// Part of kernel.cpp: the ops of programs, but for those of words (kernel_words.h) and of bits
// (kernel_bits.h). Each takes the subject at its place and answers with the ref where to go on.
#pragma once

#include "contract/kernel_bytes.h"

namespace smic::contract {
namespace {

// An op's first four bytes, and where its optional fields begin.
struct OpFields {
  Tables t;
  uint32_t bits;
  uint32_t fields;

  SMIC_INLINE uint32_t count(uint32_t flags) const {  // how many of these fields there are
    return 0x32212110u >> ((bits & flags) >> 2) & 3;
  }
  SMIC_INLINE uint32_t accept() const {
    return bits & kOpAccept ? load32(t + fields + 4 * count(kOpFallback | kOpNext)) : 0;
  }
  SMIC_INLINE uint32_t fallback() const {
    return bits & kOpFallback ? load32(t + fields + 4 * count(kOpNext)) : kDead;
  }
  SMIC_INLINE uint32_t next() const {
    if (bits & kOpNext) return load32(t + fields);
    return fields + 4 * count(kOpAccept | kOpFallback | kOpNext);
  }
};

// What a node does if the subject is not as it should be, or ends: looks again, byte by byte.
SMIC_INLINE uint32_t leave_node(Tables t, uint32_t offset, uint32_t bits, Subject& s) {
  const uint32_t text = bits >> 8 & 0xff;
  const uint32_t slots = bits >> 16 & 0xff;
  const uint32_t table = slots == 0 ? 0 : 1u << (slots - 1);
  const OpFields op{t, bits, offset + 4 + padded(text) + padded(table) + 4 * table};
  for (uint32_t i = 0; i < text && s.at != s.size; ++i, ++s.at) {
    if (t[offset + 4 + i] != s.data[s.at]) break;
  }
  if (s.at == s.size) return op.accept() | kRefFinal;
  const uint32_t fallback = op.fallback();
  if (!(fallback & kRefRetry)) ++s.at;
  return fallback;
}

// Where a node leads; steps over what it took.
SMIC_INLINE uint32_t run_node(Tables t, uint32_t offset, uint32_t bits, Subject& s) {
  const uint32_t text = bits >> 8 & 0xff;
  const uint32_t slots = bits >> 16 & 0xff;
  const uint8_t* at = t + offset + 4;
  const uint64_t before = s.at;
  const uint64_t end = before + text;
  if (end + (slots != 0) <= s.size) {
    uint32_t rest = text;
    for (; rest > 8; rest -= 8, at += 8, s.at += 8) {
      if (load64(at) != window(s)) break;
    }
    if (rest <= 8 && differing(load64(at), window(s), rest) == 0) {
      s.at = end;
      if (slots == 0) return bits & kOpNext ? load32(at + padded(rest)) : offset + 4 * (bits >> 24);
      const uint32_t keys = offset + 4 + padded(text);
      const uint32_t byte = s.data[end];
      const uint32_t slot = key_slot(byte, slots, bits >> 24);
      if (t[keys + slot] == byte) {
        ++s.at;
        return load32(t + keys + padded(1u << (slots - 1)) + 4 * slot);
      }
    }
    s.at = before;
  }
  return leave_node(t, offset, bits, s);
}

SMIC_INLINE const uint8_t* class_of(Tables t, uint32_t bits) {
  return t + SMIC_HEADER(byte_class_table) + sizeof(ByteClassRecord) * uint64_t{bits >> 16};
}

// Steps over the bytes of the class. False if a broken sequence ended the program.
SMIC_INLINE bool skip_span(Tables t, uint32_t bits, Subject& s) {
  const uint8_t* byte_class = class_of(t, bits);
  for (;;) {
    if (bits & (kTestRanged << 8)) {
      for (;;) {
        const uint64_t left = s.size - s.at;
        const uint64_t stop = outside(byte_class, window(s));
        const uint64_t taken = stop != 0 ? first_byte(stop) : 8;
        s.at += taken < left ? taken : left;
        if (taken < 8 || left <= 8) break;
      }
    } else {
      while (s.at != s.size && in_class(byte_class, s.data[s.at])) ++s.at;
    }
    if (!(bits & (kTestUtf8 << 8)) || s.at == s.size) return true;
    const uint32_t more = continuation(s.data[s.at]);
    if (more == 0) return true;
    ++s.at;
    if (!skip_continuation(s, more)) return false;
  }
}

SMIC_INLINE uint32_t run_span(Tables t, uint32_t offset, uint32_t bits, Subject& s) {
  const OpFields op{t, bits, offset + 4};
  const uint64_t before = s.at;
  if (!skip_span(t, bits, s)) return op.fallback();
  if (bits & (kTestPlus << 8) && s.at == before) return kDead;
  return s.at == s.size ? op.accept() | kRefFinal : op.next();
}

SMIC_INLINE uint32_t run_step(Tables t, uint32_t offset, uint32_t bits, Subject& s) {
  const OpFields op{t, bits, offset + 4};
  if (s.at == s.size) return op.accept() | kRefFinal;
  const uint8_t byte = s.data[s.at++];
  const uint32_t more = bits & (kTestUtf8 << 8) ? continuation(byte) : 0;
  const bool taken = more != 0 ? skip_continuation(s, more) : in_class(class_of(t, bits), byte);
  return taken ? op.next() : op.fallback();
}

SMIC_INLINE uint32_t run_end(Tables t, uint32_t offset, uint32_t bits, Subject& s) {
  const OpFields op{t, bits, offset + 4};
  if (s.at == s.size) return op.accept() | kRefFinal;
  ++s.at;
  return op.fallback();
}

SMIC_INLINE uint32_t run_last(Tables t, uint32_t offset, uint32_t bits, const Subject& s) {
  const uint8_t* text = t + offset + 8;
  uint64_t left = bits >> 8 & 0xff;
  uint64_t at = s.at;
  if (s.size - at != left) return kDead;
  for (; left > 8; left -= 8, at += 8, text += 8) {
    if (load64(text) != window(s, at)) return kDead;
  }
  if (differing(load64(text), window(s, at), left) != 0) return kDead;
  return load32(t + offset + 4) | kRefFinal;
}

SMIC_INLINE uint32_t run_map(Tables t, uint32_t offset, uint32_t bits, Subject& s) {
  const uint8_t* op = t + offset;
  if (s.at == s.size) return load32(op + 4) | kRefFinal;
  const uint8_t byte = s.data[s.at];
  const uint64_t word = load64(op + 16 + 8 * (byte / 64));
  const uint64_t bit = uint64_t{1} << (byte % 64);
  uint32_t rank = op[12 + byte / 64] + __builtin_popcountll(word & (bit - 1));
  uint32_t ref = 0;
  if (bits & kMapRuns) {
    rank += (word & bit ? 1 : 0) - 1;
    ref = load32(op + kMapHeader + 4 * rank);
  } else {
    ref = word & bit ? load32(op + kMapHeader + 4 * rank) : load32(op + 8);
  }
  if (!(ref & kRefRetry)) ++s.at;
  return ref;
}

}  // namespace
}  // namespace smic::contract
