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

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;

struct Subject {
  const uint8_t* data;
  uint64_t size;
  uint64_t at;
};

// The bytes from `at` on, zeros after the end; never reads outside the subject.
SMIC_INLINE uint64_t window(const Subject& s) {
  const uint64_t left = s.size - s.at;
  if (left >= 8) return load64(s.data + s.at);
  if (left == 0) return 0;
  if (s.size >= 8) return load64(s.data + s.size - 8) >> (8 * (8 - left));
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < left; ++i) bytes |= uint64_t{s.data[s.at + i]} << (8 * i);
  return bytes;
}

SMIC_INLINE uint64_t first_byte(uint64_t high_bits) { return __builtin_ctzll(high_bits) / 8; }

// High bit of every byte that is not zero; exact for all bytes.
SMIC_INLINE uint64_t nonzero_bytes(uint64_t v) { return (((v & ~kHighs) + ~kHighs) | v) & kHighs; }

// High bit of every byte that the class of a step or span (but kSet) does not have.
SMIC_INLINE uint64_t outside(uint64_t v, uint32_t test, uint64_t a, uint64_t b) {
  if ((test & kTestKind) == static_cast<uint32_t>(Test::kRange)) {
    const uint64_t low = v & ~kHighs;
    const uint64_t inside = (low + (0x80 - a) * kOnes) & ~(low + (0x7f - b) * kOnes) & ~v;
    return ~inside & kHighs;
  }
  const uint64_t allowed = nonzero_bytes(v ^ a * kOnes) & nonzero_bytes(v ^ b * kOnes) & ~v;
  return ~allowed & kHighs;
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

SMIC_INLINE bool in_set(Tables t, uint32_t set, uint8_t byte) {
  return t[SMIC_HEADER(byte_set_table) + 32 * set + byte / 8] >> (byte % 8) & 1;
}

SMIC_INLINE bool in_class(Tables t, uint32_t test, uint32_t a, uint32_t b, uint8_t byte) {
  switch (static_cast<Test>(test & kTestKind)) {
    case Test::kRange:
      return a <= byte && byte <= b;
    case Test::kExcept:
      return byte < 0x80 && byte != a && byte != b;
    case Test::kSet:
      return in_set(t, a | b << 8, byte);
  }
  return false;
}

// ---- programs ----------------------------------------------------------------------------------

// The first four bytes of an op, and where its optional fields are.
struct Head {
  const uint8_t* op;
  uint32_t offset;
  uint32_t bits;
  uint32_t end;  // offset of what follows in memory

  SMIC_INLINE uint32_t byte(uint32_t index) const { return bits >> (8 * index) & 0xff; }
  SMIC_INLINE uint32_t field(uint32_t flag, uint32_t after, uint32_t absent) const {
    if (!(bits & flag)) return absent;
    const uint32_t behind =
        (bits & after & kOpAccept ? 4 : 0) + (bits & after & kOpFallback ? 4 : 0);
    return load32(op + (end - offset) - 4 - behind);
  }
  SMIC_INLINE uint32_t accept() const { return field(kOpAccept, 0, 0); }
  SMIC_INLINE uint32_t fallback() const { return field(kOpFallback, kOpAccept, kDead); }
  SMIC_INLINE uint32_t next() const { return field(kOpNext, kOpAccept | kOpFallback, end); }
};

SMIC_INLINE uint32_t optional_fields(uint32_t bits) {
  return (bits & kOpAccept ? 4 : 0) + (bits & kOpFallback ? 4 : 0) + (bits & kOpNext ? 4 : 0);
}

// Compares the run with the subject; steps over what is equal. True if all of it was.
SMIC_INLINE bool match_run(const uint8_t* bytes, uint64_t length, Subject& s) {
  for (;;) {
    const uint64_t left = s.size - s.at;
    uint64_t differ = load64(bytes) ^ window(s);
    uint64_t comparable = length < left ? length : left;
    if (comparable < 8) differ &= ~(~uint64_t{0} << (8 * comparable));
    if (differ != 0) {
      s.at += __builtin_ctzll(differ) / 8;
      return false;
    }
    if (comparable < 8) {
      s.at += comparable;
      return comparable == length;
    }
    s.at += 8;
    if (length == 8) return true;
    length -= 8;
    bytes += 8;
    if (s.at == s.size) return false;
  }
}

// Steps over the bytes of the class. False if a broken sequence ended the program.
SMIC_INLINE bool skip_span(Tables t, Subject& s, uint32_t test, uint32_t a, uint32_t b) {
  for (;;) {
    if ((test & kTestKind) == static_cast<uint32_t>(Test::kSet)) {
      while (s.at != s.size && in_set(t, a | b << 8, s.data[s.at])) ++s.at;
    } else {
      for (;;) {
        const uint64_t left = s.size - s.at;
        const uint64_t stop = outside(window(s), test, a, b);
        const uint64_t taken = stop != 0 ? first_byte(stop) : 8;
        s.at += taken < left ? taken : left;
        if (stop != 0 || s.at == s.size) break;
      }
    }
    if (!(test & kTestUtf8) || s.at == s.size) return true;
    const uint32_t more = continuation(s.data[s.at]);
    if (more == 0) return true;
    ++s.at;
    if (!skip_continuation(s, more)) return false;
  }
}

SMIC_INLINE uint32_t branch_ref(const Head& head, uint8_t byte) {
  const uint32_t count = head.byte(1);
  const uint32_t width = count <= 4 ? 4 : 8;
  uint64_t keys = load64(head.op + 4);
  uint64_t equal = ~nonzero_bytes(keys ^ byte * kOnes) & kHighs;
  if (count < 8) equal &= ~(~uint64_t{0} << (8 * count));
  if (equal == 0) return head.fallback();
  return load32(head.op + 4 + width + 4 * first_byte(equal));
}

SMIC_INLINE uint32_t map_ref(const Head& head, uint8_t byte) {
  const uint8_t* ranks = head.op + 12;
  const uint64_t word = load64(head.op + 16 + 8 * (byte / 64));
  const uint64_t bit = uint64_t{1} << (byte % 64);
  uint32_t rank = ranks[byte / 64] + __builtin_popcountll(word & (bit - 1));
  if (head.bits & kMapRuns) {
    rank += (word & bit ? 1 : 0) - 1;
  } else if (!(word & bit)) {
    return load32(head.op + 8);
  }
  return load32(head.op + kMapHeader + 4 * rank);
}

// Runs the program from `ref` over the subject; the result's offset, or 0.
SMIC_INLINE uint32_t run_program(Tables t, uint32_t ref, Slice subject) {
  Subject s{reinterpret_cast<const uint8_t*>(subject.data), subject.size, 0};
  while (!(ref & kRefFinal)) {
    Head head{t + (ref & ~kRefTags), ref & ~kRefTags, load32(t + (ref & ~kRefTags)), 0};
    const Op kind = static_cast<Op>(head.bits & kOpKind);
    if (kind == Op::kRun) {
      head.end = head.offset + 4 * head.byte(2);
      if (match_run(head.op + 4, head.byte(1), s)) {
        ref = head.next();
        continue;
      }
      if (s.at == s.size) return head.accept();
      ref = head.fallback();
    } else if (kind == Op::kSpan) {
      head.end = head.offset + 4 + optional_fields(head.bits);
      if (!skip_span(t, s, head.byte(1), head.byte(2), head.byte(3))) {
        ref = head.fallback();
        continue;
      }
      if (s.at == s.size) return head.accept();
      ref = head.next();
      continue;
    } else if (kind == Op::kBranch) {
      head.end = head.offset + 4 * head.byte(2);
      if (s.at == s.size) return head.accept();
      ref = branch_ref(head, s.data[s.at]);
    } else if (kind == Op::kMap) {
      if (s.at == s.size) return load32(head.op + 4);
      ref = map_ref(head, s.data[s.at]);
    } else {
      head.end = head.offset + 4 + optional_fields(head.bits);
      if (s.at == s.size) return head.accept();
      const uint8_t byte = s.data[s.at];
      const uint32_t more = head.byte(1) & kTestUtf8 ? continuation(byte) : 0;
      if (more != 0) {
        ++s.at;
        ref = skip_continuation(s, more) ? head.next() : head.fallback();
        continue;
      }
      const bool taken = in_class(t, head.byte(1), head.byte(2), head.byte(3), byte);
      ref = taken ? head.next() : head.fallback();
    }
    if (!(ref & kRefRetry)) ++s.at;
  }
  return ref & ~kRefTags;
}

// ---- header conditions -------------------------------------------------------------------------

// The header patterns that the request has, a bit each, slot by slot and only when asked.
struct HeaderWords {
  uint64_t known;  // bit per slot, for the first 64 slots
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

// Not inlined: rare beside the path, and a second and third copy would double the code of a unit.
SMIC_NOINLINE uint64_t header_word(Tables t, const RequestView* view, HeaderWords& memo,
                                   uint32_t slot, uint32_t word) {
  const uint8_t* record = t + SMIC_HEADER(slot_table) + sizeof(SlotRecord) * slot;
  const uint32_t first = load32(record);
  const uint32_t count = load32(record + 4);
  const bool kept = slot < 64 && first + count <= kMemoWords;
  if (kept && memo.known >> slot & 1) return memo.words[first + word];
  uint64_t alone;
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
      holds = (header_word(t, r.view, memo, load32(n), load32(n + 4)) & mask) == mask;
    }
    if (holds) apply(t, at + 4, r.source_class, verdict);
    at = need + sizeof(NeedRecord) * needs;
  }
}

SMIC_INLINE void apply_trigger(Tables t, const Request& r, HeaderWords& memo, const uint8_t* at,
                               Verdict* verdict) {
  const uint64_t relevant = load64(at + 8);
  uint64_t hits = header_word(t, r.view, memo, load32(at), load32(at + 4)) & relevant;
  const uint8_t* bits = t + load32(at + 16);
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

}  // namespace

extern "C" void smic_kernel_match(const uint8_t* t, const RequestView* view, Verdict* verdict) {
  const uint32_t method = view->method < kMethodCount ? view->method : 0;
  const uint32_t source = view->source_class < SMIC_HEADER(source_classes) ? view->source_class : 0;
  const Request request{view, 1u << method, source};
  HeaderWords memo;
  memo.known = 0;
  verdict->route = SMIC_HEADER(routes) - 1;
  verdict->reserved = 0;
  for (uint32_t w = 0; w < kDestinationWords; ++w) verdict->allowed[w] = 0;
  apply(t, t + SMIC_HEADER(start) + sizeof(OutcomeRecord) * method, source, verdict);

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
