// SPDX-License-Identifier: Apache-2.0
// Interned sets of patterns: equal sets have equal ids, the empty set is 0.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace smic::automata {

using SetId = std::uint32_t;
inline constexpr SetId kNoPatterns = 0;

class PatternSets {
 public:
  PatternSets() { intern({}); }

  SetId intern(std::vector<std::uint32_t> patterns);  // in any order, with repetitions
  SetId unite(std::vector<SetId>& sets);              // leaves its argument sorted
  bool contains(SetId set, std::uint32_t pattern) const;
  std::size_t size_of(SetId set) const { return sets_[set].size(); }
  std::size_t elements() const { return elements_; }  // of all sets together
  const std::vector<std::vector<std::uint32_t>>& all() const { return sets_; }

 private:
  struct Hash {
    std::size_t operator()(const std::vector<std::uint32_t>& set) const;
  };
  std::vector<std::vector<std::uint32_t>> sets_;
  std::unordered_map<std::vector<std::uint32_t>, SetId, Hash> ids_;
  std::unordered_map<std::uint64_t, SetId> unions_of_two_;
  std::size_t elements_ = 0;
};

}  // namespace smic::automata
