// SPDX-License-Identifier: Apache-2.0
// Model in, one raw unit per (meshed service, port) out, sorted by service and port. Only what can
// concern a unit goes into it: splits on its root that take part on its port, and accesses to
// identities found behind the services its routes can reach.
//
// INVARIANT: leaving anything out here can only make a unit stricter; an access is never widened.
#pragma once

#include <set>
#include <vector>

#include "compiler/ir/ir.h"
#include "compiler/model/model.h"

namespace smic::lowering {

// How many conditions (an allow, and each match it names) all units may have together. Ten thousand
// Services whose pods share one service account multiply its rules by ten thousand.
struct Limits {
  std::size_t conditions = 20'000'000;
};

// Every unit of the result passes ir::verify. W55 where a unit is cut at
// contract::kMaxDestinations, W57 where the limit cuts it.
std::vector<ir::Unit> lower(const model::Mesh& mesh, Diagnostics& diagnostics, Limits limits = {});

// Of these services only; those that are not in the mesh have none.
std::vector<ir::Unit> lower_some(const model::Mesh& mesh, const std::set<ir::ServiceRef>& services,
                                 Diagnostics& diagnostics, Limits limits = {});

}  // namespace smic::lowering
