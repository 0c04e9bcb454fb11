// SPDX-License-Identifier: Apache-2.0
// Lays the states' plans out as ops. Depth first: what a decision walks through lies together. An
// op whose successor is not written yet is followed by it and needs no `next`; results wait until
// a string of ops ends and are put right there.
//
// A state whose words are hashed becomes two: the hash has the state's place, and what is no such
// word takes a *detour*, the ordinary way. Detours have numbers after those of the states and are
// written as states are, after what the words lead to, since few requests take them.
//
// Tested by tests/unit/decision/program_test.cpp.
#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <utility>

#include "base/check.h"
#include "compiler/decision/shapes.h"
#include "compiler/decision/words.h"

namespace smic::decision {
namespace {

using contract::Op;

constexpr std::uint32_t kOptional = contract::kOpAccept | contract::kOpFallback | contract::kOpNext;

class ProgramWriter {
 public:
  ProgramWriter(TableWriter& out, const automata::Dfa& dfa, ByteClasses& classes,
                std::function<std::uint32_t(std::uint32_t)> place, bool hashes)
      : out_(out),
        dfa_(dfa),
        classes_(classes),
        planner_(dfa, classes),
        words_(dfa, planner_),
        shapes_(dfa),
        place_(std::move(place)),
        hashes_words_(hashes),
        offsets_(dfa.states.size()),
        results_(dfa.sets.size()),
        ways_in_(dfa.states.size()) {
    ++ways_in_[0];
    for (std::uint32_t state = 0; state < dfa.states.size(); ++state) {
      ++ways_in_[dfa.states[state].default_to];
      for (const automata::Edge& edge : dfa.edges_of(state)) ++ways_in_[edge.to];
    }
  }

  std::uint32_t write() {
    if (dfa_.settled(0)) {
      return (accept(0) == 0 ? 0 : place_(accept(0))) | contract::kRefFinal;
    }
    for (stack_.push_back(0); !stack_.empty();) {
      const std::uint32_t state = stack_.back();
      stack_.pop_back();
      if (offsets_[state] == 0) write_string(state);
    }
    for (const auto& [at, state, tag] : patches_) out_.patch32(at, offsets_[state] | tag);
    write_shapes();
    return offsets_[0];
  }

 private:
  struct Patch {
    std::uint32_t at, to, tag;
  };

  // The ordinary way of a state whose words are hashed.
  struct Detour {
    StatePlan plan;
    std::uint32_t accept = 0;
  };
  bool is_detour(std::uint32_t state) const { return state >= dfa_.states.size(); }
  const Detour& detour(std::uint32_t state) const { return detours_[state - dfa_.states.size()]; }
  std::uint32_t add_detour(Detour detour) {
    detours_.push_back(std::move(detour));
    offsets_.push_back(0);
    ways_in_.push_back(1);
    return static_cast<std::uint32_t>(offsets_.size() - 1);
  }

  std::uint32_t accept(std::uint32_t state) const {
    return is_detour(state) ? detour(state).accept : dfa_.states[state].accept;
  }
  bool settled(std::uint32_t state) const { return !is_detour(state) && dfa_.settled(state); }
  bool dead(std::uint32_t state) const { return settled(state) && accept(state) == 0; }
  bool open(std::uint32_t state) const { return !settled(state) && offsets_[state] == 0; }
  StatePlan plan(std::uint32_t state) {
    if (ahead_ && ahead_->first == state) return std::exchange(ahead_, std::nullopt)->second;
    return is_detour(state) ? detour(state).plan : planner_.plan(state);
  }
  bool dead_if_broken(std::uint32_t state) const {
    return (planner_.span(state)->test & contract::kTestUtf8) == 0 || dead(planner_.broken(state));
  }

  // ---- refs ----

  void put_result(std::uint32_t set, std::uint32_t tag) {
    if (set != 0 && !results_[set]) wanted_.push_back({out_.position(), set, tag});
    out_.put32(set == 0 ? tag : results_[set].value_or(0) | tag);
  }

  void put_ref(std::uint32_t state, bool retry = false) {
    if (settled(state)) return put_result(accept(state), contract::kRefFinal);
    const std::uint32_t tag = retry ? contract::kRefRetry : 0;
    if (open(state)) {
      patches_.push_back({out_.position(), state, tag});
      if (!is_detour(state)) fresh_.push_back(state);
    }
    out_.put32(offsets_[state] | tag);
  }

  void place_results() {
    for (const auto& [at, set, tag] : wanted_) {
      if (!results_[set]) results_[set] = place_(set);
      out_.patch32(at, *results_[set] | tag);
    }
    wanted_.clear();
  }

  // ---- ops ----

