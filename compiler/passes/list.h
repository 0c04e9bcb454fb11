// SPDX-License-Identifier: Apache-2.0
// The passes by name, each in the file of its name; and what several of them say of conditions.
#pragma once

#include <algorithm>
#include <tuple>
#include <variant>
#include <vector>

#include "compiler/ir/ir.h"

namespace smic::passes {

ir::Unit simplify_matches(ir::Unit unit);
ir::Unit merge_matches(ir::Unit unit);
ir::Unit merge_allows(ir::Unit unit);
ir::Unit simplify_conditions(ir::Unit unit);
ir::Unit prune_routes(ir::Unit unit);
ir::Unit prune_allows(ir::Unit unit);
ir::Unit unite_sources(ir::Unit unit);
ir::Unit canonicalize(ir::Unit unit);

template <class Function>
void for_each_condition(ir::Unit& unit, Function function) {
  for (ir::Route& route : unit.routes) function(route.when);
  for (ir::Allow& allow : unit.allows) function(allow.when);
}

// The alternatives of a condition, null if it has none to speak of (Always, Never).
inline std::vector<ir::MatchId>* alternatives(ir::Condition& condition) {
  auto* any = std::get_if<ir::AnyOf>(&condition);
  return any ? &any->matches : nullptr;
}

inline void sort_unique(std::vector<ir::MatchId>& ids) {
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
}

// What is left when two things become one is traced to the least of their origins, so that the
// answer does not depend on the order they came in.
inline auto order_of(const ir::Origin& origin) {
  return std::tie(origin.resource, origin.file, origin.line);
}
inline const ir::Origin& least(const ir::Origin& a, const ir::Origin& b) {
  return order_of(b) < order_of(a) ? b : a;
}

}  // namespace smic::passes
