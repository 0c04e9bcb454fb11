// SPDX-License-Identifier: Apache-2.0
// A byte automaton as ops (contract/tables.h): first each state by itself is told as the smallest
// op that says it, then the ops are laid out.
//
//   plan_state   one state → StatePlan
//   words        one state → the literal words that a hash may tell apart (words.h)
//   write_program   all of them, depth first, runs joined, results beside the ops that reach them
//
// The one idea that is not obvious is `retry`. `/users/me` beside `/users/[^/]+` makes every state
// of "me" know what `[^/]+` would do with all other bytes. Such a state is told as its difference
// from the wildcard's state: one key, and "any other byte: look at it again there". So literals
// beside wildcards are runs too, not tables.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "compiler/automata/automata.h"
#include "compiler/decision/table_writer.h"
#include "contract/tables.h"

namespace smic::decision {

// Classes of bytes that the steps and spans of one unit refer to by number.
class ByteClasses {
 public:
  using Set = std::array<std::uint64_t, 4>;

  std::optional<std::uint32_t> intern(const Set& set);  // none left: the caller tells it otherwise
  const std::vector<Set>& all() const { return sets_; }

 private:
  std::vector<Set> sets_;
  std::map<Set, std::uint32_t> ids_;
};

// The ranges of ASCII bytes that make up the set; none if that takes more than kClassRanges.
struct ByteRange {
  std::uint8_t first = 0;
  std::uint8_t last = 0;
};
std::optional<std::vector<ByteRange>> ranges_of(const ByteClasses::Set& set);

// Bytes 1 to 3 of a step's or span's head.
struct ByteClass {
  std::uint8_t test = 0;
  std::uint32_t id = 0;
  bool operator==(const ByteClass&) const = default;
};

// Puts the keys of a node into slots of their own; see contract::key_slot.
struct KeyHash {
  std::uint32_t slots = 0;
  std::uint32_t factor = 0;
};

struct StatePlan {
  // Consumed here for as long as it lasts, before the rest is looked at.
  std::optional<ByteClass> span;
  std::uint32_t broken = 0;  // span or step with kTestUtf8: the state after a broken sequence

  // The rest. For nodes and maps of keys; other bytes go to `fallback`.
  contract::Op kind = contract::Op::kNode;
  std::vector<std::pair<std::uint8_t, std::uint32_t>> keys;
  std::uint32_t fallback = 0;
  bool retry = false;  // look at the byte again at `fallback`, do not step over it
  KeyHash hash;        // node with several keys
  bool runs = false;   // map: `keys` are starts of runs of equal bytes and there is no fallback

  // A step: the class leads to `next`.
  ByteClass step;
  std::uint32_t next = 0;
};

class Planner {
 public:
  Planner(const automata::Dfa& dfa, ByteClasses& classes);

  StatePlan plan(std::uint32_t state) const;
  bool spans(std::uint32_t state) const { return spans_[state].has_value(); }

  // What a state consumes for as long as it lasts, and where a broken sequence leads.
  std::optional<ByteClass> span(std::uint32_t state) const {
    return spans(state) ? std::optional(spans_[state]->bytes) : std::nullopt;
  }
  std::uint32_t broken(std::uint32_t state) const { return spans_[state]->broken; }

 private:
  using Targets = std::array<std::uint32_t, 256>;
  struct Span {
    ByteClass bytes;
    std::uint32_t broken = 0;
  };

  Targets targets(std::uint32_t state) const;
  std::optional<Span> find_span(std::uint32_t state);
  std::optional<std::uint32_t> utf8_to(const Targets& targets, std::uint32_t to) const;
  std::optional<std::uint32_t> continuation_to(std::uint32_t state, std::uint32_t to) const;
  std::optional<StatePlan> plan_literal(std::uint32_t state) const;
  std::optional<StatePlan> plan_step(const Targets& targets) const;
  static StatePlan keys_alone(const Targets& targets, const std::array<bool, 256>& free);
  StatePlan plan_keys(StatePlan keys, const Targets& targets, const std::array<bool, 256>& free,
                      bool may_retry) const;
  void try_retries(const Targets& targets, StatePlan& best) const;

  const automata::Dfa& dfa_;
  ByteClasses& classes_;
  std::vector<std::optional<Span>> spans_;
};

// Writes the program and, by `place`, each result when it is first needed. `place` gets an index
// into dfa.sets and returns the offset of what it wrote, 0 for nothing. Returns the root's ref.
std::uint32_t write_program(TableWriter& out, const automata::Dfa& dfa, ByteClasses& classes,
                            const std::function<std::uint32_t(std::uint32_t)>& place);

// A program of one op, which gives `result` (an offset) for a match.
std::uint32_t write_bits(TableWriter& out, const automata::BitForm& form, std::uint32_t result);

}  // namespace smic::decision
