// SPDX-License-Identifier: Apache-2.0
// Lays the states' plans out as ops. Depth first: what a decision walks through lies together. An
// op whose successor is not written yet is followed by it and needs no `next`; results wait until
// a string of ops ends and are put right there.
//
// Tested by tests/unit/decision/program_test.cpp.
#include <bit>

#include "base/check.h"
#include "compiler/decision/program.h"

namespace smic::decision {
namespace {

using contract::Op;

class ProgramWriter {
 public:
  ProgramWriter(TableWriter& out, const automata::Dfa& dfa, ByteSets& sets,
                const std::function<std::uint32_t(std::uint32_t)>& place)
      : out_(out),
        dfa_(dfa),
        planner_(dfa, sets),
        place_(place),
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
    return offsets_[0];
  }

 private:
  struct Patch {
    std::uint32_t at, to, tag;
  };

  std::uint32_t accept(std::uint32_t state) const { return dfa_.states[state].accept; }
  bool open(std::uint32_t state) const { return !dfa_.settled(state) && offsets_[state] == 0; }
  bool dead(std::uint32_t state) const { return dfa_.settled(state) && accept(state) == 0; }

  // ---- refs ----

  void put_result(std::uint32_t set, std::uint32_t tag) {
    if (set != 0 && !results_[set]) wanted_.push_back({out_.position(), set, tag});
    out_.put32(set == 0 ? tag : results_[set].value_or(0) | tag);
  }

  void put_ref(std::uint32_t state, bool retry = false) {
    if (dfa_.settled(state)) return put_result(accept(state), contract::kRefFinal);
    const std::uint32_t tag = retry ? contract::kRefRetry : 0;
    if (open(state)) {
      patches_.push_back({out_.position(), state, tag});
      fresh_.push_back(state);
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

  static std::uint32_t quads(std::uint32_t payload, std::uint32_t flags) {
    std::uint32_t size = 1 + payload;
    for (const std::uint32_t f : {contract::kOpAccept, contract::kOpFallback, contract::kOpNext}) {
      if (flags & f) ++size;
    }
    return size;
  }

  // Ops from `state` on for as long as one follows the other.
  void write_string(std::uint32_t state) {
    for (std::optional<std::uint32_t> at = state; at;) {
      offsets_[*at] = out_.position();
      const StatePlan plan = planner_.plan(*at);
      if (plan.span && !write_span(*at, plan)) break;
      at = write_rest(*at, plan);
      // The states of the last op are written next, in the order of its keys.
      for (; !fresh_.empty(); fresh_.pop_back()) stack_.push_back(fresh_.back());
    }
    place_results();
  }

  // False if what follows the span needs no op of its own: every other byte settles it.
  bool write_span(std::uint32_t state, const StatePlan& plan) {
    const bool ends = plan.keys.empty() && dfa_.settled(plan.fallback);
    const bool breaks = plan.span->test & contract::kTestUtf8;
    std::uint32_t fields = flags(state, plan.broken, ends);
    if (!breaks) fields &= ~contract::kOpFallback;
    put_head(Op::kSpan, fields, plan.span->test, plan.span->a, plan.span->b);
    put_fields(fields, state, plan.broken, false, plan.fallback);
    return !ends;
  }

  std::optional<std::uint32_t> write_rest(std::uint32_t state, const StatePlan& plan) {
    switch (plan.kind) {
      case Op::kRun:
        return write_run(state, plan);
      case Op::kStep:
        return write_step(state, plan);
      case Op::kBranch:
        write_branch(state, plan);
        return std::nullopt;
      case Op::kMap:
        write_map(state, plan);
        return std::nullopt;
      case Op::kSpan:
        break;
    }
    SMIC_CHECK(false, "a state's rest is planned as a span");
  }

  // Can `state` be the next byte of a run with this accept and fallback?
  bool joins(std::uint32_t state, std::uint32_t first, const StatePlan& plan,
             const StatePlan& next) const {
    return next.kind == Op::kRun && !next.span && accept(state) == accept(first) &&
           next.fallback == plan.fallback && next.retry == plan.retry;
  }

  std::optional<std::uint32_t> write_run(std::uint32_t state, const StatePlan& plan) {
    std::vector<std::uint8_t> bytes{plan.keys[0].first};
    std::uint32_t next = plan.keys[0].second;
    while (bytes.size() < contract::kMaxRun && open(next) && ways_in_[next] == 1) {
      const StatePlan ahead = planner_.plan(next);
      if (!joins(next, state, plan, ahead)) break;
      bytes.push_back(ahead.keys[0].first);
      next = ahead.keys[0].second;
    }
    const bool follows = open(next);
    const std::uint32_t fields = flags(state, plan.fallback, !follows);
    const auto length = static_cast<std::uint32_t>(bytes.size());
    put_head(Op::kRun, fields, length, quads((length + 3) / 4, fields), 0);
    for (const std::uint8_t byte : bytes) out_.put8(byte);
    out_.align(4);
    put_fields(fields, state, plan.fallback, plan.retry, next);
    return follows ? std::optional(next) : std::nullopt;
  }

  std::optional<std::uint32_t> write_step(std::uint32_t state, const StatePlan& plan) {
    const bool follows = open(plan.next);
    const std::uint32_t fields = flags(state, plan.fallback, !follows);
    put_head(Op::kStep, fields, plan.step.test, plan.step.a, plan.step.b);
    put_fields(fields, state, plan.fallback, false, plan.next);
    return follows ? std::optional(plan.next) : std::nullopt;
  }

  void write_branch(std::uint32_t state, const StatePlan& plan) {
    const auto count = static_cast<std::uint32_t>(plan.keys.size());
    const std::uint32_t width = count <= 4 ? 4 : 8;
    const std::uint32_t fields = flags(state, plan.fallback, false);
    put_head(Op::kBranch, fields, count, quads(width / 4 + count, fields), 0);
    for (std::uint32_t i = 0; i < width; ++i) out_.put8(i < count ? plan.keys[i].first : 0);
    for (const auto& [byte, to] : plan.keys) put_ref(to);
    put_fields(fields, state, plan.fallback, plan.retry, 0);
  }

  void write_map(std::uint32_t state, const StatePlan& plan) {
    put_head(Op::kMap, plan.runs ? contract::kMapRuns : 0, 0, 0, 0);
    put_result(accept(state), 0);
    if (plan.runs) {
      out_.put32(contract::kDead);
    } else {
      put_ref(plan.fallback, plan.retry);
    }
    ByteSets::Set bits{};
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
  Planner planner_;
  const std::function<std::uint32_t(std::uint32_t)>& place_;
  std::vector<std::uint32_t> offsets_;                 // per state, 0 = not written
  std::vector<std::optional<std::uint32_t>> results_;  // per set
  std::vector<std::uint32_t> ways_in_;                 // per state, how many edges lead to it
  std::vector<std::uint32_t> stack_, fresh_;           // states to write; those of this string
  std::vector<Patch> patches_, wanted_;                // refs to states; to results
};

}  // namespace

std::uint32_t write_program(TableWriter& out, const automata::Dfa& dfa, ByteSets& sets,
                            const std::function<std::uint32_t(std::uint32_t)>& place) {
  return ProgramWriter(out, dfa, sets, place).write();
}

}  // namespace smic::decision
