// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "compiler/lowering/unit_builder.h"

namespace smic::lowering {
namespace {

void lower_service(const model::Mesh& mesh, model::ServiceId id, Limits& left,
                   Diagnostics& diagnostics, std::vector<ir::Unit>& units) {
  const model::Service& service = mesh.services[id.value];
  if (!service.meshed) return;
  for (std::size_t port = 0; port < service.ports.size(); ++port) {
    UnitBuilder builder(mesh, service, port);
    lower_routes(id, builder);
    lower_split_shares(builder);
    lower_access(builder, left, diagnostics);
    SMIC_CHECK(ir::verify(builder.unit()), "lowering made a unit that is not well formed");
    units.push_back(std::move(builder.unit()));
  }
}

}  // namespace

std::vector<ir::Unit> lower(const model::Mesh& mesh, Diagnostics& diagnostics, Limits limits) {
  std::vector<ir::Unit> units;
  for (std::size_t i = 0; i < mesh.services.size(); ++i) {
    lower_service(mesh, model::ServiceId(i), limits, diagnostics, units);
  }
  return units;
}

std::vector<ir::Unit> lower_some(const model::Mesh& mesh, const std::set<ir::ServiceRef>& services,
                                 Diagnostics& diagnostics, Limits limits) {
  std::vector<ir::Unit> units;
  for (const ir::ServiceRef& ref : services) {
    const model::Service* service = mesh.find(ref);
    if (service == nullptr) continue;
    const auto index = static_cast<std::size_t>(service - mesh.services.data());
    lower_service(mesh, model::ServiceId(index), limits, diagnostics, units);
  }
  return units;
}

}  // namespace smic::lowering