  void put_head(Op op, std::uint32_t flags, std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    out_.put8(static_cast<std::uint32_t>(op) | flags);
    out_.put8(a);
    out_.put8(b);
    out_.put8(c);
  }

  // The flags of an op's optional fields; `next` is absent where the next state follows.
  std::uint32_t flags(std::uint32_t state, std::uint32_t fallback, bool next) const {
    return (accept(state) != 0 ? contract::kOpAccept : 0) |
           (dead(fallback) ? 0 : contract::kOpFallback) | (next ? contract::kOpNext : 0);
  }

  void put_fields(std::uint32_t flags, std::uint32_t state, std::uint32_t fallback, bool retry,
                  std::uint32_t next) {
    if (flags & contract::kOpNext) put_ref(next);
    if (flags & contract::kOpFallback) put_ref(fallback, retry);
    if (flags & contract::kOpAccept) put_result(accept(state), 0);
  }

  // Ops from `state` on for as long as one follows the other.
  void write_string(std::uint32_t state) {
    for (std::optional<std::uint32_t> at = state; at;) {
      offsets_[*at] = out_.position();
      at = write_state(*at);
      // The states of the last op are written next, in the order of its keys.
      for (; !fresh_.empty(); fresh_.pop_back()) stack_.push_back(fresh_.back());
    }
    place_results();
  }

  // Writes the state's ops; the state whose ops are to follow, if any.
  std::optional<std::uint32_t> write_state(std::uint32_t state) {
    if (hashed(state)) {
      write_hash(state);
      return std::nullopt;
    }
    StatePlan plan = this->plan(state);
    if (is_plus(state, plan)) {
      state = plan.next;
      plan = planner_.plan(state);
      plan.span->test |= contract::kTestPlus;
    }
    if (plan.span && !write_span(state, plan)) return std::nullopt;
    return write_rest(state, plan);
  }

  // A class once and then as often as it comes, as in `[0-9]+`: one op for two states.
  bool is_plus(std::uint32_t state, const StatePlan& plan) const {
    if (plan.kind != Op::kStep || plan.span || accept(state) != 0 || !dead(plan.fallback)) {
      return false;
    }
    const std::optional<ByteClass> span = planner_.span(plan.next);
    return span && *span == plan.step && dead_if_broken(plan.next);
  }

  // False if what follows the span needs no op of its own: every other byte settles it.
  bool write_span(std::uint32_t state, const StatePlan& plan) {
    const bool ends = plan.kind == Op::kEnd && dfa_.settled(plan.fallback);
    const bool breaks = plan.span->test & contract::kTestUtf8;
    std::uint32_t fields = flags(state, plan.broken, ends);
    if (!breaks) fields &= ~contract::kOpFallback;
    put_head(Op::kSpan, fields, plan.span->test, plan.span->id & 0xff, plan.span->id >> 8);
    put_fields(fields, state, plan.broken, false, plan.fallback);
    return !ends;
  }

  std::optional<std::uint32_t> write_rest(std::uint32_t state, const StatePlan& plan) {
    switch (plan.kind) {
      case Op::kNode:
        return write_node(state, plan);
      case Op::kStep:
        return write_step(state, plan);
      case Op::kEnd:
        write_end(state, plan);
        return std::nullopt;
      case Op::kMap:
        write_map(state, plan);
        return std::nullopt;
      case Op::kSpan:
      case Op::kHash:
      case Op::kBits:
      case Op::kLast:
        break;
    }
    SMIC_CHECK(false, "a state's rest is planned as a span");
  }

  // ---- hashes ----

  // Is the state one whose words are hashed? Then they are known from here on.
  bool hashed(std::uint32_t state) {
    if (!hashes_words_ || is_detour(state) || ordinary_.contains(state)) return false;
    if (hashes_.contains(state)) return true;
    auto words = words_.find(state);
    auto table = words ? place_words(words->words) : std::nullopt;
    if (!table) {
      ordinary_.insert(state);
      return false;
    }
    hashes_.emplace(state, Hash{*std::move(words), *std::move(table)});
    return true;
  }

