// SPDX-License-Identifier: Apache-2.0
// What is left of a unit's matches: per path pattern, which outcomes hold at once and which hold
// under header conditions.
//
// Conditions are filed under one header pattern of each match, the *trigger*, the one that the
// fewest matches of the same path ask for. So a thousand matches that differ in the value of
// x-user cost a request one look-up, and only matches whose trigger the request has are looked at.
#pragma once

#include <span>
#include <tuple>

#include "compiler/decision/access.h"

namespace smic::decision {

// One match, resolved.
struct Rule {
  ir::MethodSet methods = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> tests;  // (slot, pattern), sorted, unique
  Outcome outcome;
};

struct RuleSet {
  std::vector<Entry> entries;     // disjoint methods
  std::vector<Trigger> triggers;  // sorted by slot and word
};

// Combines outcomes; what the last route and no row say is silence and disappears.
class Merger {
 public:
  Merger(AccessBuilder& access, std::uint32_t last_route)
      : access_(access), silent_{last_route, 0} {}

  const Outcome& silent() const { return silent_; }

  // At most one entry per method, equal outcomes joined. `entries` have no needs.
  std::vector<Entry> merge(std::span<const Entry> entries);

 private:
  AccessBuilder& access_;
  Outcome silent_;
};

RuleSet make_rule_set(std::span<const Rule> rules, Merger& merger);

// The patterns and header slots that the matches of `unit` test, and per path pattern (last: no
// path) the rules. Matches that nothing refers to or that change nothing are left out.
struct Rules {
  std::vector<std::string> patterns;
  std::vector<HeaderSlot> slots;  // without groups
  std::vector<std::vector<Rule>> of_pattern;
  Outcome always;  // of the routes and allows that have no condition
};
Rules collect_rules(const ir::Unit& unit, AccessBuilder& access, Merger& merger);

}  // namespace smic::decision
