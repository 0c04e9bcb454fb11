// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/decision/decide_test.cpp.
#include "compiler/decision/leaves.h"

#include <algorithm>

namespace smic::decision {

LeafBuilder::LeafBuilder(std::vector<RuleSet> sets, std::size_t rules, AccessBuilder& access,
                         Merger& merger, Graph& graph)
    : sets_(std::move(sets)),
      left_(kMergedTermsPerRule * rules + kMergedTermsFree),
      access_(access),
      merger_(merger),
      graph_(graph) {}

std::uint32_t LeafBuilder::intern(Leaf leaf) {
  const auto next = static_cast<std::uint32_t>(graph_.leaves.size());
  const auto [at, fresh] = leaf_ids_.try_emplace(std::move(leaf), next);
  if (fresh) graph_.leaves.push_back(at->first);
  return at->second;
}

std::optional<std::uint32_t> LeafBuilder::conditions(std::uint32_t pattern) {
  if (sets_[pattern].triggers.empty()) return std::nullopt;
  return intern({{}, sets_[pattern].triggers, std::nullopt});
}

std::uint32_t LeafBuilder::whole(std::uint32_t pattern) {
  return intern({sets_[pattern].entries, sets_[pattern].triggers, std::nullopt});
}

bool LeafBuilder::affordable(const std::vector<std::uint32_t>& patterns) {
  std::size_t cost = 0;
  for (const std::uint32_t pattern : patterns) {
    for (const Entry& entry : sets_[pattern].entries) cost += 1 + access_.terms(entry.outcome.row);
  }
  if (cost > left_) return false;
  left_ -= cost;
  return true;
}

LeafBuilder::Draft LeafBuilder::draft(const std::vector<std::uint32_t>& patterns) {
  Draft draft;
  if (!affordable(patterns)) {
    for (const std::uint32_t pattern : patterns) draft.listed.push_back(whole(pattern));
    return draft;
  }
  std::vector<Entry> entries;
  for (const std::uint32_t pattern : patterns) {
    entries.insert(entries.end(), sets_[pattern].entries.begin(), sets_[pattern].entries.end());
    if (const auto leaf = conditions(pattern)) draft.listed.push_back(*leaf);
  }
  draft.entries = merger_.merge(entries);
  return draft;
}

std::optional<std::uint32_t> LeafBuilder::list(const std::vector<std::uint32_t>& leaves) {
  std::optional<std::uint32_t> tail;
  for (const std::uint32_t leaf : leaves) {
    const auto next = static_cast<std::uint32_t>(graph_.lists.size());
    const auto [at, fresh] = list_ids_.try_emplace({leaf, tail}, next);
    if (fresh) graph_.lists.push_back(at->first);
    tail = at->second;
  }
  return tail;
}

std::vector<std::optional<std::uint32_t>> LeafBuilder::leaves(
    const std::vector<std::vector<std::uint32_t>>& sets) {
  std::vector<std::optional<std::uint32_t>> result(sets.size());
  std::vector<Draft> drafts(sets.size());
  std::map<std::uint32_t, std::size_t> listings;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (sets[i].size() == 1) {
      result[i] = whole(sets[i][0]);
    } else if (!sets[i].empty()) {
      drafts[i] = draft(sets[i]);
      for (const std::uint32_t leaf : drafts[i].listed) ++listings[leaf];
    }
  }
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (sets[i].size() < 2) continue;
    std::ranges::sort(drafts[i].listed, [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(listings[b], a) < std::pair(listings[a], b);
    });
    // Equal patterns' leaves may be one and the same.
    const auto repeated = std::ranges::unique(drafts[i].listed);
    drafts[i].listed.erase(repeated.begin(), repeated.end());
    result[i] = intern({std::move(drafts[i].entries), {}, list(drafts[i].listed)});
  }
  return result;
}

}  // namespace smic::decision
