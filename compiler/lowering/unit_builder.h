// SPDX-License-Identifier: Apache-2.0
// A unit under construction: the tables that routes and allows point into, filled as they are
// named, so that a unit holds what it uses and nothing else. For the .cpp files of this folder
// only.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "compiler/lowering/lowering.h"

namespace smic::lowering {

class UnitBuilder {
 public:
  UnitBuilder(const model::Mesh& mesh, const model::Service& service, std::size_t port_index);

  // Equal matches of different groups become one (the first named gives it its line).
  ir::AnyOf any_of(const std::vector<model::MatchId>& matches);
  ir::SourceSetId sources(const std::vector<ir::Identity>& members);

  const model::Mesh& mesh() const { return mesh_; }
  const model::Service& service() const { return service_; }
  ir::Unit& unit() { return unit_; }

 private:
  ir::MatchId match(model::MatchId id);

  const model::Mesh& mesh_;
  const model::Service& service_;
  ir::Unit unit_;
  std::unordered_map<model::MatchId, ir::MatchId> by_id_;
  using Meaning =
      std::tuple<ir::MethodSet, std::optional<std::string>, std::vector<ir::HeaderTest>>;
  std::map<Meaning, ir::MatchId> by_meaning_;
  std::map<std::vector<ir::Identity>, ir::SourceSetId> by_members_;
};

// lower_routes.cpp: conditional splits, then an unconditional one or the plain root.
void lower_routes(model::ServiceId root, UnitBuilder& builder);

// What becomes of shares (D-20c), where some route has any; on every protocol, unlike other
// policies.
void lower_split_shares(UnitBuilder& builder);

// lower_access.cpp: what may be sent to whom, for the pods behind the unit's routes. Takes from
// `left` what it uses.
void lower_access(UnitBuilder& builder, Limits& left, Diagnostics& diagnostics);

// Every backend that the unit's routes can choose, with or without weight.
std::vector<ir::BackendRef> backends_of(const ir::Unit& unit);

}  // namespace smic::lowering
