// SPDX-License-Identifier: Apache-2.0
// What may come behind a word, apart from whose word it is. Ten thousand routes end in a handful of
// ways: `/team-417/[0-9]+/items$` and `/team-418/[0-9]+/items$` have automata behind their words
// that differ in nothing but the set they accept. Such an automaton is a shape: it is written once
// for all its words, and each word brings the set along (contract/tables.h, kResultOfWord).
//
// So what a decision walks through is the same few cache lines whichever rule is hit, and a rule's
// own are a slot, and a text that is only compared.
//
// Tested by tests/unit/decision/shapes_test.cpp and program_test.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "compiler/automata/automata.h"

namespace smic::decision {

// Larger automata are not looked at: there are few of them, or few that are alike.
inline constexpr std::size_t kMaxShapeStates = 64;
inline constexpr std::size_t kMaxShapeEdges = 256;

class Shapes {
 public:
  explicit Shapes(const automata::Dfa& dfa) : dfa_(dfa) {}

  struct Found {
    std::uint32_t shape = 0;  // index into all()
    std::uint32_t set = 0;    // of the automaton: what the shape's set 1 stands for
  };
  // None if the states from `state` on are too many, or accept several sets, or none.
  std::optional<Found> find(std::uint32_t state);

  const std::vector<automata::Dfa>& all() const { return shapes_; }

 private:
  const automata::Dfa& dfa_;
  std::vector<automata::Dfa> shapes_;
  std::map<std::vector<std::uint32_t>, std::uint32_t> ids_;  // by states and edges, in order
  std::map<std::uint32_t, std::optional<Found>> known_;      // by state
};

}  // namespace smic::decision
