// SPDX-License-Identifier: Apache-2.0
// The steps from a set of patterns to its automaton (build.cpp strings them together).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/automata/nfa.h"

namespace smic::automata {

// What a construction may cost at most. Work is counted in threads moved along an edge, the one
// thing that time is proportional to, so a budget means the same on every machine.
struct Budget {
  std::size_t states = 0;
  std::size_t set_elements = 0;
  std::size_t work = 0;
};

// By subset construction; not minimal. Nothing where the budget does not suffice. What was used of
// it is taken from it, either way.
std::optional<Dfa> determinise(const Nfa& nfa, Anchor anchor, Budget& budget);

// bit_form.cpp. `nfa` is of one pattern. Nothing where it would be beyond the limits.
std::optional<BitForm> to_bit_form(const Nfa& nfa, Anchor anchor);
bool run(const BitForm& form, std::string_view subject);

// refine.cpp: per state the block of states it cannot be told from.
std::vector<std::uint32_t> equal_states(const Dfa& dfa);

// The least automaton with the same answers, in the order that Dfa promises.
Dfa minimise(const Dfa& dfa);

}  // namespace smic::automata
