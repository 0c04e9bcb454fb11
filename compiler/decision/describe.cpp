// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/decision/bits_test.cpp and tests/integration/compile_test.py.
#include <set>

#include "compiler/decision/graph.h"

namespace smic::decision {
namespace {

AutomatonFigures figures_of(std::string_view subject, const automata::Dfa& dfa,
                            const std::vector<std::string>& patterns, automata::Anchor anchor) {
  AutomatonFigures figures{.subject = std::string(subject),
                           .bits = dfa.bits.has_value(),
                           .size = dfa.bits ? dfa.bits->follow_of.size() : dfa.states.size()};
  std::set<std::uint32_t> told_apart;
  for (const auto& set : dfa.sets) told_apart.insert(set.begin(), set.end());
  for (const std::uint32_t pattern : told_apart) figures.patterns.push_back(patterns[pattern]);
  if (figures.bits) {
    figures.too_large_alone =
        !automata::fits_one_automaton(*automata::parse(figures.patterns.front()), anchor);
  }
  return figures;
}

}  // namespace

Description describe(const ir::Unit& unit) {
  const Graph graph = build(unit);
  Description description{.text = print(graph)};
  for (const PathGroup& group : graph.groups) {
    description.automata.push_back(
        figures_of("path", group.dfa, graph.patterns, automata::Anchor::start));
  }
  for (const HeaderSlot& slot : graph.slots) {
    for (const automata::Dfa& dfa : slot.groups) {
      description.automata.push_back(
          figures_of(slot.name, dfa, slot.patterns, automata::Anchor::both));
    }
  }
  return description;
}

}  // namespace smic::decision
