// SPDX-License-Identifier: Apache-2.0
// Makes one of allows that open the same destination to different callers in the same way.
//
//   source s0 = { x/a }                   source s2 = { x/a, x/b }
//   source s1 = { x/b }
//   allow to x/y from s0 when m0     =>   allow to x/y from s2 when m0
//   allow to x/y from s1 when m0
//
// A TrafficTarget per caller is how many write access. After this there are as few source sets as
// there are different rights, and so as few rows as possible in the decision's table of
// (row, source class). The old sets stay until canonicalize drops what nobody names.
//
// Relies on simplify_conditions for sorted alternatives. Tested by
// tests/unit/passes/unite_sources_test.cpp, differential/.
#include <map>
#include <utility>

#include "compiler/passes/list.h"

namespace smic::passes {

ir::Unit unite_sources(ir::Unit unit) {
  std::map<std::pair<ir::Destinations, ir::Condition>, std::size_t> seen;
  std::map<std::size_t, ir::SourceSet> united;  // by index into `kept`
  std::vector<ir::Allow> kept;
  for (ir::Allow& allow : unit.allows) {
    const auto* from = std::get_if<ir::SourceSetId>(&allow.from);
    const auto [found, fresh] = from ? seen.emplace(std::pair(allow.to, allow.when), kept.size())
                                     : std::pair(seen.end(), true);
    if (fresh) {
      kept.push_back(std::move(allow));
      continue;
    }
    ir::Allow& first = kept[found->second];
    ir::SourceSet& set =
        united.emplace(found->second, unit.sources[std::get<ir::SourceSetId>(first.from).value])
            .first->second;
    const ir::SourceSet& more = unit.sources[from->value];
    set.members.insert(more.members.begin(), more.members.end());
    first.origin = least(first.origin, allow.origin);
  }
  for (auto& [index, set] : united) {
    kept[index].from = ir::SourceSetId(unit.sources.size());
    unit.sources.push_back(std::move(set));
  }
  unit.allows = std::move(kept);
  return unit;
}

}  // namespace smic::passes
