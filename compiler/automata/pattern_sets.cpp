// SPDX-License-Identifier: Apache-2.0
#include "compiler/automata/pattern_sets.h"

#include <algorithm>

namespace smic::automata {
namespace {

template <class T>
void sort_unique(std::vector<T>& values) {
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
}

}  // namespace

std::size_t PatternSets::Hash::operator()(const std::vector<std::uint32_t>& set) const {
  std::uint64_t hash = set.size();
  for (const std::uint32_t pattern : set) hash = ((hash ^ pattern) * 0x9E3779B97F4A7C15) >> 7;
  return hash;
}

SetId PatternSets::intern(std::vector<std::uint32_t> patterns) {
  if (patterns.empty() && !sets_.empty()) return kNoPatterns;
  sort_unique(patterns);
  const auto next = static_cast<SetId>(sets_.size());
  const auto [found, fresh] = ids_.try_emplace(std::move(patterns), next);
  if (fresh) {
    sets_.push_back(found->first);
    elements_ += found->first.size();
  }
  return found->second;
}

SetId PatternSets::unite(std::vector<SetId>& sets) {
  sort_unique(sets);
  if (!sets.empty() && sets.front() == kNoPatterns) sets.erase(sets.begin());
  if (sets.empty()) return kNoPatterns;
  if (sets.size() == 1) return sets.front();
  SetId* known = nullptr;
  if (sets.size() == 2) {
    known = &unions_of_two_[std::uint64_t{sets[0]} << 32 | sets[1]];
    if (*known != kNoPatterns) return *known;
  }
  std::vector<std::uint32_t> patterns;
  for (const SetId set : sets) {
    patterns.insert(patterns.end(), sets_[set].begin(), sets_[set].end());
  }
  const SetId united = intern(std::move(patterns));
  if (known) *known = united;
  return united;
}

bool PatternSets::contains(SetId set, std::uint32_t pattern) const {
  return std::ranges::binary_search(sets_[set], pattern);
}

}  // namespace smic::automata
