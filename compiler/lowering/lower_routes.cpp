// SPDX-License-Identifier: Apache-2.0
// The routes of a unit: its root's splits in the order of D-20d, then the plain root Service.
//
//   TrafficSplit reviews-canary if Firefox    route r0 when m0 -> split { v1:80 = 9, v2:80 = 1 }
//   (no other split)                    =>    route r1 -> shop/reviews:80
//
// An unconditional split comes last in the model's order and takes everything, so it ends the list.
// On a port that does not carry HTTP there are no requests to match, and conditional splits do not
// apply (D-19). Backends take part by the root's port number, each port for itself (§2.6.7); a
// split with no backend left, or with weights of zero only, makes its requests unavailable (D-20b).
//
// Tested by tests/unit/lowering/routes_test.cpp and tests/golden/split-*.
#include <algorithm>

#include "base/overload.h"
#include "compiler/lowering/unit_builder.h"

namespace smic::lowering {
namespace {

using model::Split;

std::vector<ir::BackendRef> taking_part(const Split& split, const UnitBuilder& builder,
                                        const ir::Unit& unit) {
  std::vector<ir::BackendRef> backends;
  for (const model::Backend& backend : split.backends) {
    const model::Service& service = builder.mesh().services[backend.service.value];
    if (service.find_port(unit.port, unit.protocol)) {
      backends.push_back({service.ref, unit.port, backend.weight});
    }
  }
  return backends;
}

ir::Action action_of(std::vector<ir::BackendRef> backends) {
  const auto weighs = [](const ir::BackendRef& backend) { return backend.weight > 0; };
  if (std::ranges::any_of(backends, weighs)) return ir::Forward{std::move(backends)};
  return ir::Unavailable{std::move(backends)};
}

ir::Route lower_split(const Split& split, UnitBuilder& builder) {
  ir::Route route;
  if (split.conditional) route.when = builder.any_of(split.matches);
  route.action = action_of(taking_part(split, builder, builder.unit()));
  route.origin = split.origin;
  return route;
}

ir::Route plain_root(const UnitBuilder& builder, const ir::Unit& unit) {
  return {ir::Always{}, ir::Forward{{{unit.service, unit.port, 1}}}, builder.service().origin};
}

// Is there a backend whose share the others could take?
bool shares(const ir::Route& route) {
  const auto* forward = std::get_if<ir::Forward>(&route.action);
  const auto weighs = [](const ir::BackendRef& backend) { return backend.weight > 0; };
  return forward != nullptr && std::ranges::count_if(forward->backends, weighs) > 1;
}

}  // namespace

void lower_split_shares(UnitBuilder& builder) {
  ir::Unit& unit = builder.unit();
  unit.policy.split_shares.reset();
  const ir::RoutePolicy& wanted = builder.service().policy;
  if (wanted.strict_shares() && std::ranges::any_of(unit.routes, shares)) {
    unit.policy.split_shares = wanted.split_shares;
  }
}

void lower_routes(model::ServiceId root, UnitBuilder& builder) {
  ir::Unit& unit = builder.unit();
  for (const Split& split :
       std::ranges::equal_range(builder.mesh().splits, root, {}, &Split::root)) {
    if (split.conditional && unit.protocol != ir::Protocol::http) continue;
    unit.routes.push_back(lower_split(split, builder));
    if (!split.conditional) return;
  }
  unit.routes.push_back(plain_root(builder, unit));
}

std::vector<ir::BackendRef> backends_of(const ir::Unit& unit) {
  std::vector<ir::BackendRef> all;
  const auto add = [&](const auto& action) {
    all.insert(all.end(), action.backends.begin(), action.backends.end());
  };
  for (const ir::Route& route : unit.routes) std::visit(add, route.action);
  return all;
}

}  // namespace smic::lowering
