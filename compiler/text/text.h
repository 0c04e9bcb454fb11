// SPDX-License-Identifier: Apache-2.0
// The text form of the rule IR read back: print(parse(print(u))) == print(u), and parse(print(u)) == u.
// ANTLR's door: no type or exception of it leaves read_rule_ir.cpp; depth, size and error count are
// bounded there. Mistakes are diagnostics E52 (syntax) and E53 (a unit that verify() refuses).
#pragma once

#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/ir/ir.h"

namespace smic::text {

std::vector<ir::Unit> parse(const Sources& sources, SourceId source, Diagnostics& diagnostics);

}  // namespace smic::text
