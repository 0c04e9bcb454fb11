// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "compiler/lowering/unit_builder.h"

namespace smic::lowering {

std::vector<ir::Unit> lower(const model::Mesh& mesh, Diagnostics& diagnostics, Limits limits) {
  std::vector<ir::Unit> units;
  for (std::size_t i = 0; i < mesh.services.size(); ++i) {
    const model::Service& service = mesh.services[i];
    if (!service.meshed) continue;
    for (std::size_t port = 0; port < service.ports.size(); ++port) {
      UnitBuilder builder(mesh, service, port);
      lower_routes(model::ServiceId(i), builder);
      lower_access(builder, limits, diagnostics);
      SMIC_CHECK(ir::verify(builder.unit()), "lowering made a unit that is not well formed");
      units.push_back(std::move(builder.unit()));
    }
  }
  return units;
}

}  // namespace smic::lowering
