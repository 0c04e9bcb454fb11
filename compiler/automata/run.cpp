// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/automata/determinise.h"

namespace smic::automata {

std::uint32_t Dfa::step(std::uint32_t state, std::uint8_t byte) const {
  const std::span<const Edge> edges = edges_of(state);
  const auto edge = std::ranges::lower_bound(edges, byte, {}, &Edge::last);
  return edge != edges.end() && edge->first <= byte ? edge->to : states[state].default_to;
}

std::uint32_t run(const Dfa& dfa, std::string_view subject) {
  if (dfa.bits) return run(*dfa.bits, subject) ? 1 : 0;
  std::uint32_t state = 0;
  for (const char byte : subject) state = dfa.step(state, static_cast<std::uint8_t>(byte));
  return dfa.states[state].accept;
}

}  // namespace smic::automata
