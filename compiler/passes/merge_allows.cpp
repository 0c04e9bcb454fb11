// SPDX-License-Identifier: Apache-2.0
// Makes one of allows that let the same callers to the same destination.
//
//   allow to x/y from s0 when m0
//   allow to x/y from s0 when m1     =>   allow to x/y from s0 when m0 or m1
//
// Allows are a union (D-9), so conditions over the same pair of destination and sources may be
// joined; simplify_conditions then sees all alternatives at once. A TrafficTarget with ten rules,
// or ten TrafficTargets with one, come out the same. Costs one look-up an allow.
//
// Tested by tests/unit/passes/merge_allows_test.cpp, differential/.
#include <map>
#include <utility>

#include "base/overload.h"
#include "compiler/passes/list.h"

namespace smic::passes {
namespace {

ir::Condition either(ir::Condition a, const ir::Condition& b) {
  return std::visit(
      Overload{[](const ir::Always&, const auto&) -> ir::Condition { return ir::Always{}; },
               [](const ir::Never&, const auto& other) -> ir::Condition { return other; },
               [](ir::AnyOf&, const ir::Always&) -> ir::Condition { return ir::Always{}; },
               [](ir::AnyOf& some, const ir::Never&) -> ir::Condition { return std::move(some); },
               [](ir::AnyOf& some, const ir::AnyOf& more) -> ir::Condition {
                 some.matches.insert(some.matches.end(), more.matches.begin(), more.matches.end());
                 return std::move(some);
               }},
      a, b);
}

}  // namespace

ir::Unit merge_allows(ir::Unit unit) {
  std::map<std::pair<ir::Destinations, ir::Sources>, std::size_t> seen;
  std::vector<ir::Allow> merged;
  for (ir::Allow& allow : unit.allows) {
    const auto [found, fresh] = seen.emplace(std::pair(allow.to, allow.from), merged.size());
    if (fresh) {
      merged.push_back(std::move(allow));
      continue;
    }
    ir::Allow& kept = merged[found->second];
    kept.when = either(std::move(kept.when), allow.when);
    kept.origin = least(kept.origin, allow.origin);
  }
  unit.allows = std::move(merged);
  return unit;
}

}  // namespace smic::passes
