// SPDX-License-Identifier: Apache-2.0
// Unit → graph, one step a line. Nothing here can be the user's fault: the unit was verified, and
// every pattern fits the automata's budget alone.
#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/overload.h"
#include "compiler/decision/leaves.h"

namespace smic::decision {
namespace {

// An automaton of a set of patterns may have sets out of proportion to its patterns (a thousand
// nested prefixes: half a million members). Then it is built in smaller groups.
inline constexpr std::size_t kSetMembersPerPattern = 64;
inline constexpr std::size_t kSetMembersFree = 1 << 16;

std::size_t set_members(const std::vector<automata::Group>& groups) {
  std::size_t members = 0;
  for (const automata::Group& group : groups) {
    for (const auto& set : group.dfa.sets) members += set.size();
  }
  return members;
}

std::vector<automata::Group> automata_of(const std::vector<std::string>& patterns,
                                         automata::Anchor anchor, automata::UnitBudget& budget) {
  std::vector<automata::Regex> regexes;
  for (const std::string& pattern : patterns) {
    auto regex = automata::parse(pattern);
    SMIC_CHECK(regex.has_value(), "a verified unit has a pattern that does not parse");
    regexes.push_back(*std::move(regex));
  }
  const std::size_t most = kSetMembersPerPattern * patterns.size() + kSetMembersFree;
  std::size_t size = std::max<std::size_t>(patterns.size(), 1);
  auto groups = automata::build(regexes, anchor, size, budget);
  while (size > 1 && set_members(groups) > most) {
    size = (size + 1) / 2;
    groups = automata::build(regexes, anchor, size, budget);
  }
  return groups;
}

std::vector<std::uint32_t> weights_of(const ir::Action& action) {
  std::vector<std::uint32_t> weights;
  std::visit(Overload{[&](const ir::Forward& forward) {
                        for (const ir::BackendRef& b : forward.backends) {
                          weights.push_back(b.weight);
                        }
                      },
                      [&](const ir::Unavailable& none) { weights.resize(none.backends.size()); }},
             action);
  return weights;
}

// What holds before anything is read: unconditional routes and allows, and matches without path
// and headers, per method.
void build_start(const Outcome& always, const RuleSet& no_path, Merger& merger, Graph& graph) {
  graph.start.fill(merger.silent());
  std::vector<Entry> entries = no_path.entries;
  entries.push_back({ir::kAnyMethod, always, {}});
  for (const Entry& entry : merger.merge(entries)) {
    for (std::uint32_t method = 0; method < contract::kMethodCount; ++method) {
      if (entry.methods >> method & 1) graph.start[method] = entry.outcome;
    }
  }
}

}  // namespace

std::vector<std::uint32_t> used_rows(const Graph& graph) {
  std::set<std::uint32_t> rows;
  for (const Outcome& outcome : graph.start) rows.insert(outcome.row);
  for (const Leaf& leaf : graph.leaves) {
    for (const Entry& entry : leaf.entries) rows.insert(entry.outcome.row);
    for (const Trigger& trigger : leaf.triggers) {
      for (const auto& list : trigger.bits) {
        for (const Entry& entry : list) rows.insert(entry.outcome.row);
      }
    }
  }
  return {rows.begin(), rows.end()};
}

Graph build(const ir::Unit& unit) {
  Graph graph;
  graph.unit = ir::to_string(unit.service) + ":" + std::to_string(unit.port);
  for (const ir::Route& route : unit.routes) graph.weights.push_back(weights_of(route.action));

  AccessBuilder access(unit);
  Merger merger(access, static_cast<std::uint32_t>(unit.routes.size() - 1));
  Rules rules = collect_rules(unit, access, merger);
  std::vector<RuleSet> sets;
  for (const std::vector<Rule>& list : rules.of_pattern) {
    sets.push_back(make_rule_set(list, merger));
  }
  build_start(rules.always, sets.back(), merger, graph);

  // From here on matches are gone: patterns, header patterns and outcomes are left.
  LeafBuilder leaves(std::move(sets), unit.matches.size(), access, merger, graph);
  graph.base_leaf = leaves.conditions(static_cast<std::uint32_t>(rules.patterns.size()));
  automata::UnitBudget budget;
  for (automata::Group& group : automata_of(rules.patterns, automata::Anchor::start, budget)) {
    auto group_leaves = leaves.leaves(group.dfa.sets);
    graph.groups.push_back({std::move(group.dfa), std::move(group_leaves)});
  }
  for (HeaderSlot& slot : rules.slots) {
    for (automata::Group& group : automata_of(slot.patterns, automata::Anchor::both, budget)) {
      slot.groups.push_back(std::move(group.dfa));
    }
  }
  graph.patterns = std::move(rules.patterns);
  graph.slots = std::move(rules.slots);
  access.expand(used_rows(graph));
  graph.names = access.names();
  graph.access = access.take();
  return graph;
}

}  // namespace smic::decision