  void write_hash(std::uint32_t state) {
    const auto [words, table] = std::move(hashes_.extract(state).mapped());
    std::uint32_t fallback = dfa_.states[state].default_to;  // dead, if the words are complete
    if (!words.complete) {
      fallback = add_detour({planner_.plan(state), accept(state)});
      stack_.push_back(fallback);
      ordinary_.insert(words.within.begin(), words.within.end());
    }
    const std::uint32_t op = out_.position();
    put_head(Op::kHash, 0, table.seed, table.bits, words.segments);
    put_result(accept(state), 0);
    put_ref(fallback, true);
    out_.put32(static_cast<std::uint32_t>(table.slots.size()));
    const SharedPrefixes prefixes(words.words);
    out_.put32(static_cast<std::uint32_t>(prefixes.all().size()));
    out_.put32(prefixes.stride());
    for (const std::uint8_t shift : table.shifts) out_.put8(shift);
    out_.skip(static_cast<std::uint32_t>(contract::word_table(op, table.bits)) - out_.position());
    for (const std::optional<std::uint32_t>& slot : table.slots) {
      put_slot(slot ? &words.words[*slot] : nullptr);
      put_end(slot ? words.words[*slot].text : "", slot ? prefixes.number(*slot) : 0);
    }
    for (const std::string& prefix : prefixes.all()) put_padded(prefix, prefixes.stride());
  }

  // Where a word leads: to the shape of what follows, or to the state where there is no such shape.
  void put_slot(const LiteralWord* word) {
    if (word == nullptr) {
      out_.put32(contract::kDead);
      return out_.put32(0);
    }
    const std::uint32_t slash = word->slash ? contract::kWordSlash : 0;
    const auto shape = settled(word->to) ? std::nullopt : shapes_.find(word->to);
    if (!shape) {
      put_ref(word->to);
      return out_.put32(slash);
    }
    shaped_.push_back({out_.position(), shape->shape, 0});
    out_.put32(0);
    put_result(shape->set, slash);
  }

  // No text: a free slot.
  void put_end(std::string_view text, std::uint32_t prefix) {
    const std::size_t size = text.empty() ? contract::kNoWord : text.size();
    out_.put32(static_cast<std::uint32_t>(size) | prefix << 8);
    put_padded(end_of_word(text), contract::kWordEnd);
  }

  void put_padded(std::string_view text, std::uint32_t size) {
    for (const char c : text) out_.put8(static_cast<std::uint8_t>(c));
    out_.skip(size - static_cast<std::uint32_t>(text.size()));
  }

  void write_shapes() {
    std::vector<std::uint32_t> refs;
    for (const automata::Dfa& shape : shapes_.all()) {
      const auto of_word = [](std::uint32_t) { return contract::kResultOfWord; };
      refs.push_back(ProgramWriter(out_, shape, classes_, of_word, false).write());
    }
    for (const auto& [at, shape, tag] : shaped_) out_.patch32(at, refs[shape]);
  }

  // Can `state` be told within a node that began with `first`?
  bool joins(std::uint32_t state, std::uint32_t first, const StatePlan& plan,
             const StatePlan& next) const {
    return next.kind == Op::kNode && !next.span && accept(state) == accept(first) &&
           next.fallback == plan.fallback && next.retry == plan.retry;
  }

  // States with one key are the node's text, the first with several has its keys.
  std::optional<std::uint32_t> write_node(std::uint32_t state, const StatePlan& plan) {
    std::vector<std::uint8_t> text;
    StatePlan last = plan;
    while (last.keys.size() == 1) {
      text.push_back(last.keys[0].first);
      const std::uint32_t next = last.keys[0].second;
      last = {};
      if (text.size() < contract::kMaxText && open(next) && ways_in_[next] == 1 && !hashed(next)) {
        StatePlan ahead = this->plan(next);
        if (joins(next, state, plan, ahead)) {
          last = std::move(ahead);
        } else {
          ahead_.emplace(next, std::move(ahead));  // it is most likely written next
        }
      }
      if (last.keys.empty()) return write_text(state, plan, text, next);
    }
    const std::uint32_t fields = flags(state, plan.fallback, false);
    put_text(fields, text, last.hash);
    put_keys(last);
    put_fields(fields, state, plan.fallback, plan.retry, 0);
    const auto first =
        std::ranges::find_if(last.keys, [&](const auto& k) { return open(k.second); });
    return first != last.keys.end() ? std::optional(first->second) : std::nullopt;
  }

  std::optional<std::uint32_t> write_text(std::uint32_t state, const StatePlan& plan,
                                          const std::vector<std::uint8_t>& text,
                                          std::uint32_t next) {
    if (accept(state) == 0 && dead(plan.fallback) && is_end(next)) {
      write_last(text, next);
      return std::nullopt;
    }
    const std::uint32_t fields = flags(state, plan.fallback, !open(next));
    const auto quads =
        1 + (text.size() + 3) / 4 + static_cast<std::size_t>(std::popcount(fields & kOptional));
    put_text(fields, text, {0, static_cast<std::uint32_t>(quads)});
    put_fields(fields, state, plan.fallback, plan.retry, next);
    return open(next) ? std::optional(next) : std::nullopt;
  }

  // Does every byte lead from the state to nothing?
  bool is_end(std::uint32_t state) const {
    return !is_detour(state) && !settled(state) && dfa_.edges_of(state).empty() &&
           dead(dfa_.states[state].default_to);
  }

