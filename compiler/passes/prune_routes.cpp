// SPDX-License-Identifier: Apache-2.0
// Removes routes that no request can reach, and alternatives of a route that an earlier one takes.
//
//   route r0 when m0 -> x/a:80            route r0 when m0 -> x/a:80
//   route r1 when m0 or m1 -> x/b:80  =>  route r1 when m1 -> x/b:80
//   route r2 when m1 -> x/c:80            route r2 -> x/d:80
//   route r3 -> x/d:80
//
// The first route whose condition holds wins (D-20d), so a later one only ever sees requests that
// no earlier condition took. Two conditional splits on one root that name the same route group are
// how people make such routes; the model warns, we spare the automata.
//
// Cost: n log n in the alternatives of all routes. Relies on simplify_conditions for Never.
// Tested by tests/unit/passes/prune_routes_test.cpp, differential/.
#include <algorithm>

#include "compiler/passes/implication.h"
#include "compiler/passes/list.h"

namespace smic::passes {
namespace {

// Narrows a condition to what was not taken before, and takes the rest.
void narrow(ir::Condition& condition, const std::vector<ir::Match>& matches, MatchUnion& taken) {
  auto* ids = alternatives(condition);
  if (!ids) return;
  std::erase_if(*ids, [&](ir::MatchId id) { return taken.covers(matches[id.value]); });
  for (ir::MatchId id : *ids) taken.add(matches[id.value]);
  if (ids->empty()) condition = ir::Never{};
}

}  // namespace

ir::Unit prune_routes(ir::Unit unit) {
  MatchUnion taken;
  for (ir::Route& route : unit.routes) narrow(route.when, unit.matches, taken);
  std::erase_if(unit.routes, [](const ir::Route& route) {
    return std::holds_alternative<ir::Never>(route.when);
  });
  return unit;
}

}  // namespace smic::passes
