// SPDX-License-Identifier: Apache-2.0
// Manifests to the text of their raw units, without origins.
#pragma once

#include <string>

#include "compiler/lowering/lowering.h"
#include "tests/support/expect_diagnostic.h"
#include "tests/support/manifests.h"
#include "tests/support/read_units.h"

namespace smic::test {

struct Lowered {
  explicit Lowered(const std::string& yaml, const model::Options& options = {})
      : diagnostics(add(yaml)),
        mesh(model::resolve(resources::decode(sources, diagnostics), options, diagnostics)),
        units(lowering::lower(mesh, diagnostics)) {}

  // The text of one unit, such as "shop/web:80".
  std::string unit(const std::string& name) const {
    for (const ir::Unit& unit : units) {
      if (ir::to_string(unit.service) + ":" + std::to_string(unit.port) == name) {
        return print_without_origins(unit);
      }
    }
    return "no unit " + name;
  }

  Sources sources;
  Diagnostics diagnostics;
  model::Mesh mesh;
  std::vector<ir::Unit> units;

 private:
  const Sources& add(const std::string& yaml) {
    sources.add("mesh.yaml", yaml);
    return sources;
  }
};

}  // namespace smic::test
