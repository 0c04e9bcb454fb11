// SPDX-License-Identifier: Apache-2.0
// What a set of accepted path patterns means, as a leaf.
//
// Nearly always the outcomes of the patterns are merged when compiling, a handful of entries for
// all methods. Two things are not, so that memory stays in proportion to the input:
// - header conditions belong to a pattern and are shared: one broad pattern with a thousand
//   conditions lies under ten thousand leaves, but is stored once;
// - past a budget of merged terms (a thousand nested patterns, each with callers of its own) a leaf
//   lists its patterns instead, and the kernel adds them up.
// Lists share their tails: the sets of an automaton are entered into a prefix tree, the patterns
// that most sets have first, so that nested patterns give a chain and not a triangle.
#pragma once

#include "compiler/decision/rules.h"

namespace smic::decision {

inline constexpr std::size_t kMergedTermsPerRule = 16;
inline constexpr std::size_t kMergedTermsFree = 65536;

class LeafBuilder {
 public:
  // `sets` by pattern; the graph receives leaves and lists.
  LeafBuilder(std::vector<RuleSet> sets, std::size_t rules, AccessBuilder& access, Merger& merger,
              Graph& graph);

  // The leaf of what only the conditions of `pattern` say, if there are any.
  std::optional<std::uint32_t> conditions(std::uint32_t pattern);

  // Leaves of an automaton's sets of patterns; set 0 is empty and has none.
  std::vector<std::optional<std::uint32_t>> leaves(
      const std::vector<std::vector<std::uint32_t>>& sets);

 private:
  struct Draft {
    std::vector<Entry> entries;
    std::vector<std::uint32_t> listed;  // leaves to put on the list
  };
  Draft draft(const std::vector<std::uint32_t>& patterns);
  bool affordable(const std::vector<std::uint32_t>& patterns);
  std::uint32_t whole(std::uint32_t pattern);
  std::uint32_t intern(Leaf leaf);
  std::optional<std::uint32_t> list(const std::vector<std::uint32_t>& leaves);

  std::vector<RuleSet> sets_;
  std::size_t left_;  // of the budget of merged terms
  AccessBuilder& access_;
  Merger& merger_;
  Graph& graph_;
  std::map<Leaf, std::uint32_t> leaf_ids_;
  std::map<ListNode, std::uint32_t> list_ids_;
};

}  // namespace smic::decision
