// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/implication.h"

#include <algorithm>

namespace smic::passes {
namespace {

// All subsets of so many header tests are looked up; of more, only the empty and the full one.
constexpr std::size_t kMaxSubsets = 6;

std::vector<ir::HeaderTest> sorted(std::vector<ir::HeaderTest> tests) {
  std::ranges::sort(tests);
  return tests;
}

}  // namespace

void MatchUnion::add(const ir::Match& match) {
  methods_[{match.path, sorted(match.headers)}] |= match.methods;
}

bool MatchUnion::covers(const ir::Match& match) const {
  const HeaderTests all = sorted(match.headers);
  if (covers(match.path, all, match.methods) || covers(match.path, {}, match.methods)) return true;
  if (all.size() > kMaxSubsets) return false;
  for (unsigned subset = 1; subset + 1 < (1u << all.size()); ++subset) {
    HeaderTests some;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (subset & (1u << i)) some.push_back(all[i]);
    }
    if (covers(match.path, some, match.methods)) return true;
  }
  return false;
}

bool MatchUnion::covers_all() const { return covers(std::nullopt, {}, ir::kAnyMethod); }

bool MatchUnion::covers(const std::optional<std::string>& path, const HeaderTests& tests,
                        ir::MethodSet methods) const {
  const auto accepts = [&](const std::optional<std::string>& pattern) {
    const auto found = methods_.find({pattern, tests});
    return found != methods_.end() && (methods & ~found->second) == 0;
  };
  return accepts(path) || (path && accepts(std::nullopt));
}

}  // namespace smic::passes
