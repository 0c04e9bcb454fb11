// SPDX-License-Identifier: Apache-2.0
// Units from .smir text in a test, and what units print without the origins that tests of meaning
// do not care about.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/ir/ir.h"

namespace smic::test {

// What reading a text gives, mistakes and all.
struct Reading {
  explicit Reading(std::string text);

  Sources sources;
  SourceId id;
  Diagnostics diagnostics;
  std::vector<ir::Unit> units;
};

// A mistake in the text is a failed test that shows the diagnostics.
std::vector<ir::Unit> read_units(std::string_view text);
ir::Unit read_unit(std::string_view text);

std::string print_without_origins(const ir::Unit& unit);

}  // namespace smic::test
