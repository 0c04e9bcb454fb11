// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/decision/program_test.cpp, which runs random automata both ways.
#include <algorithm>
#include <bit>

#include "compiler/decision/program.h"

namespace smic::decision {
namespace {

using contract::Op;

// What fewer bytes than this lead back to is told as keys.
constexpr int kLeastSpan = 2;

ByteClasses::Set bytes_to(const std::array<std::uint32_t, 256>& targets, std::uint32_t to) {
  ByteClasses::Set set{};
  for (std::size_t b = 0; b < 256; ++b) {
    if (targets[b] == to) set[b / 64] |= std::uint64_t{1} << b % 64;
  }
  return set;
}

int size_of(const ByteClasses::Set& set) {
  int size = 0;
  for (const std::uint64_t word : set) size += std::popcount(word);
  return size;
}

bool has(const ByteClasses::Set& set, std::size_t byte) { return set[byte / 64] >> byte % 64 & 1; }

constexpr bool is_lead(std::size_t byte) { return byte >= 0xc2 && byte <= 0xf4; }

std::optional<ByteClass> class_of(const ByteClasses::Set& set, ByteClasses& classes) {
  const std::optional<std::uint32_t> id = classes.intern(set);
  if (!id) return std::nullopt;
  const bool ranged = ranges_of(set).has_value();
  return ByteClass{static_cast<std::uint8_t>(ranged ? contract::kTestRanged : 0), *id};
}

// The targets, ascending, each once. Neighbouring bytes mostly lead to the same.
std::vector<std::uint32_t> distinct_of(const std::array<std::uint32_t, 256>& targets) {
  std::vector<std::uint32_t> distinct;
  for (std::size_t b = 0; b < 256; ++b) {
    if (b == 0 || targets[b] != targets[b - 1]) distinct.push_back(targets[b]);
  }
  std::ranges::sort(distinct);
  const auto repeated = std::ranges::unique(distinct);
  distinct.erase(repeated.begin(), repeated.end());
  return distinct;
}

// The target that most of the bytes lead to, the smallest of several.
std::uint32_t most_common(const std::array<std::uint32_t, 256>& targets,
                          const std::array<bool, 256>& free) {
  std::vector<std::pair<std::uint32_t, int>> counts;
  std::size_t at = 0;
  for (std::size_t b = 0; b < 256; ++b) {
    if (free[b]) continue;
    if (counts.empty() || counts[at].first != targets[b]) {
      const auto known = std::ranges::find(counts, targets[b], [](auto& c) { return c.first; });
      at = static_cast<std::size_t>(known - counts.begin());
      if (known == counts.end()) counts.emplace_back(targets[b], 0);
    }
    ++counts[at].second;
  }
  if (counts.empty()) return targets[0];
  return std::ranges::min(counts, {}, [](const auto& c) { return std::pair(-c.second, c.first); })
      .first;
}

// Starts of runs of equal bytes, free ones counted to the run before them; byte 0 starts one.
std::vector<std::pair<std::uint8_t, std::uint32_t>> runs_of(
    const std::array<std::uint32_t, 256>& targets, const std::array<bool, 256>& free,
    std::uint32_t common) {
  std::vector<std::pair<std::uint8_t, std::uint32_t>> runs;
  runs.emplace_back(0, free[0] ? common : targets[0]);
  for (std::size_t b = 1; b < 256; ++b) {
    if (!free[b] && targets[b] != runs.back().second) runs.emplace_back(b, targets[b]);
  }
  return runs;
}

// The smallest table in which each key has a slot of its own. None for no keys, or if there is none
// small enough.
std::optional<KeyHash> find_hash(const std::vector<std::pair<std::uint8_t, std::uint32_t>>& keys) {
  if (keys.empty()) return std::nullopt;
  for (std::uint32_t slots = 1; slots <= contract::kMaxSlots; ++slots) {
    if (keys.size() > 1u << (slots - 1)) continue;
    for (std::uint32_t factor = 1; factor < 256; ++factor) {
      std::uint32_t taken = 0;
      for (const auto& [byte, to] : keys) taken |= 1u << contract::key_slot(byte, slots, factor);
      if (static_cast<std::size_t>(std::popcount(taken)) == keys.size())
        return KeyHash{slots, factor};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> ByteClasses::intern(const Set& set) {
  const auto known = ids_.find(set);
  if (known != ids_.end()) return known->second;
  if (sets_.size() == contract::kMaxByteClasses) return std::nullopt;
  const auto id = static_cast<std::uint32_t>(sets_.size());
  sets_.push_back(set);
  ids_.emplace(set, id);
  return id;
}

std::optional<std::vector<ByteRange>> ranges_of(const ByteClasses::Set& set) {
  std::vector<ByteRange> ranges;
  for (std::size_t b = 0; b < 256; ++b) {
    if (!has(set, b)) continue;
    if (b >= 0x80) return std::nullopt;
    const auto byte = static_cast<std::uint8_t>(b);
    if (ranges.empty() || ranges.back().last + 1 != byte) ranges.push_back({byte, byte});
    ranges.back().last = byte;
  }
  if (ranges.size() > contract::kClassRanges) return std::nullopt;
  return ranges;
}

Planner::Planner(const automata::Dfa& dfa, ByteClasses& classes) : dfa_(dfa), classes_(classes) {
  for (std::uint32_t state = 0; state < dfa.states.size(); ++state) {
    spans_.push_back(find_span(state));
  }
}

Planner::Targets Planner::targets(std::uint32_t state) const {
  Targets targets;
  targets.fill(dfa_.states[state].default_to);
  for (const automata::Edge& edge : dfa_.edges_of(state)) {
    for (std::size_t b = edge.first; b <= edge.last; ++b) targets[b] = edge.to;
  }
  return targets;
}

// Is `state` "one continuation byte, then `to`"? Then where other bytes lead.
std::optional<std::uint32_t> Planner::continuation_to(std::uint32_t state, std::uint32_t to) const {
  const auto edges = dfa_.edges_of(state);
  if (edges.size() != 1 || edges[0] != automata::Edge{0x80, 0xbf, to}) return std::nullopt;
  return dfa_.states[state].default_to;
}

// Do the lead bytes take one well-formed sequence to `to`, and broken ones all to one settled
// state, with the same result if the subject ends within? Then that state.
std::optional<std::uint32_t> Planner::utf8_to(const Targets& targets, std::uint32_t to) const {
  const std::uint32_t one = targets[0xc2], two = targets[0xe0], three = targets[0xf0];
  for (std::size_t b = 0xc2; b <= 0xf4; ++b) {
    if (targets[b] != (b < 0xe0 ? one : b < 0xf0 ? two : three)) return std::nullopt;
  }
  const auto broken = continuation_to(one, to);
  if (!broken || !dfa_.settled(*broken)) return std::nullopt;
  if (continuation_to(two, one) != broken || continuation_to(three, two) != broken) {
    return std::nullopt;
  }
  const std::uint32_t accept = dfa_.states[*broken].accept;
  for (const std::uint32_t state : {one, two, three}) {
    if (dfa_.states[state].accept != accept) return std::nullopt;
  }
  return broken;
}

std::optional<Planner::Span> Planner::find_span(std::uint32_t state) {
  if (dfa_.settled(state)) return std::nullopt;
  int looping = dfa_.states[state].default_to == state ? 256 : 0;
  for (const automata::Edge& edge : dfa_.edges_of(state)) {
    if (looping >= 256) break;
    if (edge.to == state) looping += edge.last - edge.first + 1;
  }
  if (looping < kLeastSpan) return std::nullopt;
  const Targets targets = this->targets(state);
  const ByteClasses::Set loop = bytes_to(targets, state);
  if (size_of(loop) < kLeastSpan) return std::nullopt;
  const std::optional<ByteClass> bytes = class_of(loop, classes_);
  if (!bytes) return std::nullopt;
  Span span{*bytes, 0};
  if (const auto broken = utf8_to(targets, state)) {
    span.bytes.test |= contract::kTestUtf8;
    span.broken = *broken;
  }
  return span;
}

std::optional<StatePlan> Planner::plan_step(const Targets& targets) const {
  StatePlan plan;
  plan.kind = Op::kStep;
  const std::vector<std::uint32_t> distinct = distinct_of(targets);
  if (distinct.size() == 2) {
    const bool first_common = size_of(bytes_to(targets, distinct[0])) >= 128;
    plan.next = distinct[first_common ? 1 : 0];
    plan.fallback = distinct[first_common ? 0 : 1];
    const auto bytes = class_of(bytes_to(targets, plan.next), classes_);
    if (!bytes) return std::nullopt;
    plan.step = *bytes;
    return plan;
  }
  if (distinct.size() > 5) return std::nullopt;
  for (const std::uint32_t to : distinct) {
    const auto broken = utf8_to(targets, to);
    if (!broken) continue;
    for (std::size_t b = 0; b < 256; ++b) {
      if (!is_lead(b) && targets[b] != to && targets[b] != *broken) return std::nullopt;
    }
    const auto bytes = class_of(bytes_to(targets, to), classes_);
    if (!bytes) return std::nullopt;
    plan.next = to;
    plan.fallback = plan.broken = *broken;
    plan.step = *bytes;
    plan.step.test |= contract::kTestUtf8;
    return plan;
  }
  return std::nullopt;
}

// Fewer keys as the difference from a span's state?
void Planner::try_retries(const Targets& targets, StatePlan& best) const {
  std::vector<std::uint32_t> tried;
  for (const std::uint32_t base : targets) {
    if (!spans(base) || std::ranges::find(tried, base) != tried.end()) continue;
    tried.push_back(base);
    const Targets other = this->targets(base);
    std::vector<std::pair<std::uint8_t, std::uint32_t>> keys;
    for (std::size_t b = 0; b < 256; ++b) {
      if (targets[b] != other[b]) keys.emplace_back(b, targets[b]);
    }
    if (keys.size() >= best.keys.size()) continue;
    best.keys = std::move(keys);
    best.fallback = base;
    best.retry = true;
  }
}

StatePlan Planner::keys_alone(const Targets& targets, const std::array<bool, 256>& free) {
  StatePlan plan;
  plan.fallback = most_common(targets, free);
  for (std::size_t b = 0; b < 256; ++b) {
    if (!free[b] && targets[b] != plan.fallback) plan.keys.emplace_back(b, targets[b]);
  }
  if (plan.keys.empty()) plan.kind = Op::kEnd;
  return plan;
}

// What `keys_alone` says, with a hash for several keys, or as a map.
StatePlan Planner::plan_keys(StatePlan plan, const Targets& targets,
                             const std::array<bool, 256>& free, bool may_retry) const {
  if (plan.keys.empty()) return plan;
  const std::uint32_t common = plan.fallback;
  if (may_retry) try_retries(targets, plan);
  if (plan.keys.size() == 1) return plan;
  if (const auto hash = find_hash(plan.keys)) {
    plan.hash = *hash;
    return plan;
  }
  plan.kind = Op::kMap;
  auto runs = runs_of(targets, free, common);
  if (plan.keys.empty() || runs.size() < plan.keys.size()) {
    plan.keys = std::move(runs);
    plan.runs = true;
    plan.retry = false;
  }
  return plan;
}

// Most states are a byte of a literal's: one byte goes on and all others lead to one state. That is
// what the other functions would find too, but for ten times the work of looking at 256 targets.
std::optional<StatePlan> Planner::plan_literal(std::uint32_t state) const {
  const auto edges = dfa_.edges_of(state);
  if (spans(state) || edges.size() != 1 || edges[0].first != edges[0].last) return std::nullopt;
  const std::uint32_t others = dfa_.states[state].default_to;
  StatePlan plan;
  plan.fallback = others;
  if (edges[0].to == others) {
    plan.kind = Op::kEnd;
  } else {
    plan.keys.emplace_back(edges[0].first, edges[0].to);
  }
  return plan;
}

StatePlan Planner::plan(std::uint32_t state) const {
  if (auto literal = plan_literal(state)) return *std::move(literal);
  const Targets targets = this->targets(state);
  std::array<bool, 256> free{};
  if (const auto& span = spans_[state]) {
    for (std::size_t b = 0; b < 256; ++b) {
      const bool lead = is_lead(b) && (span->bytes.test & contract::kTestUtf8) != 0;
      free[b] = targets[b] == state || lead;
    }
    StatePlan plan = plan_keys(keys_alone(targets, free), targets, free, false);
    plan.span = span->bytes;
    plan.broken = span->broken;
    return plan;
  }
  StatePlan keys = keys_alone(targets, free);
  if (keys.keys.size() <= 1) return keys;
  if (auto step = plan_step(targets)) return *std::move(step);
  return plan_keys(std::move(keys), targets, free, true);
}

}  // namespace smic::decision
