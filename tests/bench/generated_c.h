// SPDX-License-Identifier: Apache-2.0
// The route table of a bench as the C that a person would write for it, or a generator without
// automata: a function per rule that compares and loops, and one that asks them all.
#pragma once

#include <string>

#include "compiler/ir/ir.h"

namespace smic::bench {

// For units of route_table() only; their headers are compared by strstr, as their patterns mean.
std::string generated_c(const ir::Unit& table);

// Compiles it with clang -O2 to an object; CPU milliseconds of the compiler.
double compile_with_clang(const std::string& source);

}  // namespace smic::bench
