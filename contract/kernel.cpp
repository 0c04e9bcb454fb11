// SPDX-License-Identifier: Apache-2.0
// What the portable tables mean. One text, compiled twice (kernel.h): so the portable and the
// native engine cannot differ in meaning, only in what the optimiser knows.
//
// Freestanding: no library call may come out of this file, not even memcpy or memset, because an
// image has no undefined symbols. Loads are little-endian and of any alignment. Helpers are inlined
// always, so that the constants in the tables' header reach every loop bound and offset.
//
// What it costs: a path is read eight bytes at a time where the patterns are literal or a common
// class; one op is visited per run, class or branch. Header values are read only if a leaf that was
// reached asks for them, and once per request.
//
// Tested by tests/unit/decision (against the naive interpreter and plain automata) and
// tests/differential; tests/fuzz/tables runs it on corrupt tables that passed check_tables().
#include "contract/kernel.h"

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

// ---- bytes, eight at a time --------------------------------------------------------------------

constexpr uint64_t kHighs = 0x8080808080808080;
constexpr uint64_t each_byte(uint8_t byte) { return 0x0101010101010101 * byte; }

// A subject of less than eight bytes is read from a copy with zeros behind it, so that window()
// needs no branch: it loads the last eight bytes at most and shifts. The copy lies outside, so that
// the rest stays in registers.
struct Subject {
  const uint8_t* data;
  uint64_t size;
  uint64_t at;
  const uint8_t* base;
  uint64_t last;  // the last offset at which eight bytes can be loaded from base
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

// ---- programs ----------------------------------------------------------------------------------

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

// High bit of every byte that is zero, and perhaps of some behind the first of them.
SMIC_INLINE uint64_t zero_bytes(uint64_t v) { return (v - each_byte(1)) & ~v & kHighs; }

SMIC_INLINE uint32_t padded(uint32_t size) { return (size + 3) & ~3u; }

// The bytes in which two windows differ among the first `count` ≤ 8, moved to the high end.
SMIC_INLINE uint64_t differing(uint64_t a, uint64_t b, uint32_t count) {
  const uint32_t half = 32 - 4 * count;
  return (a ^ b) << half << half;
}

// What a node does if the subject is not as it should be, or ends: looks again, byte by byte.
SMIC_INLINE uint32_t leave_node(Tables t, uint32_t offset, uint32_t bits, Subject& s) {
  const uint32_t text = bits >> 8 & 0xff;
  const uint32_t slots = bits >> 16 & 0xff;
  const uint32_t table = slots == 0 ? 0 : 1u << (slots - 1);
  const OpFields op{t, bits, offset + 4 + padded(text) + padded(table) + 4 * table};
  if (bits & kNodeWhole) return op.fallback();
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

// The bits below the first slash among the bytes.
SMIC_INLINE uint64_t before_slash(uint64_t bytes) {
  const uint64_t found = zero_bytes(bytes ^ each_byte('/'));
  return found == 0 ? ~uint64_t{0} : ((found & -found) - 1) >> 7;
}

SMIC_INLINE Word word_ahead(const Subject& s) {
  const uint64_t first = window(s);
  const uint64_t second = window(s, s.at + 8 < s.size ? s.at + 8 : s.size);
  const uint64_t keep = before_slash(first);
  return {first & keep, ~keep != 0 ? 0 : second & before_slash(second)};
}

constexpr uint32_t kCacheLine = 64;

SMIC_INLINE uint32_t run_hash(Tables t, uint32_t offset, uint32_t bits, const Subject& s) {
  const uint8_t* op = t + offset;
  if (s.at == s.size) return load32(op + 4) | kRefFinal;
  const uint64_t hash = word_hash(word_ahead(s), bits >> 8 & 0xff);
  const uint32_t shift_bits = bits >> 16 & 0xff;
  const uint32_t shift = op[kHashHeader + word_shift(hash, shift_bits)];
  const uint32_t slot = word_slot(hash, shift, load32(op + 8));
  const uint32_t ref = load32(op + kHashHeader + (uint64_t{1} << shift_bits) + 4 * uint64_t{slot});
  __builtin_prefetch(t + (ref & ~kRefTags) + kCacheLine);
  return ref;
}

// Runs the program from `ref` over the subject; the result's offset, or 0.
SMIC_INLINE uint32_t run_program(Tables t, uint32_t ref, Slice subject) {
  uint8_t copy[8];
  Subject s = make_subject(subject, copy);
  while (!(ref & kRefFinal)) {
    const uint32_t offset = ref & ~kRefTags;
    const uint32_t bits = load32(t + offset);
    const Op kind = static_cast<Op>(bits & kOpKind);
    if (kind == Op::kNode) {
      ref = run_node(t, offset, bits, s);
    } else if (kind == Op::kSpan) {
      ref = run_span(t, offset, bits, s);
    } else if (kind == Op::kEnd) {
      ref = run_end(t, offset, bits, s);
    } else if (kind == Op::kStep) {
      ref = run_step(t, offset, bits, s);
    } else if (kind == Op::kBits) {
      ref = run_bits(t, offset, s);
    } else if (kind == Op::kMap) {
      ref = run_map(t, offset, bits, s);
    } else {
      ref = run_hash(t, offset, bits, s);
    }
  }
  return ref & ~kRefTags;
}

// ---- header conditions -------------------------------------------------------------------------

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

// ---- outcomes ----------------------------------------------------------------------------------

SMIC_INLINE uint32_t cell(Tables t, uint32_t key, uint32_t source_class) {
  const uint8_t* table = t + SMIC_HEADER(cell_table);
  if (SMIC_HEADER(cells_dense)) {
    return load32(table + 4 * (uint64_t{key} * SMIC_HEADER(source_classes) + source_class));
  }
  const uint32_t slots = (1u << SMIC_HEADER(cell_bits)) - 1;
  const uint32_t hash = cell_hash(key, source_class);
  for (uint32_t probe = 0; probe < SMIC_HEADER(cell_probes); ++probe) {
    const uint8_t* record = table + sizeof(CellRecord) * ((hash + probe) & slots);
    if (load32(record) == key && load32(record + 4) == source_class) return load32(record + 8);
    if (load32(record) == kNoKey) return 0;
  }
  return 0;
}

SMIC_INLINE void apply(Tables t, const uint8_t* outcome, uint32_t source_class, Verdict* verdict) {
  const uint32_t route = load32(outcome);
  if (route < verdict->route) verdict->route = route;
  const uint32_t row = load32(outcome + 4);
  if (row == 0) return;
  const uint32_t words = SMIC_HEADER(destination_words);
  const uint8_t* masks = t + SMIC_HEADER(mask_table);
  for (const uint8_t* term = t + row;; term += sizeof(TermRecord)) {
    const uint32_t key = load32(term);
    const uint32_t mask = load32(term + 4);
    const uint32_t held = key == kEverySource ? 1 : cell(t, key, source_class);
    for (uint32_t w = 0; w < words; ++w) {
      verdict->allowed[w] |= load64(masks + 8 * (words * (mask & ~kLastTerm) + w)) &
                             load64(masks + 8 * (words * held + w));
    }
    if (mask & kLastTerm) return;
  }
}

// ---- leaves ------------------------------------------------------------------------------------

struct Request {
  const RequestView* view;
  uint32_t method_bit;
  uint32_t source_class;
};

SMIC_INLINE uint32_t load16(const uint8_t* at) { return at[0] | at[1] << 8; }

// The entries of one header pattern that the request has.
SMIC_INLINE void apply_conditional(Tables t, const Request& r, HeaderWords& memo, uint32_t list,
                                   Verdict* verdict) {
  const uint8_t* at = t + list;
  uint32_t count = load32(at);
  for (at += 4; count != 0; --count) {
    const uint32_t needs = load16(at + 2);
    const uint8_t* need = at + sizeof(EntryRecord);
    bool holds = load16(at) & r.method_bit;
    for (uint32_t i = 0; holds && i < needs; ++i) {
      const uint8_t* n = need + sizeof(NeedRecord) * i;
      const uint64_t mask = load64(n + 8);
      holds = (header_word(t, r.view, memo, load32(n), load32(n + 4), mask) & mask) == mask;
    }
    if (holds) apply(t, at + 4, r.source_class, verdict);
    at = need + sizeof(NeedRecord) * needs;
  }
}

SMIC_INLINE void apply_trigger(Tables t, const Request& r, HeaderWords& memo, const uint8_t* at,
                               Verdict* verdict) {
  if (!(load32(at + 16) & r.method_bit)) return;
  const uint64_t relevant = load64(at + 8);
  uint64_t hits = header_word(t, r.view, memo, load32(at), load32(at + 4), relevant) & relevant;
  const uint8_t* bits = t + load32(at + 20);
  for (; hits != 0; hits &= hits - 1) {
    const uint32_t rank = __builtin_popcountll(relevant & ((hits & -hits) - 1));
    apply_conditional(t, r, memo, load32(bits + 4 * rank), verdict);
  }
}

// One leaf without its list.
SMIC_INLINE void apply_leaf(Tables t, const Request& r, HeaderWords& memo, uint32_t leaf,
                            Verdict* verdict) {
  const uint32_t entries = load16(t + leaf);
  const uint32_t triggers = load16(t + leaf + 2);
  const uint8_t* at = t + leaf + sizeof(LeafRecord);
  for (uint32_t i = 0; i < entries; ++i, at += sizeof(EntryRecord)) {
    if (load16(at) & r.method_bit) apply(t, at + 4, r.source_class, verdict);
  }
  if (SMIC_HEADER(slots) == 0) return;
  for (uint32_t i = 0; i < triggers; ++i, at += sizeof(TriggerRecord)) {
    apply_trigger(t, r, memo, at, verdict);
  }
}

// A leaf and the leaves on its list, in one loop so that apply_leaf is inlined once.
SMIC_INLINE void apply_all(Tables t, const Request& r, HeaderWords& memo, uint32_t leaf,
                           Verdict* verdict) {
  uint32_t list = leaf == 0 || SMIC_HEADER(lists) == 0 ? 0 : load32(t + leaf + 4);
  while (leaf != 0) {
    apply_leaf(t, r, memo, leaf, verdict);
    leaf = list == 0 ? 0 : load32(t + list);
    list = list == 0 ? 0 : load32(t + list + 4);
  }
}

SMIC_INLINE Request request_of(Tables t, const RequestView* view) {
  const uint32_t method = view->method < kMethodCount ? view->method : 0;
  const uint32_t source = view->source_class < SMIC_HEADER(source_classes) ? view->source_class : 0;
  return {view, 1u << method, source};
}

}  // namespace

extern "C" void smic_kernel_leaf(const uint8_t* t, const RequestView* view, uint32_t leaf,
                                 Verdict* verdict) {
  HeaderWords memo;
  memo.known = 0;
  memo.searches = 0;
  apply_all(t, request_of(t, view), memo, leaf, verdict);
}

extern "C" void smic_kernel_match(const uint8_t* t, const RequestView* view, Verdict* verdict) {
  const Request request = request_of(t, view);
  HeaderWords memo;
  memo.known = 0;
  memo.searches = 0;
  verdict->route = SMIC_HEADER(routes) - 1;
  verdict->reserved = 0;
  for (uint32_t w = 0; w < kDestinationWords; ++w) verdict->allowed[w] = 0;
  const uint32_t method = __builtin_ctz(request.method_bit);
  apply(t, t + SMIC_HEADER(start) + sizeof(OutcomeRecord) * method, request.source_class, verdict);

  const uint32_t groups = SMIC_HEADER(path_groups);
  const uint8_t* roots = t + SMIC_HEADER(path_roots);
  uint32_t leaf = SMIC_HEADER(base_leaf);
  for (uint32_t group = 0;; ++group) {
    apply_all(t, request, memo, leaf, verdict);
    if (group == groups) return;
    leaf = run_program(t, load32(roots + 4 * group), view->path);
  }
}

extern "C" uint32_t smic_kernel_split(const uint8_t* t, uint32_t route, uint64_t entropy) {
  if (route >= SMIC_HEADER(routes)) return kNoBackend;
  const uint8_t* record = t + SMIC_HEADER(route_table) + sizeof(RouteRecord) * route;
  const uint32_t backends = load32(record);
  const uint8_t* cumulative = t + load32(record + 4);
  const uint64_t total = backends == 0 ? 0 : load64(cumulative + 8 * (backends - 1));
  if (total == 0) return kNoBackend;
  const uint64_t x = static_cast<uint64_t>((static_cast<unsigned __int128>(entropy) * total) >> 64);
  uint32_t low = 0;  // the first backend whose cumulative weight is above x: never one of weight 0
  for (uint32_t high = backends - 1; low < high;) {
    const uint32_t middle = low + (high - low) / 2;
    if (load64(cumulative + 8 * uint64_t{middle}) > x) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace smic::contract
