// SPDX-License-Identifier: Apache-2.0
// Whether a request that satisfies one match is sure to satisfy one of others, as far as that shows
// without looking into regular expressions: the same path pattern or none, fewer header tests,
// more methods. To ask the patterns themselves would cost an automaton per pair; people who write
// rules that contain each other do it with these parts or not at all, and a case missed here costs
// a table entry, never a verdict.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/ir/ir.h"

namespace smic::passes {

class MatchUnion {
 public:
  void add(const ir::Match& match);

  // Every request that satisfies `match` satisfies one that was added.
  bool covers(const ir::Match& match) const;

  // Every request satisfies one that was added.
  bool covers_all() const;

 private:
  using HeaderTests = std::vector<ir::HeaderTest>;  // sorted

  bool covers(const std::optional<std::string>& path, const HeaderTests& tests,
              ir::MethodSet methods) const;

  std::map<std::pair<std::optional<std::string>, HeaderTests>, ir::MethodSet> methods_;
};

}  // namespace smic::passes