  // A state's end is so small that each text that leads to it has its own.
  void write_last(const std::vector<std::uint8_t>& text, std::uint32_t end) {
    put_head(Op::kLast, 0, static_cast<std::uint32_t>(text.size()), 0, 0);
    put_result(accept(end), 0);
    for (const std::uint8_t byte : text) out_.put8(byte);
    out_.align(4);
  }

  void put_text(std::uint32_t fields, const std::vector<std::uint8_t>& text, KeyHash hash) {
    put_head(Op::kNode, fields, static_cast<std::uint32_t>(text.size()), hash.slots, hash.factor);
    for (const std::uint8_t byte : text) out_.put8(byte);
    out_.align(4);
  }

  // A free slot holds a key that belongs elsewhere, so no byte finds itself there.
  void put_keys(const StatePlan& plan) {
    using Key = std::pair<std::uint8_t, std::uint32_t>;
    std::vector<const Key*> slots(std::size_t{1} << (plan.hash.slots - 1));
    const auto slot = [&](const Key& key) {
      return contract::key_slot(key.first, plan.hash.slots, plan.hash.factor);
    };
    for (const Key& key : plan.keys) slots[slot(key)] = &key;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const Key& other = plan.keys[slot(plan.keys[0]) == i ? 1 : 0];
      out_.put8(slots[i] ? slots[i]->first : other.first);
    }
    out_.align(4);
    for (const Key* key : slots) {
      if (key) {
        put_ref(key->second);
      } else {
        out_.put32(contract::kDead);
      }
    }
  }

  std::optional<std::uint32_t> write_step(std::uint32_t state, const StatePlan& plan) {
    const bool follows = open(plan.next);
    const std::uint32_t fields = flags(state, plan.fallback, !follows);
    put_head(Op::kStep, fields, plan.step.test, plan.step.id & 0xff, plan.step.id >> 8);
    put_fields(fields, state, plan.fallback, false, plan.next);
    return follows ? std::optional(plan.next) : std::nullopt;
  }

  void write_end(std::uint32_t state, const StatePlan& plan) {
    const std::uint32_t fields = flags(state, plan.fallback, false);
    put_head(Op::kEnd, fields, 0, 0, 0);
    put_fields(fields, state, plan.fallback, false, 0);
  }

  void write_map(std::uint32_t state, const StatePlan& plan) {
    put_head(Op::kMap, plan.runs ? contract::kMapRuns : 0, 0, 0, 0);
    put_result(accept(state), 0);
    if (plan.runs) {
      out_.put32(contract::kDead);
    } else {
      put_ref(plan.fallback, plan.retry);
    }
    ByteClasses::Set bits{};
    for (const auto& [byte, to] : plan.keys) bits[byte / 64] |= std::uint64_t{1} << byte % 64;
    std::uint32_t rank = 0;
    for (const std::uint64_t word : bits) {
      out_.put8(rank);
      rank += static_cast<std::uint32_t>(std::popcount(word));
    }
    for (const std::uint64_t word : bits) out_.put64(word);
    for (const auto& [byte, to] : plan.keys) put_ref(to);
  }

  TableWriter& out_;
  const automata::Dfa& dfa_;
  ByteClasses& classes_;
  Planner planner_;
  WordFinder words_;
  Shapes shapes_;
  const std::function<std::uint32_t(std::uint32_t)> place_;
  const bool hashes_words_;  // a shape is small, and has one word's result
  struct Hash {
    LiteralWords words;
    WordTable table;
  };
  std::map<std::uint32_t, Hash> hashes_;  // by state, until written
  std::set<std::uint32_t> ordinary_;      // states that are not hashed, or no more
  std::vector<Detour> detours_;
  std::optional<std::pair<std::uint32_t, StatePlan>> ahead_;  // one that was not joined
  std::vector<std::uint32_t> offsets_;                 // per state, 0 = not written
  std::vector<std::optional<std::uint32_t>> results_;  // per set
  std::vector<std::uint32_t> ways_in_;                 // per state, how many edges lead to it
  std::vector<std::uint32_t> stack_, fresh_;           // states to write; those of this string
  std::vector<Patch> patches_, wanted_, shaped_;       // refs to states; results; refs to shapes
};

}  // namespace

std::uint32_t write_program(TableWriter& out, const automata::Dfa& dfa, ByteClasses& classes,
                            const std::function<std::uint32_t(std::uint32_t)>& place) {
  if (dfa.bits) return write_bits(out, *dfa.bits, place(1));
  return ProgramWriter(out, dfa, classes, place, true).write();
}

}  // namespace smic::decision
