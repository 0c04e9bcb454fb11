// SPDX-License-Identifier: Apache-2.0
// The .smir sources among the input: units that need no resources. For compile.cpp only.
#pragma once

#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/ir/ir.h"

namespace smic {

// Units whose every pattern passed automata::check_alone, as lowering's have; others are reported
// and left out.
std::vector<ir::Unit> read_units(const Sources& sources, Diagnostics& diagnostics);

}  // namespace smic
