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

#include "contract/kernel_headers.h"
#include "contract/kernel_outcomes.h"
#include "contract/kernel_program.h"
#include "contract/tables.h"

namespace smic::contract {
namespace {

struct Request {
  const RequestView* view;
  uint32_t method_bit;
  uint32_t source_class;
};

SMIC_INLINE uint32_t load16(const uint8_t* at) { return at[0] | at[1] << 8; }

SMIC_INLINE void apply_number(Tables t, const Request& r, uint32_t outcome, Verdict* verdict) {
  const uint8_t* table = t + SMIC_HEADER(outcome_table);
  apply(t, table + sizeof(OutcomeRecord) * uint64_t{outcome}, r.source_class, verdict);
}

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
    if (holds) apply_number(t, r, load32(at + 4), verdict);
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

SMIC_INLINE void apply_test_leaf(Tables t, const Request& r, HeaderWords& memo, const uint8_t* at,
                                 Verdict* verdict) {
  if (!(load16(at + 2) & r.method_bit)) return;
  const uint32_t pattern = load16(at + 6);
  const uint64_t bit = uint64_t{1} << (pattern % 64);
  if (header_word(t, r.view, memo, load16(at + 4), pattern / 64, bit) & bit) {
    apply_number(t, r, load32(at + 8), verdict);
  }
}

// One leaf's record, and what list it has.
SMIC_INLINE uint32_t apply_record(Tables t, const Request& r, HeaderWords& memo, uint32_t leaf,
                                  Verdict* verdict) {
  const uint8_t* at = t + leaf;
  const uint32_t entries = load16(at);
  if (entries == kTestLeaf) {
    apply_test_leaf(t, r, memo, at, verdict);
    return 0;
  }
  const uint32_t triggers = load16(at + 2);
  const uint32_t list = load32(at + 4);
  at += sizeof(LeafRecord);
  for (uint32_t i = 0; i < entries; ++i, at += sizeof(EntryRecord)) {
    if (load16(at) & r.method_bit) apply_number(t, r, load32(at + 4), verdict);
  }
  for (uint32_t i = 0; i < triggers; ++i, at += sizeof(TriggerRecord)) {
    apply_trigger(t, r, memo, at, verdict);
  }
  return list;
}

// A leaf and the leaves on its list, in one loop so that apply_record is inlined once.
SMIC_INLINE void apply_all(Tables t, const Request& r, HeaderWords& memo, uint32_t leaf,
                           Verdict* verdict) {
  uint32_t list = 0;
  while (leaf != 0) {
    if (leaf & kLeafInline) {
      if (inline_methods(leaf) & r.method_bit) apply_number(t, r, inline_outcome(leaf), verdict);
    } else {
      const uint32_t first = apply_record(t, r, memo, leaf, verdict);
      if (first != 0) list = first;
    }
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
