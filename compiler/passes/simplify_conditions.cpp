// SPDX-License-Identifier: Apache-2.0
// Leaves of a condition only the alternatives that add to it.
//
//   match m0 = path ~ "/a"
//   match m1 = path ~ "/a" and header "x" ~ "1"
//   match m2 = method in {}
//   match m3 = any
//   … when m0 or m1 or m0     =>   … when m0       (m1 holds only where m0 does)
//   … when m1 or m3           =>   …               (always)
//   … when m2                 =>   … when never
//
// Alternatives are taken from the weakest question to the strongest, and one stays only if those
// before it do not cover it (implication.h). Where a route comes out without a condition, nothing
// after it is ever asked, so it becomes the last, as verify() wants.
//
// Cost: n log n in the alternatives. Tested by tests/unit/passes/simplify_conditions_test.cpp,
// differential/.
#include <algorithm>
#include <bit>
#include <tuple>

#include "compiler/passes/implication.h"
#include "compiler/passes/list.h"

namespace smic::passes {
namespace {

// Few questions first, and of equal questions those with many methods; then by content, so that
// what stays does not depend on the order alternatives came in.
auto weakness(const ir::Match& match) {
  return std::tuple(match.headers.size() + (match.path ? 1 : 0), -std::popcount(match.methods),
                    match.methods);
}

ir::Condition simplify(const std::vector<ir::Match>& matches, std::vector<ir::MatchId> ids) {
  sort_unique(ids);
  std::ranges::sort(ids, {},
                    [&](ir::MatchId id) { return std::pair(weakness(matches[id.value]), id); });
  MatchUnion covered;
  std::vector<ir::MatchId> kept;
  for (ir::MatchId id : ids) {
    const ir::Match& match = matches[id.value];
    if (match.methods == 0 || covered.covers(match)) continue;
    covered.add(match);
    kept.push_back(id);
  }
  if (kept.empty()) return ir::Never{};
  if (covered.covers_all()) return ir::Always{};
  std::ranges::sort(kept);
  return ir::AnyOf{std::move(kept)};
}

}  // namespace

ir::Unit simplify_conditions(ir::Unit unit) {
  for_each_condition(unit, [&](ir::Condition& condition) {
    if (auto* ids = alternatives(condition)) condition = simplify(unit.matches, std::move(*ids));
  });
  const auto last = std::ranges::find_if(unit.routes, [](const ir::Route& route) {
    return std::holds_alternative<ir::Always>(route.when);
  });
  unit.routes.erase(last + 1, unit.routes.end());
  return unit;
}

}  // namespace smic::passes
