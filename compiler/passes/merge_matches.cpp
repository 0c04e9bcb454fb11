// SPDX-License-Identifier: Apache-2.0
// Makes one of matches that ask the same.
//
//   match m0 = path ~ "/a"                match m0 = path ~ "/a"
//   match m1 = path ~ "/a"           =>   match m1 = path ~ "/a"        (now nobody's)
//   allow to x/y from s0 when m0          allow to x/y from s0 when m0
//   allow to x/y from s1 when m1          allow to x/y from s1 when m0
//
// Route groups are copied between teams, and every TrafficTarget brings its own reference to them.
// The match that stays is the first; canonicalize drops the others. Costs one look-up a match.
//
// Relies on simplify_matches for sorted headers. Tested by
// tests/unit/passes/merge_matches_test.cpp, differential/.
#include <map>
#include <tuple>

#include "compiler/passes/list.h"

namespace smic::passes {

ir::Unit merge_matches(ir::Unit unit) {
  const auto question = [](const ir::Match& match) {
    return std::tie(match.path, match.methods, match.headers);
  };
  std::map<decltype(question(unit.matches[0])), std::size_t> first;
  std::vector<ir::MatchId> stays_as;
  for (std::size_t i = 0; i < unit.matches.size(); ++i) {
    const std::size_t kept = first.emplace(question(unit.matches[i]), i).first->second;
    stays_as.push_back(ir::MatchId(kept));
    unit.matches[kept].origin = least(unit.matches[kept].origin, unit.matches[i].origin);
  }
  for_each_condition(unit, [&](ir::Condition& condition) {
    if (auto* ids = alternatives(condition)) {
      for (ir::MatchId& id : *ids) id = stays_as[id.value];
    }
  });
  return unit;
}

}  // namespace smic::passes
