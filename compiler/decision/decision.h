// SPDX-License-Identifier: Apache-2.0
// A unit in, a decision graph out: the fixed order of tests that a request goes through (DESIGN
// §3.7), with identities kept out of the automata.
//
//   method        one bit
//   path          one automaton per group of patterns; its accept state names a leaf
//   leaf          what the patterns accepted mean: outcomes that hold at once, and header tests
//   headers       one automaton per header and group of at most 64 patterns, run only when a leaf
//   asks outcome       (first route, allow row), interned; outcomes combine by least route and
//   union of rows allow         (row, source class) → mask of destinations, a hash look-up
//
// The graph has a text form (--emit=graph) and is encoded to the portable tables of
// contract/tables.h, which codegen puts into the image. Names stay behind in `names`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/ir.h"
#include "contract/contract.h"

namespace smic::decision {

struct Graph;  // graph.h, this folder and its tests only

// What the manifest must say so that the indices of the image mean something.
struct Names {
  std::vector<contract::SourceClass> sources;
  std::vector<contract::Destination> destinations;
};

struct Decision {
  contract::Shape shape;
  Names names;
  std::vector<std::uint8_t> tables;  // contract/tables.h
};

// `unit` is verified and its patterns passed automata::check_alone, so this cannot fail.
Decision decide(const ir::Unit& unit);

// The same for people.
struct AutomatonFigures {
  std::string subject;                // "path", or the header's name
  std::vector<std::string> patterns;  // told apart by this automaton
  bool bits = false;                  // each position a bit, because…
  bool too_large_alone = false;       // …it exceeds the budget of one pattern, or else the unit's
  std::size_t size = 0;               // states, or positions
};
struct Description {
  std::string text;  // the graph
  std::vector<AutomatonFigures> automata;
};
Description describe(const ir::Unit& unit);

}  // namespace smic::decision
