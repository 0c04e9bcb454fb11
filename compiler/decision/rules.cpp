// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/decision/decide_test.cpp.
#include "compiler/decision/rules.h"

#include <algorithm>
#include <bit>
#include <set>

#include "base/overload.h"

namespace smic::decision {
namespace {

// The matches any of which makes the condition hold; `always` stands for no condition.
std::vector<std::size_t> holding(const ir::Condition& when, std::size_t always) {
  std::vector<std::size_t> matches;
  std::visit(
      Overload{[&](const ir::Always&) { matches.push_back(always); }, [](const ir::Never&) {},
               [&](const ir::AnyOf& any) {
                 for (const ir::MatchId id : any.matches) matches.push_back(id.value);
               }},
      when);
  return matches;
}

// What every match of the unit decides, by index; last, what holds always.
std::vector<Outcome> outcomes_of(const ir::Unit& unit, AccessBuilder& access,
                                 const Outcome& silent) {
  const std::size_t always = unit.matches.size();
  std::vector<Outcome> outcomes(always + 1, silent);
  std::vector<std::vector<std::uint32_t>> rows(always + 1);
  for (std::uint32_t route = 0; route < unit.routes.size(); ++route) {
    for (const std::size_t match : holding(unit.routes[route].when, always)) {
      outcomes[match].route = std::min(outcomes[match].route, route);
    }
  }
  for (const ir::Allow& allow : unit.allows) {
    const std::uint32_t row = access.row_of(allow);
    for (const std::size_t match : holding(allow.when, always)) rows[match].push_back(row);
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i].row = access.unite(rows[i]);
  return outcomes;
}

template <class T>
std::uint32_t index_in(const std::vector<T>& sorted, const T& value) {
  return static_cast<std::uint32_t>(std::ranges::lower_bound(sorted, value) - sorted.begin());
}

std::vector<HeaderSlot> slots_of(const std::vector<const ir::Match*>& matches) {
  std::set<std::pair<std::string_view, std::string_view>> tests;
  for (const ir::Match* match : matches) {
    for (const ir::HeaderTest& test : match->headers) tests.emplace(test.name, test.regex);
  }
  std::vector<HeaderSlot> slots;
  for (const auto& [name, regex] : tests) {
    if (slots.empty() || slots.back().name != name) slots.push_back({std::string(name), {}, {}});
    slots.back().patterns.emplace_back(regex);
  }
  return slots;
}

Rule resolve(const ir::Match& match, const Outcome& outcome, const std::vector<HeaderSlot>& slots) {
  Rule rule{match.methods, {}, outcome};
  for (const ir::HeaderTest& test : match.headers) {
    const auto slot = std::ranges::lower_bound(slots, test.name, {}, &HeaderSlot::name);
    rule.tests.emplace_back(slot - slots.begin(), index_in(slot->patterns, test.regex));
  }
  std::ranges::sort(rule.tests);
  const auto repeated = std::ranges::unique(rule.tests);
  rule.tests.erase(repeated.begin(), repeated.end());
  return rule;
}

std::vector<Need> needs_of(const Rule& rule, std::size_t trigger) {
  std::vector<Need> needs;
  for (std::size_t i = 0; i < rule.tests.size(); ++i) {
    if (i == trigger) continue;
    const auto [slot, pattern] = rule.tests[i];
    if (needs.empty() || needs.back().slot != slot || needs.back().word != pattern / 64) {
      needs.push_back({slot, pattern / 64, 0});
    }
    needs.back().mask |= std::uint64_t{1} << pattern % 64;
  }
  return needs;
}

// (slot, pattern) → needs → entries not yet merged.
using Filed = std::map<std::pair<std::uint32_t, std::uint32_t>,
                       std::map<std::vector<Need>, std::vector<Entry>>>;

Filed file_by_trigger(std::span<const Rule> rules) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> asked;
  for (const Rule& rule : rules) {
    for (const auto& test : rule.tests) ++asked[test];
  }
  Filed filed;
  for (const Rule& rule : rules) {
    if (rule.tests.empty()) continue;
    const auto trigger =
        std::ranges::min_element(rule.tests, {}, [&](const auto& test) { return asked[test]; });
    const std::vector<Need> needs = needs_of(rule, trigger - rule.tests.begin());
    filed[*trigger][needs].push_back({rule.methods, rule.outcome, {}});
  }
  return filed;
}

}  // namespace

std::vector<Entry> Merger::merge(std::span<const Entry> entries) {
  std::vector<Entry> merged;
  for (std::uint32_t method = 0; method < contract::kMethodCount; ++method) {
    const ir::MethodSet bit = 1u << method;
    Outcome outcome = silent_;
    std::vector<std::uint32_t> rows;
    for (const Entry& entry : entries) {
      if ((entry.methods & bit) == 0) continue;
      outcome.route = std::min(outcome.route, entry.outcome.route);
      if (entry.outcome.row != 0) rows.push_back(entry.outcome.row);
    }
    outcome.row = access_.unite(std::move(rows));
    if (outcome == silent_) continue;
    const auto same = std::ranges::find(merged, outcome, &Entry::outcome);
    if (same != merged.end()) {
      same->methods |= bit;
    } else {
      merged.push_back({bit, outcome, {}});
    }
  }
  return merged;
}

RuleSet make_rule_set(std::span<const Rule> rules, Merger& merger) {
  RuleSet set;
  std::vector<Entry> plain;
  for (const Rule& rule : rules) {
    if (rule.tests.empty()) plain.push_back({rule.methods, rule.outcome, {}});
  }
  set.entries = merger.merge(plain);
  for (const auto& [test, by_needs] : file_by_trigger(rules)) {
    const auto [slot, pattern] = test;
    if (set.triggers.empty() || set.triggers.back().slot != slot ||
        set.triggers.back().word != pattern / 64) {
      set.triggers.push_back({slot, pattern / 64, 0, {}});
    }
    Trigger& trigger = set.triggers.back();
    trigger.relevant |= std::uint64_t{1} << pattern % 64;
    std::vector<Entry>& list = trigger.bits.emplace_back();
    for (const auto& [needs, entries] : by_needs) {
      for (Entry& entry : merger.merge(entries)) {
        entry.needs = needs;
        list.push_back(std::move(entry));
      }
    }
  }
  return set;
}

Rules collect_rules(const ir::Unit& unit, AccessBuilder& access, Merger& merger) {
  const std::vector<Outcome> outcomes = outcomes_of(unit, access, merger.silent());
  std::vector<const ir::Match*> matches;
  std::set<std::string_view> patterns;
  for (std::size_t i = 0; i < unit.matches.size(); ++i) {
    if (outcomes[i] == merger.silent()) continue;
    matches.push_back(&unit.matches[i]);
    if (unit.matches[i].path) patterns.insert(*unit.matches[i].path);
  }
  Rules rules{{patterns.begin(), patterns.end()}, slots_of(matches), {}, outcomes.back()};
  rules.of_pattern.resize(rules.patterns.size() + 1);
  for (const ir::Match* match : matches) {
    const std::size_t pattern =
        match->path ? index_in(rules.patterns, *match->path) : rules.patterns.size();
    const Outcome& outcome = outcomes[match - unit.matches.data()];
    rules.of_pattern[pattern].push_back(resolve(*match, outcome, rules.slots));
  }
  return rules;
}

}  // namespace smic::decision
