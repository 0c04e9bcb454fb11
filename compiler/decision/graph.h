// SPDX-License-Identifier: Apache-2.0
// The decision graph: what contract/tables.h encodes, as values. This folder and its tests only.
//
// Identities are gone (source classes), names are gone (indices), and matches are gone: what is
// left of a match is an outcome, filed under the pattern of its path and the header patterns it
// needs. Everything that a request reaches is combined: least route, union of rows.
//
//   build   ir::Unit → Graph          print   Graph → text for people
//   encode  Graph → tables
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/automata/automata.h"
#include "compiler/decision/decision.h"
#include "compiler/ir/ir.h"
#include "contract/tables.h"

namespace smic::decision {

// ---- access: who may reach what ----------------------------------------------------------------

using DestinationMask = std::array<std::uint64_t, contract::kDestinationWords>;

struct Cell {
  std::uint32_t source_class = 0;
  std::uint32_t mask = 0;
  auto operator<=>(const Cell&) const = default;
};

// Allows mask ∧ cell(key, class); see contract/tables.h.
struct Term {
  std::uint32_t key = 0;   // index into Access::keys or contract::kEverySource
  std::uint32_t mask = 0;  // index into Access::masks
  auto operator<=>(const Term&) const = default;
};
using Row = std::vector<Term>;  // sorted by key, no key twice

struct Access {
  std::uint32_t source_classes = 1;
  std::uint32_t destinations = 0;
  std::vector<DestinationMask> masks;   // 0 is empty, 1 is full
  std::vector<std::vector<Cell>> keys;  // cells sorted by class
  std::vector<Row> rows;                // 0 is empty
};

// ---- outcomes ----------------------------------------------------------------------------------

struct Outcome {
  std::uint32_t route = 0;
  std::uint32_t row = 0;
  auto operator<=>(const Outcome&) const = default;
};

// Header patterns of one slot that a request must have, all of them.
struct Need {
  std::uint32_t slot = 0;
  std::uint32_t word = 0;
  std::uint64_t mask = 0;
  auto operator<=>(const Need&) const = default;
};

struct Entry {
  ir::MethodSet methods = 0;
  Outcome outcome;
  std::vector<Need> needs;  // empty outside triggers
  auto operator<=>(const Entry&) const = default;
};

// What one word of header patterns sets off; `bits` has a list for each bit of `relevant`, by rank.
struct Trigger {
  std::uint32_t slot = 0;
  std::uint32_t word = 0;
  std::uint64_t relevant = 0;
  std::vector<std::vector<Entry>> bits;
  auto operator<=>(const Trigger&) const = default;
};

struct Leaf {
  std::vector<Entry> entries;
  std::vector<Trigger> triggers;
  std::optional<std::uint32_t> list;  // index into Graph::lists
  auto operator<=>(const Leaf&) const = default;
};

// Leaves that several others include, as lists that share their tails.
struct ListNode {
  std::uint32_t leaf = 0;
  std::optional<std::uint32_t> next;  // an earlier index
  auto operator<=>(const ListNode&) const = default;
};

// ---- the graph ---------------------------------------------------------------------------------

struct PathGroup {
  automata::Dfa dfa;
  std::vector<std::optional<std::uint32_t>> leaves;  // by index into dfa.sets
};

struct HeaderSlot {
  std::string name;
  std::vector<std::string> patterns;  // sorted; pattern i is bit i % 64 of word i / 64
  std::vector<automata::Dfa> groups;  // their sets speak of `patterns`

  std::uint32_t words() const { return static_cast<std::uint32_t>((patterns.size() + 63) / 64); }
};

struct Graph {
  std::string unit;                                 // "shop/reviews:9080", for print
  std::vector<std::vector<std::uint32_t>> weights;  // per route; empty or all zero = unavailable
  std::array<Outcome, contract::kMethodCount> start{};
  std::optional<std::uint32_t> base_leaf;  // header conditions without a path
  std::vector<std::string> patterns;       // path patterns, sorted
  std::vector<PathGroup> groups;
  std::vector<HeaderSlot> slots;
  std::vector<Leaf> leaves;
  std::vector<ListNode> lists;
  Access access;
  Names names;
};

Graph build(const ir::Unit& unit);
std::vector<std::uint32_t> used_rows(const Graph& graph);  // that some outcome refers to, sorted
std::string print(const Graph& graph);
std::vector<std::uint8_t> encode(const Graph& graph);

}  // namespace smic::decision
