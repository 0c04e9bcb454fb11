// SPDX-License-Identifier: Apache-2.0
#include "compiler/lowering/unit_builder.h"

#include <unordered_set>

namespace smic::lowering {

UnitBuilder::UnitBuilder(const model::Mesh& mesh, const model::Service& service,
                         std::size_t port_index)
    : mesh_(mesh), service_(service) {
  unit_.service = service.ref;
  unit_.port = service.ports[port_index].port;
  unit_.protocol = service.ports[port_index].protocol;
  unit_.access = service.access;
  if (unit_.protocol == ir::Protocol::http) {
    unit_.policy = service.policy;
  } else if (unit_.protocol == ir::Protocol::tcp) {
    unit_.policy.idle_timeout = service.policy.idle_timeout;
  }
}

ir::AnyOf UnitBuilder::any_of(const std::vector<model::MatchId>& matches) {
  ir::AnyOf any;
  std::unordered_set<ir::MatchId> named;
  for (const model::MatchId id : matches) {
    const ir::MatchId own = match(id);
    if (named.insert(own).second) any.matches.push_back(own);
  }
  return any;
}

ir::MatchId UnitBuilder::match(model::MatchId id) {
  const auto [known, is_new] = by_id_.try_emplace(id);
  if (!is_new) return known->second;
  const ir::Match& match = mesh_.matches[id.value];
  const auto [equal, is_first] = by_meaning_.try_emplace(
      Meaning(match.methods, match.path, match.headers), ir::MatchId(unit_.matches.size()));
  if (is_first) unit_.matches.push_back(match);
  known->second = equal->second;
  return known->second;
}

ir::SourceSetId UnitBuilder::sources(const std::vector<ir::Identity>& members) {
  const auto [known, is_new] =
      by_members_.try_emplace(members, ir::SourceSetId(unit_.sources.size()));
  if (is_new) unit_.sources.push_back({{members.begin(), members.end()}});
  return known->second;
}

}  // namespace smic::lowering
